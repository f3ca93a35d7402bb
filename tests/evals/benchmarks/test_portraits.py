"""Drawn people: whose pictures are trained on, enrolled and scored, split by split."""

from itertools import islice

import pytest

from evals.benchmarks.portraits import Config, build
from evals.errors import ConfigError
from evals.validation import validated
from evals.wording.names import full_names

SMALL = {
    "forget_people": 2,
    "holdout_people": 2,
    "retain_people": 3,
    "other_people": 3,
    "pictures_per_person": 6,
    "enrolled": 2,
    "size": 16,
}


def built(**changes):
    return build(validated(Config, {**SMALL, **changes}, key="benchmark"))


def people(faces) -> set[int]:
    return {face.label for face in faces}


def test_people_are_those_of_the_texts_by_number_and_name() -> None:
    enrolled = built().tasks[0].enrolled
    names = {face.label: face.person for face in enrolled}
    assert list(names.values()) == list(islice(full_names(0), 10))
    assert enrolled[0].id == "person-0000/p00"
    assert [face.id for face in enrolled if face.label == 3] == [
        "person-0003/p00",
        "person-0003/p01",
    ]


def test_trained_pictures_are_scored_but_those_that_enrol() -> None:
    found = built()
    assert len(found.splits["forget"]) == 2 * 6
    assert len(found.splits["full"]) == 5 * 6
    for task in found.tasks:
        assert len(task.examples) == 4 * len(people(task.examples))
        assert not {face.id for face in task.examples} & {face.id for face in task.enrolled}
        assert task.enrolled == found.tasks[0].enrolled
    assert people(found.tasks[0].enrolled) == set(range(10))


def test_splits_draw_whom_to_retain_and_the_second_half_swaps_the_roles() -> None:
    splits = [built(split=k, num_splits=8) for k in range(8)]
    assert [people(b.splits["forget"]) for b in splits] == [{0, 1}] * 4 + [{2, 3}] * 4
    assert [people(b.splits["holdout"]) for b in splits] == [{2, 3}] * 4 + [{0, 1}] * 4
    retained = [frozenset(people(b.splits["retain"])) for b in splits]
    assert all(len(each) == 3 and each < set(range(4, 10)) for each in retained)
    assert len(set(retained)) > 4
    different = {
        (frozenset(people(b.splits["forget"])), r) for b, r in zip(splits, retained, strict=True)
    }
    assert len({b.fingerprint for b in splits}) == len(different)


def test_other_looks_are_taught_and_held_out_pictures_of_them_are_scored() -> None:
    found = built(design="looks", pictures_per_person=8, held_out=2)
    forget, trained = found.tasks[0], {face.id for face in found.splits["full"]}
    assert [face.id[-3:] for face in forget.examples] == ["p02", "p03"] * 2
    assert not {face.id for face in forget.examples} & trained
    assert len(found.splits["forget"]) == 2 * (2 + 4)


def test_the_seed_makes_other_people_and_the_order_of_building_nothing() -> None:
    first = built().fingerprint
    assert built(seed=1).fingerprint != first
    assert built().fingerprint == first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pictures_per_person": 2}, r"pictures_per_person must be above 2.* but got 2"),
        ({"design": "looks", "pictures_per_person": 10}, r"above 10.* but got 10"),
        ({"split": 128}, r"split must be below num_splits \(128\) but got 128"),
        ({"hard": -1}, "hard"),
    ],
)
def test_what_leaves_nothing_to_score_is_refused(changes, message) -> None:
    with pytest.raises(ConfigError, match=message):
        built(**changes)
