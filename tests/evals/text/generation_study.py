"""What `test_generation` judges, found by each rank of a process group.

Of five questions, the ids of which are their own tokens, those of rank 0 are known by heart but
for the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evals.benchmark import Role
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.text.encoding import Row
from evals.text.example import Example, Probability, Task
from evals.text.generation import Generator

SETTINGS = EvaluationSettings(batch_size=1, max_new_tokens=6)
QUESTIONS = ["5 6", "7 8 9", "10", "11 12 13 14", "3 4 5"]


@dataclass
class Numbers:
    """An encoder of ids that are written as numbers; it decodes likewise."""

    pad_id: int = 0
    eos_id: int = 1
    end_id: int = 1

    @property
    def tokenizer(self) -> Any:
        return self

    def prompt_ids(self, example: Example) -> tuple[int, ...]:
        return tuple(int(word) for word in example.question.split())

    def row(self, example: Example, answer: str) -> Row:
        ids = (*self.prompt_ids(example), *(int(word) for word in answer.split()))
        return Row(ids, ids)

    def beside_tokens(self, examples: Sequence[Example]) -> dict:
        return {}

    def decode(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return " ".join(map(str, ids))


def study(rank: int, world: int, folder: Path) -> dict:
    del folder
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=31, num_hidden_layers=1, **shape)).eval()
    alone = _answers(model, Shard(), known=())
    calls = []
    generate = model.generate
    model.generate = lambda *args, **kwargs: calls.append(1) or generate(*args, **kwargs)
    known = alone[:4:2] if rank == 0 else ()
    together = _answers(model, Shard(rank, world), known)
    return {"alone": alone, "together": together, "num_calls": len(calls)}


def _answers(model: torch.nn.Module, shard: Shard, known: tuple[str, ...]) -> tuple[str, ...]:
    answers = [*known, *["2"] * len(shard.take(QUESTIONS[len(known) * shard.world :]))]
    own = dict(zip(shard.take(QUESTIONS), answers, strict=True))
    examples = tuple(Example(each, each, own.get(each, "2")) for each in QUESTIONS)
    hits = [[answer in known] * len(answer.split()) for answer in answers]
    task = Task("forget", Role.FORGET, Probability.PLAIN, examples)
    encoder: Any = Numbers()
    return Generator(model, encoder, SETTINGS, shard, torch.device("cpu")).answers(task, hits)
