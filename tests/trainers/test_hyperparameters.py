from typing import Annotated

import pytest
from pydantic import Field

from evals.choice import Settings
from trainers.hyperparameters import Range, ranges


class Config(Settings):
    beta: Annotated[float, Range(0.01, 1.0, log=True), Field(gt=0)] = 0.1
    layers: Annotated[int, Range(1, 5, integer=True)] = 3
    order: str = "as_run"


def test_only_fields_with_a_range_are_searchable():
    assert ranges(Config) == {
        "beta": Range(0.01, 1.0, log=True),
        "layers": Range(1, 5, integer=True),
    }


def test_a_range_is_what_is_searched_and_not_what_is_allowed():
    assert Config(beta=7.0).beta == 7.0


@pytest.mark.parametrize(
    ("low", "high", "log"), [(2.0, 1.0, False), (1.0, 1.0, False), (0.0, 1.0, True)]
)
def test_an_impossible_range_is_refused_where_it_is_written(low, high, log):
    with pytest.raises(ValueError, match="Range"):
        Range(low, high, log=log)
