from dataclasses import replace

from orchestrator.reporting.page.finalists import finalists_of
from orchestrator.reporting.publish import tables_of
from orchestrator.reporting.selection import everything


def test_a_finalist_says_what_its_row_says(lively, fakes):
    finals = fakes.finals(
        fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=1, further={"beta": 0.3}),
        fakes.final("ga", 0, retain=0.65, quality=-9.0, rank=None),
    )
    npo, ga = finalists_of(lively, finals)
    rows = fakes.rows(tables_of(lively, finals, everything(lively.config))["table"])
    assert npo["command"] == rows["npo"]["Repeat"]
    assert npo["job"] == rows["npo"]["Job"]
    assert npo["settings"] == {"lr": rows["npo"]["lr"], "L1": rows["npo"]["L1"], "beta": 0.3}
    assert npo["metrics"]["retain"]["low"] == rows["npo"]["Retain"].low
    assert npo["seeds"] == [120, 121]
    assert (npo["feasible"], npo["rank"], npo["missed"]) == (True, 1, "")
    assert (ga["feasible"], ga["rank"]) == (False, None)
    assert ga["missed"] == "retain 0.05 below its floor"
    assert ga["missed"] in rows["ga"]["Note"]


def test_one_without_a_run_is_not_shown(lively, fakes):
    final = fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=None, num_runs=0)
    assert finalists_of(lively, fakes.finals(final)) == []


def test_one_whose_trial_is_gone_has_its_runs_settings(lively, fakes):
    final = fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=1)
    (found,) = finalists_of(replace(lively, entries=()), fakes.finals(final))
    assert found["settings"]["lr"] == 2e-4
