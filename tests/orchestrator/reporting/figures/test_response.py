import pytest

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import response
from orchestrator.reporting.figures.response import response_figure


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Returns `drawn(record)`: the figure as matplotlib has it, in place of its files."""
    kept = []
    monkeypatch.setattr(response, "save", lambda figure, folder, name: kept.append(figure) or [])

    def draw(record):
        response_figure(figure_data_of(record, None), tmp_path)
        return kept.pop() if kept else None

    return draw


def said(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_there_is_a_plot_for_each_method_and_a_scale_of_colours(drawn, lively):
    figure = drawn(lively)
    assert len(figure.axes) == 4  # GA, NPO, RMU and the scale


def test_the_boundary_is_drawn_and_explained_only_where_trials_tell_it(drawn, lively, fakes):
    figure = drawn(lively)
    lines = [len(axes.lines) for axes in figure.axes[:3]]
    assert lines[0] > 0
    assert lines[2] == 0
    assert "Boundary" in said(figure)
    few = drawn(fakes.record())
    assert not any(axes.lines for axes in few.axes)
    assert "No boundary" in said(few)


def test_both_axes_are_logarithmic_with_a_place_for_an_l1_of_zero(drawn, fakes):
    entries = [*fakes.baselines(), fakes.trial("ga", 0, l1=0.0), fakes.trial("ga", 1, l1=0.1)]
    axes = drawn(fakes.record(entries)).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    heights = [points.get_offsets()[0][1] for points in axes.collections]
    assert min(heights) == 0.01
    assert "0" in [label.get_text() for label in axes.get_yticklabels()]


def test_where_every_l1_is_zero_its_axis_is_linear(drawn, fakes):
    entries = [*fakes.baselines(), fakes.trial("ga", 0, l1=0.0)]
    assert drawn(fakes.record(entries)).axes[0].get_yscale() == "linear"


def test_a_sweep_without_a_trial_has_none(drawn, fakes):
    assert drawn(fakes.record(fakes.baselines())) is None


def test_a_short_axis_has_round_numbers_and_no_others(drawn, fakes):
    trials = [fakes.trial("ga", i, lr=lr, l1=0.1) for i, lr in enumerate((1e-3, 2e-3, 5e-3))]
    axes = drawn(fakes.record([*fakes.baselines(), *trials])).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.001", "0.002", "0.005"]
    assert not [text for text in axes.get_xticklabels(minor=True) if text.get_text()]
    assert not [text for text in axes.get_yticklabels(minor=True) if text.get_text()]


@pytest.mark.parametrize(
    "values", [(-400.0, -400.0), (-90.0, -60.0), (-3.0, -3.0), (0.0, 0.0), (-200.0, -1.0)]
)
def test_the_scale_of_colours_has_at_least_two_numbers(values, drawn, fakes):
    trials = [fakes.trial("ga", i, quality=value) for i, value in enumerate(values)]
    scale = drawn(fakes.record([*fakes.baselines(), *trials])).axes[-1]
    low, high = scale.get_ylim()
    inside = [
        text.get_text()
        for tick, text in zip(scale.get_yticks(), scale.get_yticklabels(), strict=True)
        if low <= tick <= high
    ]
    assert len(set(inside)) >= 2


def test_a_trial_that_was_stopped_has_no_colour_and_the_legend_says_why(drawn, lively):
    figure = drawn(lively)
    (stopped,) = [one for one in figure.axes[2].collections if one.get_linewidth()[0] == 0.7]
    assert len(stopped.get_facecolor()) == 0
    said_below = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "stopped early" in said_below
    assert "not stopped" in said(figure)
