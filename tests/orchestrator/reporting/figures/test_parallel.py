from orchestrator.reporting import figure_data
from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures import parallel
from orchestrator.reporting.figures.parallel import parallel_figure
from orchestrator.reporting.method_styles import COLOURS, _mark
from tests.fixtures.drawn_lines import num_lines


def test_a_line_for_each_measured_trial_and_an_axis_for_each_number(lively, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(parallel, "save", lambda figure, folder, name: kept.append(figure) or [])
    parallel_figure(figure_data_of(lively, None), tmp_path)
    (axes,) = kept[0].axes
    upright = [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert len(upright) == 7  # lr, L1, beta, real, retain, forget, the objective
    best = len(axes.lines) - len(upright)
    assert best == 2
    assert best + num_lines(axes) == 17
    assert "not searched" in {text.get_text() for text in axes.texts}


def test_where_nothing_was_measured_there_is_no_figure(fakes, tmp_path):
    record = fakes.record([fakes.failed("ga", 0, "lost")])
    assert parallel_figure(figure_data_of(record, None), tmp_path) == []


def test_a_metric_without_a_value_is_not_called_a_setting_that_was_not_searched(
    fakes, monkeypatch, tmp_path
):
    kept = []
    monkeypatch.setattr(parallel, "save", lambda figure, folder, name: kept.append(figure) or [])
    odd = fakes.trial("ga", 0)
    odd.result.metrics["forget"] = float("nan")
    parallel_figure(figure_data_of(fakes.record([*fakes.baselines(), odd]), None), tmp_path)
    texts = {text.get_text() for text in kept[0].axes[0].texts}
    assert "no value" in texts
    assert "not searched" not in texts
    assert kept[0].texts[1].get_text().startswith("1 measured trial;")


def test_lines_of_one_colour_differ_and_one_that_was_stopped_ends_in_a_cross(
    lively, monkeypatch, tmp_path
):
    kept = []
    monkeypatch.setattr(parallel, "save", lambda figure, folder, name: kept.append(figure) or [])
    places = {"ga": 0, "npo": 1, "rmu": len(COLOURS)}
    marks = {label: _mark(place) for label, place in places.items()}
    monkeypatch.setattr(figure_data, "marks_of", lambda labels: {n: marks[n] for n in labels})
    parallel_figure(figure_data_of(lively, None), tmp_path)
    (figure,) = kept
    signs = {
        text.get_text(): (line.get_color(), line.get_linestyle(), line.get_marker())
        for text, line in zip(
            figure.legends[0].get_texts(), figure.legends[0].get_lines(), strict=True
        )
    }
    assert signs["ga"][0] == signs["rmu"][0] == COLOURS[0]
    assert signs["ga"][1] != signs["rmu"][1]
    assert signs["ga"][2] != signs["rmu"][2]
    assert "stopped early" in signs
