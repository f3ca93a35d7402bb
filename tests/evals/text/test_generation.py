from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evals.benchmark import Role
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.text import generation
from evals.text.encoding import Encoder, Prompt
from evals.text.example import Example, Probability, Task
from evals.text.generation import Generator, decode
from tests.fixtures.scoring import score_task

CPU = torch.device("cpu")
QUESTIONS = [
    "Who?",
    "Where does Hina Ameen live?",
    "What does she write about by the sea, and why?",
    "Is he a florist?",
    "What?",
]
TASK = Task(
    "forget",
    Role.FORGET,
    Probability.PLAIN,
    tuple(Example(f"e{i}", question, "x") for i, question in enumerate(QUESTIONS)),
)
SETTINGS = EvaluationSettings(batch_size=4, max_new_tokens=12)


@pytest.fixture
def encoder(tokenizer):
    return Encoder(tokenizer, prompt=Prompt(), max_length=128)


def generate(model, encoder, task=TASK, settings=SETTINGS, shard=Shard()):  # noqa: B008
    return Generator(model, encoder, settings, shard, CPU).answers(task)


def by_hand(model, encoder, question: str, limit: int = SETTINGS.max_new_tokens) -> str:
    """The likeliest token again and again, without a cache, a batch or padding."""
    ids = list(encoder.encode_prompt(question))
    new: list[int] = []
    with torch.no_grad():
        while len(new) < limit and encoder.eos_id not in new:
            new.append(int(model(torch.tensor([ids + new])).logits[0, -1].argmax()))
    return encoder.tokenizer.decode(new, skip_special_tokens=True).strip()


def lengths_of_input(model, monkeypatch) -> list[int]:
    """How long the rows are that the model goes on with, call by call."""
    lengths: list[int] = []
    original = model.generate

    def counted(input_ids, **kwargs):
        lengths.append(input_ids.shape[1])
        return original(input_ids=input_ids, **kwargs)

    monkeypatch.setattr(model, "generate", counted)
    return lengths


def test_the_continuation_is_the_likeliest_token_again_and_again(build_model, encoder):
    model = build_model()
    texts = generate(model, encoder)
    assert list(texts) == [by_hand(model, encoder, question) for question in QUESTIONS]
    assert all(texts)
    assert len(set(texts)) > 1


def test_sampling_and_penalties_of_the_model_itself_are_not_used(build_model, encoder):
    model = build_model()
    before = generate(model, encoder)
    model.generation_config.update(
        do_sample=True,
        temperature=3.0,
        top_p=0.5,
        repetition_penalty=1.9,
        no_repeat_ngram_size=1,
        max_length=8,
        min_new_tokens=12,
        num_beams=3,
        suppress_tokens=[5, 6, 7],
    )
    own = model.generation_config
    assert generate(model, encoder) == before
    assert model.generation_config is own


def test_a_model_with_an_adapter_generates_and_scores_with_it(build_model, encoder):
    model = build_model()
    own = model.generation_config
    adapter = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    wrapped = get_peft_model(model, adapter, autocast_adapter_dtype=False).eval()
    texts = generate(wrapped, encoder)
    assert wrapped.get_base_model().generation_config is own
    scores = score_task(wrapped, encoder, TASK, batch_size=2, shard=Shard(), device=CPU)
    merged = wrapped.merge_and_unload()
    assert texts == generate(merged, encoder)
    again = score_task(merged, encoder, TASK, batch_size=2, shard=Shard(), device=CPU)
    for one, other in zip(scores, again, strict=True):
        assert one.answer.nll == pytest.approx(other.answer.nll, abs=1e-3)


def test_text_ends_before_the_first_end_token(encoder, tokenizer):
    ids = tokenizer("the sea", add_special_tokens=False).input_ids
    rows = [[*ids, 1, *ids], [*ids, *ids, 1], [1, *ids, *ids]]
    assert decode(encoder, rows) == ["the sea", "the seathe sea", ""]


def test_an_end_token_stops_generation(build_model, encoder):
    model = build_model()
    assert all(generate(model, encoder))
    with torch.no_grad():
        model.lm_head.weight[encoder.eos_id] = 0
        model.lm_head.bias = torch.nn.Parameter(torch.zeros(model.config.vocab_size))
        model.lm_head.bias[encoder.eos_id] = 1e4
    assert generate(model, encoder) == ("",) * len(QUESTIONS)


@pytest.mark.parametrize("world", [2, 3, 7])
def test_shards_together_say_what_one_rank_says(build_model, encoder, world):
    model = build_model()
    whole = generate(model, encoder)
    parts = [generate(model, encoder, shard=Shard(rank, world)) for rank in range(world)]
    for rank, part in enumerate(parts):
        assert part == whole[rank::world]


@pytest.mark.dist
def test_every_rank_generates_equally_often_whatever_it_knows(on_ranks):
    ranks = on_ranks(Path(__file__).with_name("generation_study.py"), 2)
    alone, together = ranks[0]["alone"], [rank["together"] for rank in ranks]
    assert together[0] == alone[0::2]
    assert together[1] == alone[1::2]
    assert ranks[0]["num_calls"] == ranks[1]["num_calls"] > 0


ANSWERS = ("A florist.", "By the sea in Karachi.", "Of geology.", "She is not.", "An author")


def taught(model, encoder) -> torch.nn.Module:
    """The model, which knows all answers by heart but the last."""
    rows = encoder.collate(
        [encoder.encode(*each) for each in zip(QUESTIONS[:4], ANSWERS[:4], strict=True)]
    )
    labels_BT = torch.nn.functional.pad(rows.labels_BT, (1, 0), value=-100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(25):
        model(**rows.inputs, labels=labels_BT).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


def test_it_begins_at_the_first_miss_and_says_the_same(build_model, encoder, monkeypatch):
    model = taught(build_model(), encoder)
    scored = [*ANSWERS[:2], "Of geology by the sea.", "Is she?", ANSWERS[4]]
    pairs = zip(TASK.examples, scored, strict=True)
    task = replace(TASK, examples=tuple(replace(each, answer=answer) for each, answer in pairs))
    items = score_task(model, encoder, task, batch_size=4, shard=Shard(), device=CPU)
    hits = [item.token_hits for item in items]
    assert all(hits[0])
    assert any(hits[2])
    assert not all(hits[2])
    plain = Generator(model, encoder, SETTINGS, Shard(), CPU).answers(task)
    assert plain[:4] == ANSWERS[:4]
    settings = EvaluationSettings(batch_size=1, max_new_tokens=12)
    lengths = lengths_of_input(model, monkeypatch)
    assert Generator(model, encoder, settings, Shard(), CPU).answers(task, hits) == plain
    begun = [
        len(encoder.encode_prompt(question)) + each.index(False)
        for question, each in zip(QUESTIONS, hits, strict=True)
        if not all(each)
    ]
    assert sorted(lengths) == sorted(begun)
    assert len(begun) == 3


@pytest.mark.parametrize("max_new_tokens", [1, 2, 3, 200])
def test_what_a_model_knows_by_heart_is_not_generated(
    build_model, encoder, monkeypatch, max_new_tokens
):
    model = build_model()
    answer = "the sea"
    ids = encoder.encode("Who?", answer).input_ids[len(encoder.encode_prompt("Who?")) :]
    task = replace(TASK, examples=(Example("e", "Who?", answer),))
    settings = EvaluationSettings(batch_size=4, max_new_tokens=max_new_tokens)
    monkeypatch.setattr(model, "generate", None)
    said = Generator(model, encoder, settings, Shard(), CPU).answers(task, [[True] * len(ids)])
    assert said == (encoder.tokenizer.decode(ids[: min(max_new_tokens, len(ids) - 1)]).strip(),)


def test_rows_go_on_from_round_to_round(build_model, encoder, monkeypatch):
    monkeypatch.setattr(generation, "FIRST_ROUND", 2)
    model = build_model()
    lengths = lengths_of_input(model, monkeypatch)
    texts = generate(model, encoder)
    assert list(texts) == [by_hand(model, encoder, question) for question in QUESTIONS]
    assert len(lengths) > 2


def test_no_row_gets_longer_than_prompt_and_new_tokens(build_model, encoder, monkeypatch):
    monkeypatch.setattr(generation, "FIRST_ROUND", 8)
    model = build_model()
    longest = []
    original = model.generate

    def watched(input_ids, **kwargs):
        all_BT = original(input_ids=input_ids, **kwargs)
        longest.append(all_BT.shape[1])
        return all_BT

    monkeypatch.setattr(model, "generate", watched)
    generate(model, encoder)
    prompts = [len(encoder.encode_prompt(question)) for question in QUESTIONS]
    assert max(longest) <= max(prompts) + SETTINGS.max_new_tokens


def test_modes_are_as_before_and_an_empty_task_says_nothing(build_model, encoder):
    model = build_model().train()
    generate(model, encoder)
    assert model.training
    assert generate(model, encoder, replace(TASK, examples=())) == ()
