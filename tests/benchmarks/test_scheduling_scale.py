"""Idle ranks are asked what ranks are asked, and what is replaced in a sweep's path is there."""

import inspect

import pytest
import scheduling_scale
from scheduling_scale import METHODS, IdleRank

from cluster.rank import Rank
from orchestrator.config.loading import load_config
from orchestrator.driver import start
from orchestrator.driver.progress import Progress
from orchestrator.running import scheduler
from orchestrator.running.trainable import JobTrainable

ASKED = [name for name, _ in inspect.getmembers(IdleRank, inspect.isfunction) if name[1] != "_"]


@pytest.mark.parametrize("name", ["__init__", *ASKED])
def test_an_idle_rank_takes_what_a_rank_takes(name) -> None:
    idle, real = (inspect.signature(getattr(kind, name)) for kind in (IdleRank, Rank))
    assert list(idle.parameters) == list(real.parameters)


def test_the_names_that_are_replaced_are_those_of_a_sweeps_own_path() -> None:
    assert (start.Progress, scheduler.JobTrainable) == (Progress, JobTrainable)


def test_the_config_is_one_that_a_sweep_takes(tmp_path) -> None:
    options = scheduling_scale._parser().parse_args(["--run", "20"])
    config = load_config(None, scheduling_scale._overrides(options, tmp_path))
    assert (tuple(config.methods), config.search.trials) == (METHODS, 2)
