from orchestrator.reporting.published.table_2 import METRICS, RESNET


def test_every_row_has_a_share_for_each_metric():
    assert len(RESNET) == 10
    for row in RESNET.values():
        assert len(row) == len(METRICS)
        assert all(0 <= share <= 1 for share in row)


def test_the_figures_are_those_of_the_paper():
    # Forget, holdout and retain accuracy, in per cent there.
    assert RESNET["Gold"] == (0.1543, 0.1504, 0.9752)
    assert RESNET["Twins"] == (0.5, 0.2034, 0.9972)
