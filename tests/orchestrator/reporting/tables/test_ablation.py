import pytest

from orchestrator.reporting.table import Estimate
from orchestrator.reporting.tables.ablation import ablation_table
from orchestrator.reporting.tables.pairs import Pair

PAIRS = (Pair("npo", "npo", "npo_no_l1"),)


def entries(fakes):
    return [
        *fakes.baselines(),
        fakes.trial("npo", 0, l1=0.5, quality=-30.0),
        fakes.trial("npo", 1, l1=0.01, quality=-4.0),
        fakes.trial("npo_no_l1", 0, l1=0.0, quality=-9.0),
        fakes.trial("npo_no_l1", 1, l1=0.0, quality=-10.0),
    ]


def config(fakes):
    return fakes.config("methods=[npo]", "methods.npo_no_l1={method: npo}")


def test_a_pair_is_two_rows_without_l1_first(fakes):
    record = fakes.record(entries(fakes), config=config(fakes))
    table = ablation_table(record, None, PAIRS)
    rows = fakes.rows(table, by="Label")
    assert list(rows) == ["npo_no_l1", "npo"]
    assert [row["L1 searched"] for row in rows.values()] == [False, True]
    assert [row["Method"] for row in rows.values()] == ["npo", "npo"]
    assert [row["Log Forget Quality"] for row in rows.values()] == [-9.0, -4.0]
    assert [row["L1"] for row in rows.values()] == [0.0, 0.01]
    assert [row["Trials"] for row in rows.values()] == [2, 2]
    assert "(rank 8, alpha 32)" in table.notes[0]
    assert "Difference" not in [column.heading for column in table.columns]


@pytest.mark.parametrize("turned", [False, True])
def test_with_finalists_it_says_what_l1_changes_whichever_was_compared_with_which(fakes, turned):
    finals = fakes.finals(
        fakes.final("npo", 1, retain=0.8, quality=-4.0, rank=1),
        fakes.final("npo_no_l1", 0, retain=0.8, quality=-9.0, rank=2),
        comparisons=(
            fakes.compared("npo_no_l1", "npo", -5.0, p=0.01)
            if turned
            else fakes.compared("npo", "npo_no_l1", 5.0, p=0.01),
        ),
    )
    record = fakes.record(entries(fakes), config=config(fakes))
    rows = fakes.rows(ablation_table(record, finals, PAIRS), by="Label")
    change = rows["npo"]["Difference"]
    assert change == (Estimate(5.0, 4.25, 5.5) if turned else Estimate(5.0, 4.5, 5.75))
    assert rows["npo"]["p"] == 0.01
    assert rows["npo_no_l1"]["Difference"] is None
    assert rows["npo_no_l1"]["Log Forget Quality"].mean == -9.0


def test_a_label_without_a_finalist_changes_nothing_but_has_its_row(fakes):
    finals = fakes.finals(fakes.final("npo", 1, retain=0.8, quality=-4.0, rank=1))
    record = fakes.record(entries(fakes), config=config(fakes))
    rows = fakes.rows(ablation_table(record, finals, PAIRS), by="Label")
    assert rows["npo"]["Difference"] is None
    assert rows["npo_no_l1"]["Note"] == "not run again yet"


def test_the_note_says_as_many_trials_only_where_there_are(fakes):
    both = ablation_table(fakes.record(entries(fakes), config=config(fakes)), None, PAIRS)
    assert "and as many trials; with L1" in both.notes[0]
    fewer = ablation_table(fakes.record(entries(fakes)[:-1], config=config(fakes)), None, PAIRS)
    assert "but not as many trials; with L1" in fewer.notes[0]
