"""Builds small score sheets out of plain numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from tests.fixtures.golden import GOLDEN


@pytest.fixture
def golden() -> dict[str, Any]:
    return GOLDEN


@pytest.fixture
def item() -> Callable[..., ItemScore]:
    """Returns `item(id, ...)`: nlls are per token; `says` is the generation."""

    def build(
        id: str = "0",
        *,
        right: float = 1.0,
        paraphrase: float | None = None,
        wrong: Sequence[float] = (),
        log_probs: Sequence[float] = (-1.0, -1.0),
        hits: Sequence[bool] | None = None,
        says: str | None = None,
        ended: bool = True,
    ) -> ItemScore:
        num_tokens = len(log_probs)
        return ItemScore(
            id=id,
            truth="truth",
            answer=AnswerScore(right * num_tokens, num_tokens, ended),
            paraphrase=None if paraphrase is None else AnswerScore(paraphrase * 3, 3),
            perturbed=tuple(AnswerScore(nll * 5, 5) for nll in wrong),
            token_logprobs=tuple(log_probs),
            token_hits=tuple(hits) if hits is not None else (True,) * num_tokens,
            generation=says,
        )

    return build


@pytest.fixture
def sheet() -> Callable[..., ScoreSheet]:
    """Returns `sheet(forget=[items], retain=[items], ...)`; other names become REAL tasks."""

    def build(**tasks: Sequence[ItemScore]) -> ScoreSheet:
        return ScoreSheet(tuple(_task(name, items) for name, items in tasks.items()))

    return build


def _task(name: str, items: Sequence[ItemScore]) -> TaskScores:
    role = Role(name) if name in ("forget", "retain", "holdout") else Role.REAL
    choice = role is Role.REAL
    return TaskScores(name, role, Probability.CHOICE if choice else Probability.PLAIN, tuple(items))
