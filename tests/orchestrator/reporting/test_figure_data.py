from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.method_subset import subset_of
from orchestrator.results.ranking import axes_of, chosen_axes


def test_a_record_is_drawn_on_its_own_axes_unless_others_are_asked_for(lively):
    search = lively.config.search
    assert figure_data_of(lively, None).axes == axes_of(search)
    asked = chosen_axes(["forget", "real"], search, key="axes")
    figure_data = figure_data_of(lively, None, axes=asked)
    assert figure_data.axes == asked
    assert figure_data.bounds == lively.reference.bounds


def test_a_part_of_a_sweep_looks_like_the_whole(fakes):
    words = (
        "methods=[npo]",
        "methods.gd_no_l1={method: gd}",
        "methods.scrub_no_l1={method: scrub}",
    )
    record = fakes.record(config=fakes.config(*words))
    whole = figure_data_of(record, None).marks
    assert len(set(whole.values())) == 3
    part, _ = subset_of(record, None, ["scrub_no_l1"])
    again = figure_data_of(part, None, labels=tuple(record.config.methods)).marks
    assert again["scrub_no_l1"] == whole["scrub_no_l1"]


def test_the_hyperparameters_are_weighed_once_for_figures_and_page(lively, monkeypatch):
    calls = []
    path = "orchestrator.reporting.figure_data.weights_of"
    monkeypatch.setattr(path, lambda *_: calls.append(1) or ())
    figure_data = figure_data_of(lively, None)
    assert calls == [1]
    assert figure_data.weights == ()
