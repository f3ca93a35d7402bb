from dataclasses import replace

from orchestrator.reporting.charts.importance import Weight
from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import importance
from orchestrator.reporting.figures.importance import importance_figure


def weighed(fakes, *weights):
    return replace(figure_data_of(fakes.record(), None), weights=weights)


def test_a_bar_for_each_method_is_divided_among_the_hyperparameters(fakes, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(importance, "save", lambda figure, folder, name: kept.append(figure) or [])
    weights = [
        Weight("ga", "retain", 8, {"lr": 0.75, "l1": 0.25}),
        Weight("npo", "retain", 6, {"lr": 0.5, "l1": 0.25, "beta": 0.25}),
    ]
    importance_figure(weighed(fakes, *weights), tmp_path)
    (axes,) = kept[0].axes
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 0.75), (0.75, 0.25), (0, 0.5), (0.5, 0.25), (0.75, 0.25)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ga (8)", "npo (6)"]


def test_without_weights_there_is_no_figure(fakes, tmp_path):
    assert importance_figure(weighed(fakes), tmp_path) == []
