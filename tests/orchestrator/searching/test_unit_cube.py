"""Settings and places in the cube are each other's translation."""

import numpy as np
import pytest

from orchestrator.searching.space import SearchChoices, SearchRange, holds
from orchestrator.searching.unit_cube import Cube

SPACE = {
    "lr": SearchRange(low=1e-4, high=1.0),
    "layer": SearchRange(low=0, high=8, log=False, integer=True),
    "term": SearchChoices(choices=("none", "nll", "kl", "mse")),
    "alpha": SearchRange(low=1.0, high=3.0, log=False, when={"term": ("nll", "kl")}),
    "steps": SearchRange(low=1, high=100, integer=True, when={"layer": (2,), "term": ("kl",)}),
}
NAMES = ("layer", "lr", "term", "alpha", "steps")
CUBE = Cube(SPACE)


def place(**params):
    return dict(zip(NAMES, CUBE.places([params])[0], strict=True))


def test_a_place_is_the_share_of_each_range_on_its_scale_and_the_middle_where_it_is_at_rest():
    found = place(lr=1e-3, layer=2, term="nll", alpha=1.5)
    assert found == pytest.approx(
        # 1..100 at the middle is 10 on a log scale; nll is the second of four choices.
        {"lr": 0.25, "layer": 0.25, "term": 0.375, "alpha": 0.25, "steps": 0.5}
    )
    assert place(lr=1.0, layer=8, term="mse")["alpha"] == 0.5


def test_a_setting_comes_back_from_its_place() -> None:
    setting = {"lr": 1e-3, "layer": 2, "term": "kl", "alpha": 1.5, "steps": 7}
    assert CUBE.setting(CUBE.places([setting])[0]) == pytest.approx(setting)
    assert isinstance(CUBE.setting(CUBE.places([setting])[0])["steps"], int)


def test_no_settings_have_no_places() -> None:
    assert CUBE.places([]).shape == (0, 5)


def test_settled_places_are_settings_and_stay_where_they_are() -> None:
    units = np.random.default_rng(0).random((200, 5))
    settled = CUBE.settle(units, {})
    settings = [CUBE.setting(row) for row in settled]
    assert all(holds(SPACE, setting) for setting in settings)
    assert CUBE.places(settings) == pytest.approx(settled)
    assert CUBE.settle(settled, {}) == pytest.approx(settled)
    assert settled[:, 1] == pytest.approx(units[:, 1])  # lr is a fraction and always active
    assert {setting["term"] for setting in settings} == {"none", "nll", "kl", "mse"}


def test_settled_places_hold_the_part_that_is_given_and_what_follows_from_it() -> None:
    units = np.random.default_rng(1).random((50, 5))
    settings = [CUBE.setting(row) for row in CUBE.settle(units, {"term": "kl", "layer": 2})]
    assert all((s["term"], s["layer"]) == ("kl", 2) and "steps" in s for s in settings)
    assert len({s["steps"] for s in settings}) > 5


def test_choices_are_told_from_ranges() -> None:
    assert CUBE.is_choice_D.tolist() == [False, False, True, False, False]
