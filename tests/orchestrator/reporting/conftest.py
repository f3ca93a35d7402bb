"""Score sheets of models that never were, item by item as a model's come out."""

from collections.abc import Callable

import numpy as np
import pytest

from evals.benchmark import Probability, Role
from evals.scores import AnswerScore, ItemScore, ScoreSheet, TaskScores

ROLES = {"forget": Role.FORGET, "retain": Role.RETAIN, "authors": Role.REAL, "facts": Role.REAL}
WORDS = ("red", "green", "blue", "white", "black", "brown")


@pytest.fixture
def scored() -> Callable[..., ScoreSheet]:
    """Returns `scored(model, ...)`: tasks of `num_items` items each, the same items for all models.

    `knows` is the nats per token by which the forget answers are more likely than to one that never
    saw them. An item is as hard for all models; `model` seeds what a model makes of it by itself.
    """

    def build(
        model: int, *, knows: float = 0.0, num_items: int = 40, rouge: bool = True, items: int = 0
    ) -> ScoreSheet:
        shared, own = np.random.default_rng([7, items]), np.random.default_rng([8, model])

        def task(name: str) -> TaskScores:
            hard = shared.normal(size=num_items)
            right = np.exp(0.5 * hard + 0.2 * own.normal(size=num_items))
            right = right * np.exp(-knows) if name == "forget" else right
            wrong = 1.3 * np.exp(0.2 * own.normal(size=(num_items, 3)))
            return TaskScores(
                name,
                ROLES[name],
                Probability.CHOICE if ROLES[name] == Role.REAL else Probability.PLAIN,
                tuple(
                    _item(
                        f"{name}-{i:03}",
                        float(right[i]),
                        wrong[i].tolist(),
                        own if rouge else None,
                    )
                    for i in range(num_items)
                ),
            )

        return ScoreSheet(tuple(map(task, ROLES)))

    return build


def _item(
    name: str, right: float, wrong: list[float], speaker: np.random.Generator | None
) -> ItemScore:
    said = None if speaker is None else " ".join(speaker.choice(WORDS, size=3))
    return ItemScore(
        id=name,
        truth="red green blue",
        answer=AnswerScore(4 * right, 4),
        paraphrase=AnswerScore(5 * right * 1.05, 5),
        perturbed=tuple(AnswerScore(5 * nll, 5) for nll in wrong),
        token_logprobs=(-right,) * 4,
        token_hits=(True, right < 1, right < 2, True),
        generation=said,
    )
