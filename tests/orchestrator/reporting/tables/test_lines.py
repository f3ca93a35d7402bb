import math
from dataclasses import replace

from orchestrator.reporting.table import Column
from orchestrator.reporting.tables.lines import assembled, keeps, missed, splits_note, trial_line
from orchestrator.searching.constraints import Bound

COLUMNS = (Column("Method"), Column("Feasible"))


def test_infeasible_rows_are_muted_but_not_those_that_others_are_held_against():
    lines = [
        {"Method": "Gold", "Feasible": False},
        {"Method": "ga", "Feasible": False},
        {"Method": "npo", "Feasible": True},
        {"Method": "rmu"},
    ]
    table = assembled(COLUMNS, lines, title="t", num_heads=1, notes=("a", ""))
    assert table.muted == {1}
    assert table.rows[3] == ("rmu", None)
    assert table.notes == ("a",)


def test_only_what_is_missed_is_told(fakes):
    bounds = (*fakes.bounds, Bound("forget", "at_most", 0.2))
    by = {"retain.at_least": -0.1, "forget.at_most": 0.125}
    assert missed(bounds, by) == "forget 0.12 above its ceiling"
    assert missed(bounds, {"retain.at_least": 0.05, "forget.at_most": 0.125}) == (
        "retain 0.05 below its floor and forget 0.12 above its ceiling"
    )


def test_a_baseline_keeps_its_bounds_only_with_finite_numbers(fakes):
    assert keeps(fakes.bounds, {"retain": 0.7})
    assert not keeps(fakes.bounds, {"retain": 0.69})
    assert not keeps(fakes.bounds, {"retain": math.nan})
    assert keeps((), {})


def test_a_trials_line_has_its_setting_though_nothing_was_searched_of_it(fakes):
    entry = fakes.trial("npo", 3, lr=2e-4, l1=0.5, further={"beta": 0.25})
    line = trial_line(entry, fakes.record())
    assert (line["lr"], line["L1"], line["beta"], line["Trial"]) == (2e-4, 0.5, 0.25, 3)
    assert line["Job"] in line["Repeat"]
    assert "l1" not in line


def test_means_over_splits_are_said_to_be(fakes):
    record = fakes.record(fakes.entries())
    assert splits_note(record) == ""
    search = record.config.search.model_copy(update={"splits": 3})
    config = record.config.model_copy(update={"search": search})
    assert "means over 3 splits" in splits_note(replace(record, config=config))
