import json

from orchestrator.reporting.formats.json_text import SCHEMA, json_text
from orchestrator.reporting.table import Column, Table


def read(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_whole_table_looks_like_the_golden_file(fakes, table, provenance):
    fakes.check_golden("table.json", json_text(table, provenance=provenance))


def test_cells_keep_their_types_and_every_digit(table):
    original, npo, ga, rmu = read(json_text(table))["rows"]
    assert npo["lr"] == 3.14159e-4
    assert npo["real"] == {"mean": 0.45, "low": 0.4375, "high": 0.4625}
    assert original["real"] == {"mean": 0.470001, "low": None, "high": None}
    assert ga["real"] == {"mean": 0.31, "low": "NaN", "high": "NaN"}
    assert (npo["feasible"], ga["feasible"], rmu["feasible"]) == (True, False, None)
    assert (ga["log_forget_quality"], rmu["log_forget_quality"]) == ("NaN", "-Infinity")
    assert (npo["seeds"], rmu["real"]) == (3, None)


def test_rows_are_known_by_the_columns_keys_and_the_form_says_which_it_is(table, provenance):
    form = read(json_text(table, provenance=provenance))
    assert form["schema"] == SCHEMA
    keys = [column["key"] for column in form["columns"]]
    assert keys[:4] == ["method", "lr", "real", "log_forget_quality"]
    assert all(list(row) == keys for row in form["rows"])
    assert form["infeasible"] == [2]
    assert form["best"] == [[1, "real"], [1, "log_forget_quality"]]
    assert form["provenance"]["sweep"] == "my_sweep"
    assert form["provenance"]["gaps"] == ["Trials that are not done yet: ga 2 of 4."]


def test_a_hyperparameter_of_a_columns_name_has_a_key_of_its_own():
    columns = (
        Column("Method"),
        Column("rank", parameter=True),
        Column("Rank", "d"),
        Column("rank", "d"),
    )
    table = Table(columns, (("npo", 8, 1, 2),), bold=frozenset({(0, 1)}))
    form = read(json_text(table))
    assert form["rows"] == [{"method": "npo", "parameter_rank": 8, "rank": 1, "rank_2": 2}]
    assert [column["key"] for column in form["columns"]] == list(form["rows"][0])
    assert form["best"] == [[0, "parameter_rank"]]
