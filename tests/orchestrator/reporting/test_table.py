import math

from orchestrator.reporting.table import Column, Estimate, Table, readable, shown, to_the_right


def test_a_columns_name_for_machines_comes_from_its_heading():
    assert Column("Log Forget Quality").name == "log_forget_quality"
    assert Column("CPU-hours given").name == "cpu_hours_given"
    assert Column("Real (CLEAR)", key="real_clear").name == "real_clear"


def test_cells_are_rounded_as_their_column_says():
    assert shown(0.12345, Column("a")) == "0.123"
    assert shown(-0.0001, Column("a")) == "0.000", "there is no minus zero"
    assert shown(3.14e-4, Column("a", ".2e")) == "3.14e-04"
    assert shown(0.0, Column("a", ".2e")) == "0"
    assert shown(True, Column("a")) == "yes"
    assert shown(False, Column("a", "d")) == "no", "which is no number"
    assert (shown(None, Column("a")), shown("a\nb", Column("a"))) == ("", "a b")
    assert shown("a\r\nb\rc\u2028d", Column("a")) == "a b c d"


def test_an_estimate_without_an_interval_is_its_mean():
    assert shown(Estimate(0.5, 0.4, 0.6), Column("a")) == "0.500 [0.400, 0.600]"
    assert shown(Estimate(0.5, math.nan, math.nan), Column("a")) == "0.500"


def test_people_see_no_wide_columns_and_numbers_to_the_right():
    columns = (Column("Method"), Column("Job", wide=True), Column("Retain"), Column("Feasible"))
    table = Table(columns, (("npo", "abc", None, True), ("ga", "def", 0.5, False)))
    assert readable(table) == [
        ["Method", "Retain", "Feasible"],
        ["npo", "", "yes"],
        ["ga", "0.500", "no"],
    ]
    assert to_the_right(table) == [False, True, False]
    assert Table(columns, ()).numeric == (False,) * 4


def test_what_is_to_be_known_of_columns_comes_before_the_notes():
    columns = (Column("Retain", note="without ROUGE"), Column("Job", note="unseen", wide=True))
    assert Table(columns, (), ("A note.",)).all_notes == ("Retain: without ROUGE", "A note.")


def test_no_two_columns_have_the_same_key():
    columns = (Column("L1"), Column("l1"), Column("Note"), Column("note", parameter=True))
    assert Table(columns, ()).keys == ("l1", "l1_2", "note", "parameter_note")
    taken = (*columns[2:], Column("parameter_note", parameter=True))
    assert len(set(Table(taken, ()).keys)) == 3
