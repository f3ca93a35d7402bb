from dataclasses import replace

import pytest

from orchestrator.reporting.formats.paper import (
    LONGEST,
    SCRIPT,
    SMALL,
    apart,
    blocks,
    column_widths,
    cut,
    lines,
    on_paper,
    wordy,
)
from orchestrator.reporting.table import Column, Estimate, Printed, Table

COLUMNS = (
    Column("Method"),
    Column("lr", ".2e", printed=Printed.APART),
    Column("Retain"),
    Column("State", printed=Printed.NOWHERE),
    Column("beta", ".3g", printed=Printed.APART, parameter=True),
    Column("layer", "d", printed=Printed.APART, parameter=True),
    Column("Note", printed=Printed.APART),
    Column("Repeat", wide=True),
)
TABLE = Table(
    COLUMNS,
    (
        ("npo", 1e-4, 0.8, "done", 0.25, None, "", "repeat a"),
        ("rmu", 2e-4, 0.7, "done", None, 2, "1 of 3 runs failed", "repeat b"),
    ),
    notes=("Feasible: retain >= 0.7.",),
    title="Finalists",
    muted=frozenset({1}),
    bold=frozenset({(0, 2)}),
)


def headings(table):
    return [column.heading for column in table.columns]


def test_paper_has_neither_what_stands_apart_nor_what_machines_read():
    paper = on_paper(TABLE)
    assert headings(paper) == ["Method", "Retain"]
    assert paper.rows == (("npo", 0.8), ("rmu", 0.7))
    assert paper.bold == {(0, 1)}, "the cell has moved"
    assert (paper.muted, paper.notes) == (TABLE.muted, TABLE.notes)


def test_what_stands_apart_is_a_table_with_the_remarks_on_rows_below():
    second = apart(TABLE)
    assert second is not None
    assert headings(second) == ["Method", "lr", "beta", "layer"]
    assert second.title == "Finalists: settings"
    assert second.notes == ("rmu: 1 of 3 runs failed.",)
    assert apart(replace(TABLE, columns=COLUMNS[:1], rows=(("npo",),))) is None


def test_hyperparameters_that_few_rows_have_share_a_column():
    paper = on_paper(apart(TABLE))
    assert headings(paper) == ["Method", "lr", "Hyperparameters"]
    assert [row[2] for row in paper.rows] == ["beta 0.25", "layer 2"]


def test_a_column_that_is_empty_takes_no_room():
    columns = (Column("Method"), Column("Rank", "d"), Column("Reason"))
    assert headings(on_paper(Table(columns, (("npo", None, ""), ("ga", 2, ""))))) == [
        "Method",
        "Rank",
    ]
    assert headings(on_paper(Table(columns, ()))) == ["Method", "Rank", "Reason"]


def test_what_is_too_wide_is_broken_into_blocks_that_each_tell_their_rows_apart():
    columns = (Column("Method"), Column("Trial", "d"), *(Column(f"m{i}") for i in range(12)))
    rows = tuple(("npo", i, *(0.5,) * 12) for i in range(3))
    parts = blocks(Table(columns, rows, bold=frozenset({(1, 13)})), 200.0, SMALL)
    assert len(parts) > 1
    assert all(headings(part)[:2] == ["Method", "Trial"] for part in parts)
    assert [h for part in parts for h in headings(part)[2:]] == [f"m{i}" for i in range(12)]
    assert all(sum(column_widths(part, SMALL)) <= 200 for part in parts)
    assert parts[-1].bold == {(1, len(parts[-1].columns) - 1)}
    assert len(blocks(Table(columns, rows), 1000.0, SMALL)) == 1
    assert len(blocks(Table(columns, rows), 200.0, SCRIPT)) < len(parts)


def test_an_interval_needs_less_room_below_its_mean_than_beside_it():
    beside = Table((Column("Retain"),), (("0.500 [0.400, 0.600]",),))
    below = Table((Column("Retain"),), ((Estimate(0.5, 0.4, 0.6),),))
    assert column_widths(below, SMALL)[0] < 0.75 * column_widths(beside, SMALL)[0]


def test_long_texts_are_broken_into_lines_but_never_the_names_of_rows():
    table = Table((Column("Method"), Column("Reason")), (("m" * 40, "r" * 40),))
    assert wordy(table) == [False, True]
    assert column_widths(table, SMALL)[1] < 100


def test_a_reason_that_is_too_long_ends_at_its_colon_or_where_it_must():
    assert cut("stopped at step 3 of 9: " + 60 * "x") == "stopped at step 3 of 9"
    assert cut("short: and\nsweet") == "short: and sweet"
    hard = cut(100 * "y")
    assert len(hard) == LONGEST
    assert hard.endswith("...")
    assert cut(f"{100 * 'y'}: z") == hard


@pytest.mark.parametrize(
    ("heading", "made"),
    [
        ("Log Forget Quality", ("Log Forget", "Quality")),
        ("Trials used", ("Trials", "used")),
        ("Method", ("Method",)),
        ("log_forget_quality", ("log_forget_quality",)),
    ],
)
def test_long_headings_are_two_lines(heading, made):
    assert lines(heading) == made
