"""Benchmarks say how many splits they have, and are the same people at each of them."""

import pytest

from evals.benchmark import Role
from evals.building import build_benchmark
from evals.choice import Choice, choose
from evals.errors import ConfigError
from evals.splits import Splits, World, at_split, splits_of

SMALL = {
    "name": "portraits",
    "forget_people": 1,
    "holdout_people": 2,
    "retain_people": 1,
    "other_people": 2,
    "pictures_per_person": 2,
    "enrolled": 1,
    "size": 16,
    "num_splits": 6,
}


def chosen(**settings: object) -> Choice:
    return choose("evals.benchmarks", settings, key="benchmark")


def test_the_own_split_is_in_neither_world() -> None:
    splits = Splits(own=4, num=6)
    assert splits.others(World.FORGET) == [0, 1, 2]
    assert splits.others(World.HOLDOUT) == [3, 5]


@pytest.mark.parametrize(
    ("settings", "splits"),
    [
        ({"name": "portraits", "split": 3}, Splits(3, 128)),
        ({"name": "folder", "path": "faces", "num_splits": 8}, Splits(0, 8)),
        ({"name": "folder", "path": "faces", "holdout_share": 0}, None),
        ({"name": "clear_faces", "split": 100}, Splits(100, 128)),
        ({"name": "clear_faces", "forget_people": ["Ada"]}, None),
        ({"name": "characters"}, None),
    ],
)
def test_a_benchmark_says_how_many_splits_it_has(settings, splits) -> None:
    assert splits_of(chosen(**settings)) == splits


def test_at_another_split_nothing_but_the_split_is_another() -> None:
    choice = at_split(chosen(**SMALL), 5)
    assert choice == chosen(**SMALL, split=5)
    with pytest.raises(ConfigError, match=r"benchmark.split must be below num_splits \(6\)"):
        at_split(choice, 6)


def test_in_the_holdouts_world_the_forgotten_and_the_holdout_have_changed_places() -> None:
    whole = chosen(**SMALL)
    people = {}
    for world in World:
        benchmark = build_benchmark(at_split(whole, splits_of(whole).others(world)[0]))
        people[world] = {
            role: {
                face.person
                for task in benchmark.tasks
                if task.role == role
                for face in task.examples
            }
            for role in (Role.FORGET, Role.HOLDOUT)
        }
    assert people[World.FORGET][Role.FORGET] == people[World.HOLDOUT][Role.HOLDOUT]
    assert people[World.FORGET][Role.HOLDOUT] == people[World.HOLDOUT][Role.FORGET]
