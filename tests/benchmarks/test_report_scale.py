"""A sweep that nobody has trained has all of a real one's, and parts of its report are timed."""

import json
from importlib import import_module

import pytest
import report_scale
from large_sweep import write_sweep

from orchestrator.config.loading import load_config
from orchestrator.reporting.sweep_record import read_record

SHORT = ["methods=[ga, gd]", "benchmark.num_people=12", "benchmark.forget_people=3"]
SHORT += ["finalists.seeds=2"]
TRIALS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    overrides = report_scale._overrides(TRIALS, tmp_path_factory.mktemp("storage"))
    return write_sweep(load_config(str(report_scale.DEMO), [*overrides, *SHORT]))


@pytest.mark.slow
def test_a_sweep_that_is_written_lacks_nothing_of_a_finished_one(folder) -> None:
    record = read_record(str(folder))
    assert record.gaps == ()
    trials = [entry for entry in record.entries if entry.number is not None]
    assert len(trials) == 2 * TRIALS
    assert record.gold_again is not None
    assert record.standing
    assert len(record.replicates) >= 2


@pytest.mark.parametrize("part", report_scale.PARTS)
def test_a_part_is_timed_where_the_report_looks_it_up(part) -> None:
    module, name = report_scale.PARTS[part]
    assert callable(getattr(import_module(module), name))


@pytest.mark.slow
def test_all_parts_of_a_report_take_time(folder, monkeypatch, capfd) -> None:
    for module, name in report_scale.PARTS.values():  # the script leaves its clocks in them
        home = import_module(module)
        monkeypatch.setattr(home, name, getattr(home, name))
    report_scale._time_parts(str(folder))
    spent = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert all(spent.get(part, 0) > 0 for part in report_scale.PARTS), spent
