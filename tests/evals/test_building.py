"""Building a benchmark by its choice, and the fingerprint of its content."""

from dataclasses import replace

import pytest

from evals.benchmark import Example, Probability, Role, Task
from evals.building import build_benchmark, fingerprint
from evals.choice import Choice
from evals.errors import ConfigError

ONE = Example("a", "Who?", "Ann.", paraphrase="It is Ann.", perturbed=("It is Ben.",))
TWO = Example("b", "Where?", "Here.")


def of(
    *, name="small", splits=None, role=Role.FORGET, probability=Probability.PLAIN, refusals=("No.",)
):
    splits = {"full": (ONE, TWO), "forget": (ONE,)} if splits is None else splits
    return fingerprint(name, splits, [Task("forget", role, probability, (ONE,))], refusals)


def test_a_choice_is_built_with_its_settings() -> None:
    settings = {"num_people": 3, "forget_people": 1, "holdout_people": 0}
    benchmark = build_benchmark(Choice(name="characters", settings=settings))
    assert benchmark.name == "characters"
    assert len({e.name for e in benchmark.splits["full"] if e.name}) == 3


def test_an_unknown_benchmark_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.name must be one of .*did you mean 'tofu'"):
        build_benchmark(Choice(name="tofy"))


def test_an_unknown_setting_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.num_peple must be a known key"):
        build_benchmark(Choice(name="characters", settings={"num_peple": 3}))


def test_the_fingerprint_is_the_same_for_the_same_content() -> None:
    assert of() == of()
    assert len(of()) == 64
    assert of(splits={"forget": (ONE,), "full": (ONE, TWO)}) == of()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "c"},
        {"question": "Who then?"},
        {"answer": "Amy."},
        {"name": "Ann"},
        {"paraphrase": None},
        {"perturbed": ("It is Cid.",)},
        {"perturbed": ("It is Ben.", "It is Cid.")},
    ],
)
def test_the_fingerprint_changes_with_every_field_of_an_example(change) -> None:
    assert of(splits={"full": (replace(ONE, **change), TWO), "forget": (ONE,)}) != of()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"splits": {"full": (TWO, ONE), "forget": (ONE,)}},
        {"splits": {"full": (ONE, TWO), "retain": (ONE,)}},
        {"role": Role.RETAIN},
        {"probability": Probability.CHOICE},
        {"refusals": ("No.", "Never.")},
    ],
)
def test_the_fingerprint_changes_with_everything_else_that_counts(change) -> None:
    assert of(**change) != of()
