import pytest

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import training
from orchestrator.reporting.figures.training import loss_figure, probe_figure
from tests.fixtures.drawn_lines import num_lines, num_marks


@pytest.fixture
def kept(monkeypatch):
    figures = {}

    def save(figure, folder, name):
        figures[name] = figure
        return [folder / name]

    monkeypatch.setattr(training, "save", save)
    return figures


def test_probes_are_drawn_for_the_methods_that_have_them_with_the_bound(lively, kept, tmp_path):
    paths = probe_figure(figure_data_of(lively, None), tmp_path)
    assert [path.name for path in paths] == ["training_retain"]
    plots = kept["training_retain"].axes
    assert [num_lines(axes) for axes in plots] == [8, 8]
    assert [list(axes.lines[0].get_ydata()) for axes in plots] == [[0.7, 0.7]] * 2  # the bound


def test_losses_have_axes_of_their_own_and_a_trial_that_was_stopped_a_cross(lively, kept, tmp_path):
    loss_figure(figure_data_of(lively, None), tmp_path)
    plots = kept["training_loss"].axes
    assert [num_lines(axes) for axes in plots] == [8, 8, 1]
    assert [num_marks(axes) for axes in plots] == [0, 0, 1]
    assert plots[0].get_ylim() != plots[2].get_ylim()


def test_without_reports_there_is_no_figure(fakes, kept, tmp_path):
    figure_data = figure_data_of(fakes.record(), None)
    assert probe_figure(figure_data, tmp_path) == []
    assert loss_figure(figure_data, tmp_path) == []
    assert kept == {}
