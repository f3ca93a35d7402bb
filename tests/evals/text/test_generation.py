from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evals.benchmark import Role
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.text.encoding import Encoder, Prompt
from evals.text.example import Example, Probability, Task
from evals.text.generation import decode, generate_task
from evals.text.scoring import score_task

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
    return generate_task(model, encoder, task, settings=settings, shard=shard, device=CPU)


def by_hand(model, encoder, question: str, limit: int = SETTINGS.max_new_tokens) -> str:
    """The likeliest token again and again, without a cache, a batch or padding."""
    ids = list(encoder.encode_prompt(question))
    new: list[int] = []
    with torch.no_grad():
        while len(new) < limit and encoder.eos_id not in new:
            new.append(int(model(torch.tensor([ids + new])).logits[0, -1].argmax()))
    return encoder.tokenizer.decode(new, skip_special_tokens=True).strip()


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
    new_BT = torch.tensor([[*ids, 1, *ids], [*ids, *ids, 1], [1, *ids, *ids]])
    assert decode(encoder, new_BT) == ["the sea", "the seathe sea", ""]


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


def test_every_rank_generates_equally_often(build_model, encoder, monkeypatch):
    model = build_model()
    calls = [0] * 3
    original = model.generate
    for rank in range(3):

        def count(*args, rank=rank, **kwargs):
            calls[rank] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(model, "generate", count)
        task = replace(TASK, examples=TASK.examples[:4])
        settings = EvaluationSettings(batch_size=1, max_new_tokens=2)
        generate(model, encoder, task, settings, Shard(rank, 3))
    assert calls == [2, 2, 2]


def test_modes_are_as_before_and_an_empty_task_says_nothing(build_model, encoder):
    model = build_model().train()
    generate(model, encoder)
    assert model.training
    assert generate(model, encoder, replace(TASK, examples=())) == ()
