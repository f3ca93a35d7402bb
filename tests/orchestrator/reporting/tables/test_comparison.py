from orchestrator.reporting.table import Estimate
from orchestrator.reporting.tables.comparison import comparison_table


def test_every_pair_of_the_methods_asked_for_has_a_row_for_each_metric(fakes):
    comparisons = (
        fakes.compared("ga", "npo", -16.75, p=0.03),
        fakes.compared("ga", "rmu", 1.0, p=0.5),
        fakes.compared("ga", "npo", -0.05, p=0.4, metric="retain"),
    )
    table = comparison_table(fakes.finals(comparisons=comparisons), ("npo", "ga"))
    assert [row[:3] for row in table.rows] == [
        ("Log Forget Quality", "ga", "npo"),
        ("Retain", "ga", "npo"),
    ]
    row = fakes.rows(table, by="Metric")["Log Forget Quality"]
    assert row["Difference"] == Estimate(-16.75, -17.25, -16.0)
    assert (row["p"], row["Told apart"], row["Seeds"]) == (0.03, True, 2)
    assert fakes.rows(table, by="Metric")["Retain"]["Told apart"] is False
