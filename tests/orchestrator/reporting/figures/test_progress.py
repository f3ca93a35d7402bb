from dataclasses import replace

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import progress
from orchestrator.reporting.figures.progress import progress_figure
from orchestrator.results.chance import Chance
from orchestrator.searching.settings import SearchSettings


def test_where_the_original_s_interval_ends_is_drawn_if_a_method_got_no_further(
    lively, monkeypatch, tmp_path
):
    kept = []
    monkeypatch.setattr(progress, "save", lambda figure, folder, name: kept.append(figure) or [])
    progress_figure(figure_data_of(replace(lively, chance=Chance(-45.0)), None), tmp_path)
    (figure,) = kept
    assert list(figure.axes[0].lines[0].get_ydata()) == [-45.0, -45.0]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[-1] == "up to here no\nbetter than Original"


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


def test_of_several_objectives_the_volume_is_drawn(lively, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(progress, "save", lambda figure, folder, name: kept.append(figure) or [])
    search = SearchSettings(objective=("log_forget_quality", "retain"))
    config = lively.config.model_copy(update={"search": search})
    shown = figure_data_of(replace(lively, config=config, chance=Chance(-45.0)), None)
    progress_figure(shown, tmp_path)
    (figure,) = kept
    heights = figure.axes[0].lines[0].get_ydata()
    assert list(heights) == sorted(heights)
    assert figure.axes[0].get_ylabel() == "Hypervolume (higher is better)"
    said = "Feasible hypervolume in Log Forget Quality and Retain so far"
    assert said in [text.get_text() for text in figure.texts]
