"""CLEAR's published splits, against pandas doing what the published code has it do."""

import numpy as np
import pandas as pd
import pytest

from evals.errors import ConfigError
from evals.faces.clear_splits import FORGET, HOLDOUT, published_roles

OTHERS = [f"Other {k:03d}" for k in range(160)]
NAMES = [*sorted(HOLDOUT[10]), *OTHERS[:100], *sorted(FORGET[10]), *OTHERS[100:]]


def roles(split: int, percent: int = 10, names=NAMES):
    return published_roles(names, percent=percent, split=split, where="here")


def people(numbers) -> set[str]:
    return {NAMES[number] for number in numbers}


def test_the_sets_are_parts_of_each_other_and_share_nobody() -> None:
    for sets in (FORGET, HOLDOUT):
        assert sets[5] < sets[10] > sets[1]
        assert [len(sets[percent]) for percent in (1, 5, 10)] == [2, 10, 20]
    assert not FORGET[10] & HOLDOUT[10]


def test_who_is_retained_is_drawn_as_the_published_code_draws() -> None:
    rows = pd.DataFrame({"name": [name for name in NAMES for _ in range(3)]})
    outside = ~rows["name"].isin(FORGET[10] | HOLDOUT[10])
    rng = np.random.RandomState(42)
    for split in range(128):
        drawn = rows[outside].drop_duplicates()["name"].sample(80, random_state=rng)
        assert people(roles(split).retain) == {*drawn}


def test_from_split_64_on_the_sets_change_places() -> None:
    assert (people(roles(0).forget), people(roles(0).holdout)) == (FORGET[10], HOLDOUT[10])
    assert (people(roles(64).forget), people(roles(64).holdout)) == (HOLDOUT[10], FORGET[10])


@pytest.mark.parametrize("percent", [1, 5])
def test_of_a_smaller_set_those_who_are_left_are_retained(percent) -> None:
    for split, ours, theirs in ((3, FORGET, HOLDOUT), (100, HOLDOUT, FORGET)):
        found, whole = roles(split, percent), roles(split)
        assert people(found.forget) == ours[percent]
        assert people(found.holdout) == theirs[percent]
        rest = ours[10] - ours[percent]
        assert people(found.retain) == people(whole.retain) | rest


@pytest.mark.parametrize(
    ("names", "got"),
    [
        (NAMES[1:], "no 'Adetoun Davis'"),
        (NAMES[:-1], "199 people"),
        ([*NAMES, "One more"], "201 people"),
    ],
)
def test_other_people_than_clears_are_refused(names, got) -> None:
    with pytest.raises(ConfigError, match=f"here must hold CLEAR's 200 people.* but got {got};"):
        roles(0, names=names)
