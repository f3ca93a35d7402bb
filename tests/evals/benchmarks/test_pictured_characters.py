"""Fictitious people, told of and drawn."""

from collections import Counter

import numpy as np
import pytest

from evals.benchmark import Benchmark, Role
from evals.benchmarks import characters, portraits
from evals.benchmarks.pictured_characters import Config, build
from evals.building import build_benchmark
from evals.choice import Choice
from evals.errors import ConfigError
from evals.wording.captions import CAPTION_QUESTIONS, NAMING_QUESTION

SMALL = {
    "num_people": 6,
    "forget_people": 2,
    "holdout_people": 1,
    "pictures_per_person": 4,
    "held_out": 2,
    "questions_per_person": 3,
    "num_world": 4,
    "cache": None,
}


@pytest.fixture(scope="module")
def small() -> Benchmark:
    return build(Config(**SMALL))


def task(benchmark: Benchmark, name: str):
    (found,) = (each.examples for each in benchmark.tasks if each.name == name)
    return found


def test_texts_are_those_of_characters_and_looks_those_of_portraits(small) -> None:
    told = characters.build(
        characters.Config(
            num_people=6, forget_people=2, holdout_people=1, questions_per_person=3, num_world=4
        )
    )
    texts = {e.id: (e.question, e.answer, e.paraphrase) for e in told.splits["full"]}
    assert {
        e.id: (e.question, e.answer, e.paraphrase)
        for e in small.splits["full"]
        if e.picture is None
    } == texts
    drawn = portraits.build(
        portraits.Config(
            design="looks",
            hard=0.35,
            forget_people=2,
            retain_people=1,
            other_people=0,
            holdout_people=1,
            enrolled=4,
            held_out=2,
            pictures_per_person=7,
            cache=None,
        )
    )
    faces = {e.id: e.picture for e in drawn.splits["full"]}
    shown = {e.id: e.picture for e in small.splits["full"]}
    assert shown["person-0000/p00/caption"] == faces["person-0000/p00"]
    assert shown["person-0001/p03/name"] == faces["person-0001/p03"]


def test_every_fact_is_asked_by_text_and_by_picture(small) -> None:
    rows = {e.id: e for e in small.splits["full"]}
    for row in task(small, "forget_by_text"):
        assert row.picture is None
        assert row.name in row.question
        seen = rows[f"{row.id}/p"]
        assert seen.picture is not None
        assert seen.name not in seen.question + seen.answer
        assert seen.question.replace("this person", row.name).lower() == (
            row.question.replace("this person", row.name).lower()
        )
    assert len(task(small, "forget_by_picture")) == len(task(small, "forget_by_text")) == 2 * 3


def test_pictures_that_are_scored_are_not_trained_on(small) -> None:
    trained = {e.picture for e in small.splits["full"]}
    asked = {
        e.picture
        for each in small.tasks
        if each.role != Role.REAL
        for e in each.examples
        if e.picture is not None
    }
    assert asked
    assert not trained & asked


def test_captions_name_the_person_and_wrong_ones_name_others(small) -> None:
    everybody = {e.name for e in small.splits["full"] + small.splits["holdout"]} - {None}
    for row in task(small, "forget"):
        assert row.name in row.answer
        assert row.name in row.paraphrase
        assert len(set(row.perturbed)) == 5
        for wrong in row.perturbed:
            (other,) = (name for name in everybody if name in wrong)
            assert other != row.name
            assert wrong.replace(other, row.name) == row.paraphrase


def test_a_picture_has_one_question_for_ever(small) -> None:
    asked = Counter(e.question for e in task(small, "forget") + task(small, "retain"))
    assert set(asked) <= set(CAPTION_QUESTIONS)
    assert len(asked) > 2
    assert {e.question for e in task(small, "forget_naming")} == {NAMING_QUESTION}
    again = build(Config(**SMALL, forget_modality="text"))
    assert task(again, "forget") == task(small, "forget")


def test_blanked_pictures_are_grey_and_ask_the_same(small) -> None:
    for row in task(small, "forget_naming_blanked"):
        assert np.ptp(row.picture.pixels) == 0
        assert row.question == NAMING_QUESTION
        assert row.answer == row.name


def test_neighbours_are_retained_people_taken_as_the_forgotten_were(small) -> None:
    held_out = task(small, "forget_naming")
    rows = task(small, "retain_neighbours")
    assert len(rows) == len(held_out) == 2 * 2
    kept = {e.name for e in task(small, "retain")}
    for row, like in zip(rows, held_out, strict=True):
        assert row.name in kept
        assert row.picture != like.picture
        corner = np.s_[0, 0]
        assert row.picture.pixels[corner].tolist() == like.picture.pixels[corner].tolist()


def test_rows_come_again_until_there_are_as_many_as_of_both() -> None:
    rows = build(Config(**SMALL, forget_modality="text")).splits["forget"]
    assert len(rows) == 2 * (3 + 4 + 3)
    assert [e.id for e in rows[:7]][-1] == "person-0004/q0~2"
    assert len({(e.question, e.answer) for e in rows}) == 2 * 3


def test_nobody_to_retain_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.forget_people must be below num_people \(6"):
        build_benchmark(
            Choice(name="pictured_characters", settings={"num_people": 6, "forget_people": 6})
        )


def test_an_unknown_modality_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.forget_modality must be .*'visual'"):
        build_benchmark(
            Choice(name="pictured_characters", settings={"forget_modality": "pictures"})
        )
