import csv
import io
from dataclasses import replace

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.page.table import page_table
from orchestrator.reporting.table import Column, Estimate, Table

TABLE = Table(
    columns=(
        Column("Method"),
        Column("Retain", note="more is better"),
        Column("Feasible"),
        Column("Job", wide=True),
        Column("Repeat", wide=True),
    ),
    rows=(
        ("Gold", 0.79, True, "a" * 16, "repeat a"),
        ("npo", Estimate(1 / 3, 0.25, 0.5), True, "b" * 16, "repeat b"),
        ("ga", None, False, "", ""),
    ),
    notes=("So it is.",),
    muted=frozenset({2}),
    bold=frozenset({(1, 1)}),
    num_heads=1,
)


def test_numbers_are_rounded_for_people_and_exact_beside_that():
    made = page_table("table", TABLE)
    estimate = made.rows[1].cells[1]
    assert estimate.text == "0.333 [0.250, 0.500]"
    assert (float(estimate.exact), estimate.low, estimate.high) == (1 / 3, "0.25", "0.5")
    assert estimate.is_bold
    assert [cell.exact for cell in made.rows[2].cells] == ["ga", "", "no"]


def test_what_is_exact_is_what_the_csv_says():
    made = page_table("table", TABLE)
    rows = list(csv.DictReader(io.StringIO(csv_text(TABLE))))
    for row, found in zip(rows, made.rows, strict=True):
        for column, cell in zip(made.columns, found.cells, strict=True):
            assert cell.exact == row[column.heading]


def test_wide_columns_are_left_to_the_rows_card():
    made = page_table("table", TABLE)
    assert [column.heading for column in made.columns] == ["Method", "Retain", "Feasible"]
    assert (made.rows[1].job, made.rows[1].repeat) == ("b" * 16, "repeat b")
    assert [row.is_muted for row in made.rows] == [False, False, True]
    assert made.num_heads == 1


def test_a_table_of_an_unknown_name_has_its_own_title_or_its_name():
    assert page_table("table", TABLE).title == "Methods"
    assert page_table("new_one", TABLE).title == "New one"
    titled = Table(TABLE.columns, TABLE.rows, title="Said by itself")
    assert page_table("new_one", titled).title == "Said by itself"


def test_a_row_knows_the_trial_that_it_is_of():
    columns = (Column("Method"), Column("Trial", "d"))
    made = page_table("trials", Table(columns, (("npo", 3), ("ga", None))))
    assert [(row.methods, row.trial) for row in made.rows] == [(("npo",), 3), (("ga",), None)]


def test_a_comparison_is_of_two_methods():
    columns = (Column("Metric"), Column("First"), Column("Second"))
    made = page_table("comparisons", Table(columns, (("Retain", "npo", "ga"),)))
    assert made.rows[0].methods == ("npo", "ga")


def test_metrics_come_before_the_hyperparameters():
    columns = [Column(name) for name in ("Method", "lr", "L1", "Retain", "Feasible", "Note")]
    made = page_table("table", Table(tuple(columns), (("npo", 1e-4, 0.1, 0.8, True, "so"),)))
    headings = [column.heading for column in made.columns]
    assert headings == ["Method", "Retain", "Feasible", "lr", "L1", "Note"]
    assert [cell.text for cell in made.rows[0].cells][1:4] == ["0.800", "yes", "0.000"]


def test_what_forgot_nothing_has_a_dagger_where_people_read_and_none_in_the_exact_value():
    made = page_table("table", replace(TABLE, daggered=frozenset({2})))
    first = [row.cells[0] for row in made.rows]
    assert [cell.text for cell in first] == ["Gold", "npo", "ga \u2020"]
    assert [cell.exact for cell in first] == ["Gold", "npo", "ga"]


def test_what_was_asked_for_leads_and_what_few_need_is_folded_away():
    headings = ("Method", "lr", "Retain", "Forget", "Feasible", "Seeds", "Log Forget Quality")
    columns = tuple(Column(heading) for heading in headings)
    table = Table(columns, (("npo", 1e-4, 0.8, 0.2, True, 3, -2.0),))
    made = page_table("table", table, lead=("log_forget_quality", "retain"))
    assert [column.heading for column in made.columns] == [
        *("Method", "Log Forget Quality", "Retain", "Forget", "Feasible", "lr", "Seeds"),
    ]
    assert [column.heading for column in made.columns if column.is_minor] == ["Seeds"]
    assert [cell.exact for cell in made.rows[0].cells][:3] == ["npo", "-2.0", "0.8"]
    assert not any(column.is_minor for column in page_table("trials", table).columns)
