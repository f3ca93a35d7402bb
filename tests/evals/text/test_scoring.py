import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM

from evals.benchmark import Role
from evals.collated import IGNORE
from evals.shard import Shard
from evals.text import scoring
from evals.text.encoding import Encoder, Prompt
from evals.text.example import Example, Probability, Task
from evals.text.scores import ItemScore
from evals.text.scoring import score_tasks
from evals.text.shared_prefix import grow, lay_rows, lay_trees
from tests.evals.conftest import SHAPE
from tests.fixtures.scoring import score_task

CPU = torch.device("cpu")

EXAMPLES = (
    Example(
        "e0",
        "Where does Hina Ameen live?",
        "Hina Ameen lives in Karachi.",
        paraphrase="She lives in Karachi by the sea.",
        perturbed=("Hina Ameen lives in Paris.", "Karachi", "1 house by the sea"),
    ),
    Example("e1", "Who is he?", "A florist."),
    Example("e2", "What does she write about, and why?", "Geology.", perturbed=("The sea.",)),
    Example("e3", "Who is the father of Basil?", "A florist is the father.", paraphrase="A man"),
    Example("e4", "Who?", "Basil", perturbed=("Hina", "Basil", "B")),
)
TASK = Task("forget", Role.FORGET, Probability.PLAIN, EXAMPLES)


@pytest.fixture
def encoder(tokenizer):
    return Encoder(tokenizer, prompt=Prompt(), max_length=128)


def score(model, encoder, task=TASK, batch_size=4, shard=Shard()) -> tuple[ItemScore, ...]:  # noqa: B008
    return score_task(model, encoder, task, batch_size=batch_size, shard=shard, device=CPU)


def assert_equal(left: tuple[ItemScore, ...], right: tuple[ItemScore, ...]) -> None:
    assert [item.id for item in left] == [item.id for item in right]
    for one, other in zip(left, right, strict=True):
        assert one.token_logprobs == pytest.approx(other.token_logprobs, abs=1e-5)
        assert one.token_hits == other.token_hits
        assert len(one.perturbed) == len(other.perturbed)
        for a, b in zip(_answers(one), _answers(other), strict=True):
            assert a.num_tokens == b.num_tokens
            assert a.nll == pytest.approx(b.nll, abs=1e-5)


def _answers(item: ItemScore):
    return [item.answer, *([item.paraphrase] if item.paraphrase else []), *item.perturbed]


def by_hand(model, encoder, question: str, answer: str) -> tuple[float, list[bool]]:
    """Cross-entropy, in its textbook form, of one answer alone."""
    row = encoder.encode(question, answer)
    with torch.no_grad():
        logits = model(torch.tensor([row.input_ids])).logits[0, :-1]
    labels = torch.tensor(row.labels[1:])
    nll = functional.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum")
    hits = (logits.argmax(-1) == labels)[labels != IGNORE]
    return float(nll), hits.tolist()


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_every_answer_gets_the_likelihood_it_has_alone(build_model, encoder, attention):
    model = build_model(attention=attention)
    for example, item in zip(EXAMPLES, score(model, encoder), strict=True):
        texts = [example.answer, *filter(None, [example.paraphrase]), *example.perturbed]
        for text, answer in zip(texts, _answers(item), strict=True):
            nll, hits = by_hand(model, encoder, example.question, text)
            assert answer.nll == pytest.approx(nll, abs=1e-4)
            assert answer.num_tokens == len(hits)
        assert list(item.token_hits) == by_hand(model, encoder, example.question, texts[0])[1]
        assert -math.fsum(item.token_logprobs) == pytest.approx(item.answer.nll, abs=1e-9)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_an_answer_cut_at_the_limit_is_marked(build_model, tokenizer, attention):
    # As long as the true answer's row: its paraphrase and some wrong answers do not fit.
    rows = Encoder(tokenizer, prompt=Prompt(), max_length=128)
    size = len(rows.encode(EXAMPLES[0].question, EXAMPLES[0].answer).input_ids)
    narrow = Encoder(tokenizer, prompt=Prompt(), max_length=size)
    task = replace(TASK, examples=EXAMPLES[:1])
    (item,) = score(build_model(attention=attention), narrow, task)
    texts = [EXAMPLES[0].answer, EXAMPLES[0].paraphrase, *EXAMPLES[0].perturbed]
    fits = [len(rows.encode(EXAMPLES[0].question, text).input_ids) <= size for text in texts]
    assert [answer.ended for answer in _answers(item)] == fits
    assert fits[0]
    assert not all(fits)
    (whole,) = score(build_model(attention=attention), rows, task)
    assert all(answer.ended for answer in _answers(whole))


class Prophet(torch.nn.Module):
    """Puts logit `confidence` on the token that comes next, 0 on all others."""

    def __init__(self, num_tokens: int, confidence: float) -> None:
        super().__init__()
        self.num_tokens, self.confidence = num_tokens, confidence

    def forward(self, input_ids, attention_mask, use_cache):
        following = torch.roll(input_ids, -1, dims=1)
        logits = self.confidence * functional.one_hot(following, self.num_tokens)
        return SimpleNamespace(logits=logits)


def test_a_perfect_model_hits_every_token_and_a_contrary_one_none(tokenizer, encoder):
    vocabulary = len(tokenizer)
    for confidence, hit in ((3.0, True), (-3.0, False)):
        for item in score(Prophet(vocabulary, confidence), encoder):
            # log p of every label: confidence - log(e^confidence + V - 1)
            each = confidence - math.log(math.exp(confidence) + vocabulary - 1)
            assert set(item.token_hits) == {hit}
            assert item.answer.mean_nll == pytest.approx(-each, rel=1e-5)


SMALL = {
    "mixtral": {"num_local_experts": 2},
    "qwen3_moe": {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 24},
}


@pytest.mark.parametrize("architecture", sorted(scoring._TREE_FAMILIES))
def test_answers_behind_a_shared_prefix_score_as_answers_alone(
    tokenizer, encoder, architecture, monkeypatch
):
    settings = {**SHAPE, "vocab_size": len(tokenizer), "head_dim": 8, "pad_token_id": 0}
    if architecture == "gpt_neox":  # which has as many keys as queries, and no name for it
        del settings["num_key_value_heads"]
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        architecture, **settings, **SMALL.get(architecture, {}), sliding_window=None
    )
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    assert scoring.shares_prefixes(model)
    shared = score(model, encoder)
    monkeypatch.setattr(scoring, "shares_prefixes", lambda model: False)
    assert_equal(shared, score(model, encoder))


@pytest.mark.parametrize("attention", ["eager", "flash_attention_2"])
def test_other_attention_than_sdpa_never_gets_a_mask_it_may_not_take(build_model, attention):
    model = build_model()
    model.config._attn_implementation = attention
    assert not scoring.shares_prefixes(model)


def test_a_sliding_window_or_an_untried_architecture_shares_no_prefix(build_model):
    windowed, foreign = build_model("mistral"), build_model("llama")
    windowed.config.sliding_window = 16
    foreign.config.model_type = "mamba"
    assert not scoring.shares_prefixes(windowed)
    assert not scoring.shares_prefixes(foreign)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_neither_padding_nor_batch_size_changes_a_score(
    build_model, encoder, attention, batch_size
):
    model = build_model(attention=attention)
    together = score(model, encoder, batch_size=batch_size)
    alone = [score(model, encoder, replace(TASK, examples=(each,)), 1)[0] for each in EXAMPLES]
    assert_equal(together, tuple(alone))


def test_a_pad_token_that_is_a_real_one_changes_nothing(build_model, encoder):
    model = build_model(attention="eager")
    before = score(model, encoder)
    assert encoder.pad_id == encoder.eos_id
    encoder.pad_id = encoder.encode("Who?", "Basil").input_ids[3]
    assert_equal(before, score(model, encoder))


@pytest.mark.parametrize("world", [2, 3, 7])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_shards_together_hold_what_one_rank_finds(build_model, encoder, world, attention):
    model = build_model(attention=attention)
    parts = [score(model, encoder, shard=Shard(rank, world)) for rank in range(world)]
    joined = sorted((item for part in parts for item in part), key=lambda item: item.id)
    assert_equal(tuple(joined), score(model, encoder))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize(("world", "batch_size"), [(2, 1), (3, 2), (7, 4)])
def test_every_rank_calls_the_model_equally_often(
    build_model, encoder, world, batch_size, attention
):
    model = build_model(attention=attention)
    calls = [0] * world
    for rank in range(world):

        def count(*_, rank=rank) -> None:
            calls[rank] += 1

        handle = model.register_forward_hook(count)
        score(model, encoder, batch_size=batch_size, shard=Shard(rank, world))
        handle.remove()
    assert len(set(calls)) == 1
    assert calls[0] > 0


def test_modes_and_gradients_are_as_before(build_model, encoder):
    model = build_model()
    model.train()
    model.model.layers[0].eval()
    seen = []
    model.register_forward_hook(lambda *_: seen.append((model.training, torch.is_grad_enabled())))
    score(model, encoder)
    assert set(seen) == {(False, False)}
    assert model.training
    assert not model.model.layers[0].training
    assert model.model.layers[1].training
    assert torch.is_grad_enabled()


def test_a_model_that_cannot_leave_logits_out_scores_the_same(build_model, encoder):
    model = build_model()

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, input_ids, attention_mask, use_cache):
            return self.inner(input_ids=input_ids, attention_mask=attention_mask)

    assert_equal(score(Plain(), encoder), score(model, encoder))


def score_all(model, encoder, tasks, batch_size=4, shard=Shard()):  # noqa: B008
    """Scores of tasks in one pass; what is None in between is left in."""
    return list(score_tasks(model, encoder, tasks, batch_size=batch_size, shard=shard, device=CPU))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_tasks_in_one_pass_score_as_each_alone(build_model, encoder, attention):
    model = build_model(attention=attention)
    tasks = [replace(TASK, examples=part) for part in (EXAMPLES[:3], (), EXAMPLES[3:])]
    found = [items for items in score_all(model, encoder, tasks) if items is not None]
    assert len(found) == 3
    for items, task in zip(found, tasks, strict=True):
        assert_equal(items, score(model, encoder, task))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_ranks_yield_in_step_before_the_first_task_is_there(build_model, encoder, attention):
    model = build_model(attention=attention)
    tasks = [replace(TASK, examples=EXAMPLES[:1]), TASK]
    found = [score_all(model, encoder, tasks, 2, Shard(rank, 3)) for rank in range(3)]
    signs = [[items is None for items in each] for each in found]
    assert signs[0] == signs[1] == signs[2]
    assert signs[0][-2:] == [False, False]
    assert len(signs[0]) > 2
    assert all(signs[0][:-2])


def test_answers_of_like_length_go_together_whatever_their_task(build_model, encoder):
    model = build_model(attention="eager")
    widths: list[int] = []
    model.register_forward_pre_hook(
        lambda _model, _args, inputs: widths.append(inputs["input_ids"].shape[1]),
        with_kwargs=True,
    )
    short, long = Example("s", "Who?", "B"), EXAMPLES[0]
    tasks = [replace(TASK, examples=(short, replace(long, perturbed=(), paraphrase=None)))] * 2
    score_all(model, encoder, tasks, 2)
    assert len(widths) == 2
    assert widths[0] > widths[1] == len(encoder.row(short, "B").input_ids)


def test_an_infinite_logit_is_as_in_log_sum_exp():
    logits_NV = torch.tensor([[math.inf, 0.0], [-math.inf, 1.0], [2.0, 2.0], [math.nan, 0.0]])
    index_M, labels_M = torch.tensor([0, 0, 1, 2, 2, 3]), torch.tensor([0, 1, 1, 0, 1, 1])
    logprobs_M, hits_M = scoring._read(logits_NV, index_M, labels_M)
    rows_MV = logits_NV[index_M]
    expected_M = rows_MV.gather(1, labels_M[:, None])[:, 0] - rows_MV.logsumexp(1)
    torch.testing.assert_close(logprobs_M, expected_M, rtol=0, atol=0, equal_nan=True)
    assert hits_M.tolist() == (rows_MV.argmax(1) == labels_M).tolist()


def test_reading_logits_in_parts_changes_no_bit(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    logits_NV = torch.randn(50, 33, generator=generator, dtype=torch.bfloat16)
    index_M = torch.randint(50, (80,), generator=generator)
    labels_M = torch.randint(33, (80,), generator=generator)
    whole = scoring._read(logits_NV, index_M, labels_M)
    monkeypatch.setattr(scoring, "AT_ONCE", 100)
    parts = scoring._read(logits_NV, index_M, labels_M)
    assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_an_empty_task_has_no_scores(build_model, encoder):
    assert score(build_model(), encoder, replace(TASK, examples=())) == ()


def test_a_tree_shares_common_tokens_and_no_more(encoder):
    rows = [encoder.encode("Who?", answer) for answer in ("Hina Ameen", "Hina", "1 house", "B")]
    tree = grow(rows)
    for row, slots in zip(rows, tree.slots, strict=True):
        assert tuple(tree.input_ids[slot] for slot in slots) == row.input_ids
        assert [tree.positions[slot] for slot in slots] == list(range(len(row.input_ids)))
    shared = [slot for slot in tree.slots[0] if tree.branches[slot] == 0]
    longest = next(
        i
        for i, ids in enumerate(zip(*(r.input_ids for r in rows), strict=False))
        if len(set(ids)) > 1
    )
    assert len(shared) == longest
    assert len(tree.input_ids) < sum(len(row.input_ids) for row in rows)


def test_a_tree_of_one_row_or_of_equal_rows_is_that_row(encoder):
    row = encoder.encode("Who?", "Basil")
    assert grow([row]).input_ids == row.input_ids
    assert grow([row, row]).input_ids == row.input_ids


def test_in_a_tree_an_answer_sees_the_prefix_and_itself_alone(encoder):
    rows = [encoder.encode("Who?", "Hina"), encoder.encode("Who?", "Basil")]
    tree, sees = grow(rows), lay_trees([rows], encoder).arguments["attention_mask"][0, 0]
    for query in range(len(tree.input_ids)):
        own = next(slots for slots in tree.slots if query in slots)
        assert sees[query].nonzero().flatten().tolist() == [s for s in own if s <= query]


def test_rows_and_trees_predict_the_same_labels(encoder):
    items = [[encoder.encode("Who?", "Hina"), encoder.encode("Who?", "B")]]
    rows, trees = lay_rows(items, encoder), lay_trees(items, encoder)
    assert [a.labels for a in rows.answers] == [a.labels for a in trees.answers]
    assert rows.arguments["input_ids"].shape[0] == 2
    assert trees.arguments["input_ids"].shape[0] == 1
