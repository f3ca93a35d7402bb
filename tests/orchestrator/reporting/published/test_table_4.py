from orchestrator.reporting.published.table_4 import METRICS, WITH_L1, WITHOUT_L1, all_rows


def test_each_method_is_there_without_and_with_l1():
    assert list(WITHOUT_L1) == list(WITH_L1)
    rows = all_rows()
    assert len(rows) == 2 + 2 * 10
    assert all(len(row) == len(METRICS) for row in rows.values())


def test_the_figures_are_those_of_the_paper():
    rows = all_rows()
    assert rows["GA"] == (0.32, 0.00, 0.00, -13.04)
    assert rows["GA, L1"] == (0.49, 0.50, 0.37, -61.22)
    assert rows["SCRUB, L1"] == (0.50, 0.51, 0.35, -61.22)
