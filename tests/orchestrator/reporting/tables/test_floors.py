"""What is told without being taught stands beside every table that compares models."""

from dataclasses import replace

import pytest

from orchestrator.reporting.table import Column, Table
from orchestrator.reporting.tables.floors import with_floors
from orchestrator.reporting.tables.search import search_table

FACTS = {
    "moved": 1.0,
    "floor/Raw pixels/retain": 0.25,
    "floor/Raw pixels/forget": 0.125,
    "floor/Before training/retain": 0.5,
    "floor_held_out/Raw pixels/retain": 0.75,
}


@pytest.fixture
def record(fakes):
    made = fakes.record([*fakes.baselines(), fakes.trial("npo", 0, forget=0.1, retain=0.8)])
    original = replace(made.reference.original, facts=FACTS)
    return replace(made, reference=replace(made.reference, original=original))


def rows(table, *headings):
    places = [[column.heading for column in table.columns].index(h) for h in headings]
    return [tuple(row[i] for i in places) for row in table.rows]


def test_rows_stand_below_the_baselines_and_above_the_methods(record):
    plain = search_table(record, ["npo"])
    table = with_floors(plain, record, held_out=False)
    assert table.num_heads == plain.num_heads + 2
    found = rows(table, "Method", "Retain")
    assert found[plain.num_heads : table.num_heads] == [
        ("Raw pixels", 0.25),
        ("Before training", 0.5),
    ]
    assert found[: plain.num_heads] == rows(plain, "Method", "Retain")[: plain.num_heads]
    assert table.rows[table.num_heads :] == plain.rows[plain.num_heads :]


def test_items_that_no_search_has_seen_have_floors_of_their_own(record):
    table = with_floors(search_table(record, ["npo"]), record, held_out=True)
    assert rows(table, "Method", "Retain")[2] == ("Raw pixels", 0.75)
    assert table.num_heads == 3


def test_what_is_marked_of_a_row_stays_with_it(record):
    columns = (Column("Method"), Column("Retain"))
    marked = Table(
        columns,
        (("Original", 1.0), ("npo", 0.1), ("ga", 0.2)),
        muted=frozenset({1}),
        daggered=frozenset({2}),
        bold=frozenset({(0, 1), (2, 1)}),
        num_heads=1,
    )
    table = with_floors(marked, record, held_out=False)
    assert (table.muted, table.daggered, table.bold) == ({3}, {4}, {(0, 1), (4, 1)})


def test_a_table_without_baselines_has_them_in_a_note(record):
    table = with_floors(Table((Column("Method"),), (("npo",),)), record, held_out=False)
    assert table.notes == (
        "Without being taught: raw pixels Retain 0.250, Forget 0.125; "
        "before training Retain 0.500.",
    )
    assert table.rows == (("npo",),)


def test_a_sweep_without_floors_has_its_tables_as_they_are(fakes):
    record = fakes.record([*fakes.baselines(), fakes.trial("npo", 0, forget=0.1, retain=0.8)])
    plain = search_table(record, ["npo"])
    assert with_floors(plain, record, held_out=False) is plain
    empty = replace(record, reference=None)
    assert with_floors(plain, empty, held_out=False) is plain
