"""CLEAR's multimodal aggregates, whose wrong answers are pooled task by task, by hand."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from evals.benchmark import Role
from evals.metric import load_metric
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import TaskScores

Build = Callable[..., Any]
LN2 = math.log(2)


def captions(item: Build) -> list[Any]:
    """Wrong ones at 2, 3, 1 and 2 nats: 2 in the mean. Right ones, paraphrased, at 1 and 2.5."""
    return [
        item("a", right=0.5, paraphrase=1.0, wrong=[2.0, 3.0]),
        item("b", right=1.5, paraphrase=2.5, wrong=[1.0, 2.0]),
    ]


def names(item: Build) -> list[Any]:
    """Probabilities 1/2 among 1/4 and 1/4, and 1/4 among 1/2 and 1/4; wrong ones at 7/4 ln 2."""
    return [
        item("a", right=LN2, wrong=[2 * LN2, 2 * LN2]),
        item("b", right=2 * LN2, wrong=[LN2, 2 * LN2]),
    ]


def people(item: Build, role: Role) -> ScoreSheet:
    return ScoreSheet(
        (
            TaskScores(role.value, role, Probability.PLAIN, tuple(captions(item))),
            TaskScores(
                f"{role.value}_naming", Role.AUXILIARY, Probability.CHOICE, tuple(names(item))
            ),
        )
    )


def test_what_is_known_of_the_forgotten(item: Build) -> None:
    # Captions: ln R = 2 - 1 and 2 - 2.5. Names: ln R = (7/4 - 1) ln 2 and (7/4 - 2) ln 2.
    caption = (math.exp(-0.5) + math.exp(-1.5)) / 2
    caption_ratio = (math.exp(-1) + math.exp(-0.5)) / 2
    name = (1 / 2 + 1 / 4) / 2
    name_ratio = (2**-0.75 + 2**-0.25) / 2
    expected = 4 / (1 / caption + 1 / caption_ratio + 1 / name + 1 / name_ratio)
    assert expected == pytest.approx(0.469315, abs=1e-6)
    value = load_metric("forget_multimodal_clear_repo").compute(people(item, Role.FORGET), None)
    assert value == pytest.approx(expected)


def test_what_is_known_of_the_retained(item: Build) -> None:
    # The same, with 1 - 1/R where R is above 1 and 0 where it is not.
    caption = (math.exp(-0.5) + math.exp(-1.5)) / 2
    caption_ratio = (1 - math.exp(-1) + 0) / 2
    name = (1 / 2 + 1 / 4) / 2
    name_ratio = (1 - 2**-0.75 + 0) / 2
    expected = 4 / (1 / caption + 1 / caption_ratio + 1 / name + 1 / name_ratio)
    assert expected == pytest.approx(0.303612, abs=1e-6)
    value = load_metric("retain_multimodal_clear_repo").compute(people(item, Role.RETAIN), None)
    assert value == pytest.approx(expected)


def test_what_is_known_of_the_real_world(item: Build, sheet: Build) -> None:
    # Scenes: 1/2 beside 1/8 is 4/5 of both; ln R = 3 ln 2 - ln 2. Faces as the names above.
    scores = sheet(real_faces=names(item), real_world=[item("c", right=LN2, wrong=[3 * LN2])])
    faces, face_ratio, scenes, scene_ratio = 3 / 8, (1 - 2**-0.75) / 2, 4 / 5, 1 - 1 / 4
    expected = 4 / (1 / faces + 1 / face_ratio + 1 / scenes + 1 / scene_ratio)
    assert expected == pytest.approx(0.392794, abs=1e-6)
    assert load_metric("real_clear_repo").compute(scores, None) == pytest.approx(expected)
