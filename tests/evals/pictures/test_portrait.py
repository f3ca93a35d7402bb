"""A drawing depends on its look and shot alone, and shows what it is given."""

import random
from dataclasses import replace

import numpy as np
import pytest

from evals.pictures.appearance import (
    BEARDS,
    GLASSES,
    HAIR_STYLES,
    HATS,
    draw_look,
    draw_shot,
)
from evals.pictures.portrait import portrait

LOOK = replace(
    draw_look(random.Random(1)), hair_style="bald", beard="none", glasses="none", hat="none"
)
SHOT = draw_shot(random.Random(2), hard=0.0)


def test_the_same_look_and_shot_give_the_same_pixels() -> None:
    first, second = (portrait(LOOK, SHOT, size=32) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.shape == (32, 32, 3)
    assert (first == second).all()


@pytest.mark.parametrize(
    ("attribute", "values"),
    [("hair_style", HAIR_STYLES), ("beard", BEARDS), ("glasses", GLASSES), ("hat", HATS)],
)
def test_every_attribute_can_be_seen(attribute: str, values: tuple[str, ...]) -> None:
    drawn = {
        portrait(replace(LOOK, **{attribute: value}), SHOT, size=48).tobytes() for value in values
    }
    assert len(drawn) == len(set(values))


def test_shots_differ_by_pose_and_light_as_far_as_they_are_hard() -> None:
    def spread(hard: float) -> float:
        shots = [draw_shot(random.Random(seed), hard=hard) for seed in range(20)]
        same = [replace(shot, background=SHOT.background, clothes=SHOT.clothes) for shot in shots]
        pictures = np.stack([portrait(LOOK, shot, size=32) for shot in same]).astype(float)
        return float(pictures.std(axis=0).mean())

    assert spread(0.0) < spread(0.5) < spread(1.5)


def test_without_anything_hard_all_pictures_of_a_look_are_alike() -> None:
    shots = [replace(draw_shot(random.Random(seed), hard=0.0), noise_seed=0) for seed in range(4)]
    assert len({portrait(LOOK, shot, size=24).tobytes() for shot in shots}) == 1
    dressed = replace(LOOK, clothes=(1, 2, 3))
    assert (
        portrait(dressed, shots[0], size=24).tobytes()
        != portrait(LOOK, shots[0], size=24).tobytes()
    )
