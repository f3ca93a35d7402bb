from orchestrator.reporting.drawing import drawing_of
from orchestrator.reporting.figures import parallel
from orchestrator.reporting.figures.parallel import parallel_figure


def test_a_line_for_each_measured_trial_and_an_axis_for_each_number(lively, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(parallel, "save", lambda figure, folder, name: kept.append(figure) or [])
    parallel_figure(drawing_of(lively, None), tmp_path)
    (axes,) = kept[0].axes
    upright = [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert len(upright) == 7  # lr, L1, beta, real, retain, forget, the objective
    assert len(axes.lines) - len(upright) == 17
    assert "not searched" in {text.get_text() for text in axes.texts}


def test_where_nothing_was_measured_there_is_no_figure(fakes, tmp_path):
    record = fakes.record([fakes.failed("ga", 0, "lost")])
    assert parallel_figure(drawing_of(record, None), tmp_path) == []
