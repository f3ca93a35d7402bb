from orchestrator.reporting.published.table_3 import METHODS, METRICS, rows_of


def test_each_modality_has_three_methods_beside_the_baselines():
    for modality in ("text", "visual", "both"):
        rows = rows_of(modality)
        assert list(rows) == ["Original", "Gold", "LLMU", "SCRUB", "DPO"]
        assert all(len(row) == len(METRICS) for row in rows.values())


def test_the_figures_are_those_of_the_paper():
    assert rows_of("text")["Original"] == (0.48, 0.30, 0.51, -61.22)
    assert METHODS["visual"]["DPO"] == (0.49, 0.22, 0.49, -90.26)
    assert METHODS["both"]["LLMU"] == (0.47, 0.25, 0.51, -95.12)
