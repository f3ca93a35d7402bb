"""A value that the search overwrites is pointed out, and one that is used is not."""

import pytest

from orchestrator.config.loading import load_config
from orchestrator.config.without_effect import without_effect
from tests.fixtures.paths import CONFIGS


def said(*words: str) -> list[str]:
    return list(without_effect(load_config(str(CONFIGS / "demo.yaml"), list(words))))


def test_nothing_is_said_of_the_demo() -> None:
    assert said() == []


def test_a_learning_rate_that_is_searched_is_pointed_out() -> None:
    assert said("training.lr=2e-4") == [
        "training.lr (0.0002) has no effect, since search.lr has it searched for every method; "
        "leave it out"
    ]


@pytest.mark.parametrize(
    "words", [("search.l1=null",), ("methods={ga: null, npo: {search: {l1: null}}}",)]
)
def test_a_value_that_one_method_uses_is_not(words) -> None:
    assert said("training.l1=0.1", *words) == []
