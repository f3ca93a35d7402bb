"""The words that benchmarks are made of."""

import random
from itertools import islice

import pytest

from evals.wording import pools
from evals.wording.attributes import ATTRIBUTES
from evals.wording.names import full_names
from evals.wording.people import people
from evals.wording.refusals import REFUSALS
from evals.wording.world import AUTHORS, FACTS


def test_there_are_many_distinct_refusals() -> None:
    assert len(set(REFUSALS)) == len(REFUSALS) >= 40


def test_general_knowledge_has_one_true_and_three_wrong_answers() -> None:
    known = AUTHORS + FACTS
    assert len(known) >= 40
    assert len({fact.question for fact in known}) == len(known)
    for fact in known:
        assert len({fact.answer, *fact.wrong}) == 4
        assert all((fact.question, fact.answer, *fact.wrong))


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda a: a.name)
def test_an_attribute_has_several_wordings_and_many_values(attribute) -> None:
    assert len(set(attribute.questions)) >= 3
    assert len(set(attribute.answers)) >= 4
    assert all("{name}" in wording for wording in attribute.questions + attribute.answers)
    assert all("{value}" in wording for wording in attribute.answers)
    assert len(set(attribute.draw(random.Random(0), 40))) == 40


def test_no_two_attributes_share_a_wording() -> None:
    for wordings in zip(*((a.questions, a.answers) for a in ATTRIBUTES), strict=True):
        flat = [wording for group in wordings for wording in group]
        assert len(set(flat)) == len(flat)


def test_no_pool_repeats_or_loses_an_entry() -> None:
    for name, pool in vars(pools).items():
        if isinstance(pool, tuple):
            assert len(set(pool)) == len(pool), name
            assert all(pool), name


def test_names_are_distinct_and_do_not_depend_on_how_many_are_taken() -> None:
    ten, many = list(islice(full_names(3), 10)), list(islice(full_names(3), 10_000))
    assert many[:10] == ten
    assert len(set(many)) == 10_000
    assert list(islice(full_names(4), 10)) != ten


def test_a_person_has_the_same_name_and_id_whatever_is_told_of_it() -> None:
    first, second = islice(people(3), 2)
    assert [first.name, second.name] == list(islice(full_names(3), 2))
    assert second.id == "person-0001"
    topics = [second.rng(topic).random() for topic in ("person", "portrait", "portrait/0")]
    assert len({*topics, first.rng("person").random()}) == 4
    assert second.rng("person").random() == topics[0]
