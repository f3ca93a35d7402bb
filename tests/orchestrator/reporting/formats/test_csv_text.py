import csv
import io
import math

from orchestrator.reporting.formats.csv_text import csv_text


def test_the_whole_table_looks_like_the_golden_file(fakes, table):
    fakes.check_golden("table.csv", csv_text(table))


def test_every_digit_is_kept_and_an_estimate_is_three_columns(table):
    rows = {row["Method"]: row for row in csv.DictReader(io.StringIO(csv_text(table)))}
    npo = rows["npo_rt"]
    assert float(npo["lr"]) == 3.14159e-4
    ends = [float(npo[f"Real & more{end}"]) for end in ("", " low", " high")]
    assert ends == [0.45, 0.4375, 0.4625]
    assert (rows["Original"]["Real & more"], rows["Original"]["Real & more low"]) == (
        "0.470001",
        "",
    )
    assert math.isnan(float(rows["ga"]["Log Forget Quality"]))
    assert float(rows["rmu"]["Log Forget Quality"]) == -math.inf
    assert (npo["Feasible"], rows["ga"]["Feasible"], rows["rmu"]["Feasible"]) == ("yes", "no", "")
    assert npo["Repeat"] == f"python -m orchestrator.repeat {16 * 'b'}", (
        "programs get the columns that are too wide for people"
    )
