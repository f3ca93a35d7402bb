import pytest

from evals.choice import Choice
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.tables.shared_columns import SETTING
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.shared_parameters import (
    L1,
    LR,
    SHARED,
    own_part,
    point_of,
    shared_part,
    shared_values,
    values_of,
)
from orchestrator.searching.space import SearchRange
from tests.fixtures.jobs import any_job
from trainers.job import Job
from trainers.settings import TrainingSettings

POINT = {"beta": 0.1, LR: 1e-4, "form": "npo", L1: 0.5}


@pytest.fixture(scope="module")
def config() -> SweepConfig:
    return load_config(None, ["methods.npo.search={beta: default}"])


def trial(**settings: float | str | list[int]) -> Job:
    method = Choice(name="any", settings=settings)
    return any_job(
        benchmark=method, model=method, training=TrainingSettings(lr=1e-4, l1=0.5), method=method
    )


def test_each_is_a_setting_of_the_recipe_a_range_of_the_search_and_a_column() -> None:
    assert set(SHARED) <= TrainingSettings.model_fields.keys() & SearchSettings.model_fields.keys()
    assert [column.name for column in SETTING] == list(SHARED)


def test_a_point_is_parted_into_the_recipes_values_and_the_methods() -> None:
    assert shared_part(POINT) == {LR: 1e-4, L1: 0.5}
    assert own_part(POINT) == {"beta": 0.1, "form": "npo"}
    assert shared_values(TrainingSettings(lr=1e-4, l1=0.5)) == shared_part(POINT)


def test_a_trial_stands_where_its_values_are_searched() -> None:
    job = trial(beta=0.1, layers=[1, 2], alpha=2.0)
    assert values_of(job) == {LR: 1e-4, L1: 0.5, "beta": 0.1, "layers": [1, 2], "alpha": 2.0}
    space = {name: SearchRange(low=1e-5, high=1.0) for name in (L1, "beta", "gamma")}
    assert point_of(job, space) == {L1: 0.5, "beta": 0.1}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_a_value_is_taken_where_the_recipe_takes_it(name: str, value: float) -> None:
    try:
        TrainingSettings.model_validate({name: value})
    except ValueError:
        taken = False
    else:
        taken = True
    assert SHARED[name].takes(value) is taken


def test_a_search_without_one_of_them_leaves_it_to_the_recipe(config: SweepConfig) -> None:
    assert list(config.search.shared) == [LR, L1]
    without = config.search.model_copy(update={L1: None})
    assert list(without.shared) == [LR]
