import subprocess
import sys
from dataclasses import replace

import pytest

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.figures.all_figures import figures_of

pytestmark = pytest.mark.slow

NAMES = (
    "pareto",
    "response",
    "progress",
    "training_retain",
    "training_loss",
    "parallel",
    "importance",
)


def stems(paths):
    return [path.stem for path in paths if path.suffix == ".png"]


def test_a_sweep_has_every_figure_as_png_and_pdf_and_an_equal_sweep_equal_ones(lively, tmp_path):
    paths = figures_of(figure_data_of(lively, None), tmp_path)
    assert stems(paths) == list(NAMES)
    assert {path.name for path in paths} == {f"{n}.{k}" for n in NAMES for k in ("png", "pdf")}
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    first = {path.name: path.read_bytes() for path in paths}
    again = figures_of(figure_data_of(lively, None), tmp_path)
    assert first == {path.name: path.read_bytes() for path in again}


def test_what_has_nothing_to_show_is_left_out(fakes, tmp_path):
    record = fakes.record([*fakes.baselines(), fakes.failed("ga", 0, "lost")])
    assert stems(figures_of(figure_data_of(record, None), tmp_path)) == [
        "pareto",
        "response",
        "progress",
    ]
    empty = fakes.record(fakes.baselines())
    assert stems(figures_of(figure_data_of(empty, None), tmp_path)) == ["pareto"]


def test_without_baselines_there_is_no_figure(fakes, tmp_path):
    record = replace(fakes.record(), reference=None, entries=())
    assert figures_of(figure_data_of(record, None), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "overrides",
    [
        ["search.objective=forget_no_rouge", "evaluation.metrics=[retain, forget_no_rouge]"],
        ["search.constraints.retain=null"],
        ["search.l1=null"],
    ],
    ids=["less is better", "nothing constrained", "no L1"],
)
def test_other_searches_are_drawn_too(overrides, fakes, tmp_path):
    config = fakes.config(*overrides)
    bounds = fakes.bounds if config.search.constraints else ()
    trials = [
        fakes.trial("npo", i, l1=0.0 if config.search.l1 is None else 1e-2, bounds=bounds)
        for i in range(3)
    ]
    entries = [*fakes.baselines(), *trials]
    for entry in entries:
        entry.result.metrics["forget_no_rouge"] = 0.3
    record = fakes.record(entries, config=config, bounds=bounds)
    assert stems(figures_of(figure_data_of(record, None), tmp_path)) == [
        "pareto",
        "response",
        "progress",
        "parallel",
    ]


def test_figures_need_no_display_and_no_pyplot(tmp_path):
    code = (
        "import sys\n"
        "import orchestrator.reporting.figures.all_figures\n"
        "from orchestrator.reporting.figures.canvas import new_figure\n"
        "assert 'matplotlib' not in sys.modules\n"
        "new_figure()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
