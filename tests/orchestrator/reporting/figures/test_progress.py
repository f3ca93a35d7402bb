from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import progress
from orchestrator.reporting.figures.progress import progress_figure


def test_a_line_for_each_method_that_found_something_and_the_others_by_name(
    lively, monkeypatch, tmp_path
):
    kept = []
    monkeypatch.setattr(progress, "save", lambda figure, folder, name: kept.append(figure) or [])
    progress_figure(figure_data_of(lively, None), tmp_path)
    (figure,) = kept
    by_trials, by_hours = figure.axes
    assert [len(axes.lines) for axes in (by_trials, by_hours)] == [2, 2]
    assert list(by_trials.lines[0].get_xdata()) == list(range(1, 9))
    assert "Nothing feasible: rmu." in " ".join(text.get_text() for text in figure.texts)
