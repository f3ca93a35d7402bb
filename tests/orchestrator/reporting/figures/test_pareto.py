import random
import struct
import subprocess
import sys
from dataclasses import replace

import pytest
from matplotlib.colors import to_hex

from evals import plugins
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures import pareto
from orchestrator.reporting.figures.pareto import pareto_figure
from orchestrator.reporting.method_styles import VARIANTS, marks_of
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import axes_of
from orchestrator.searching.constraints import Bound, Constraint, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase
from trainers.method import PACKAGE

BOUNDS = (Bound("retain", "at_least", 0.7),)


def entry(label, metrics, *, phase=Phase.TRIAL):
    job = any_job(phase)
    state = State.DONE if metrics else State.FAILED
    result = Result(job, state, "" if metrics else "lost", metrics, {}, 1.0, (), 0.0)
    measured = phase == Phase.TRIAL and metrics
    return Entry(label, result, 0, {}, violations(BOUNDS, metrics) if measured else None)


def measured(retain, quality):
    return {"retain": retain, "log_forget_quality": quality, "forget": 0.4}


BASELINES = [
    entry("gold", measured(0.79, 0.0), phase=Phase.GOLD),
    entry("original", measured(0.78, -61.0), phase=Phase.ORIGINAL),
]


def scattered(labels, *, worst, num_each=4):
    draw = random.Random(7)
    return [
        entry(label, measured(draw.uniform(0.1, 0.8), worst * draw.random()))
        for label in labels
        for _ in range(num_each)
    ]


PLAIN = [name for name in plugins.names(PACKAGE) if not any(part in name for part in VARIANTS)]
CASES = {
    "one method": scattered(["npo"], worst=-30.0),
    "every plain method": scattered(PLAIN, worst=-400.0, num_each=2),
    "one trial": [entry("npo", measured(0.75, -3.0))],
    "none feasible": [entry("ga", measured(0.1, -300.0)), entry("ga", measured(0.2, -90.0))],
    "all failed": [entry("npo", {}), entry("ga", {})],
    "labels of one's own": scattered(["mine", "a" * 80], worst=-5.0),
    "equal points": [entry(label, measured(0.75, -3.0)) for label in ("ga", "gd", "kl")],
}


def figure_data(entries, *, bounds=BOUNDS, finals=None, axes=None, **search):
    settings = SearchSettings(**search)
    marks = marks_of({entry.label for entry in entries})
    return FigureData(entries, settings, bounds, axes or axes_of(settings), marks, finals)


def draw(entries, folder, **settings):
    made = pareto_figure(figure_data(entries, **settings), folder)
    assert made == [folder / "pareto.png", folder / "pareto.pdf"]
    return made[0]


def size_of(path):
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", header[16:24])


@pytest.mark.slow
@pytest.mark.parametrize("trials", CASES.values(), ids=CASES.keys())
def test_the_figure_is_a_png_of_readme_size_whatever_came_out(trials, tmp_path):
    path = draw([*BASELINES, *trials], tmp_path)
    assert path == tmp_path / "pareto.png"
    assert size_of(path) == (1600, 900)


def test_the_figure_is_higher_where_the_legend_has_more_lines_than_fit(tmp_path):
    trials = scattered(plugins.names(PACKAGE), worst=-400.0, num_each=2)
    width, height = size_of(draw([*BASELINES, *trials], tmp_path))
    assert width == 1600
    assert 900 < height < 1200


def test_an_objective_of_which_less_is_better_is_drawn(tmp_path):
    path = draw([*BASELINES, *CASES["one method"]], tmp_path, objective="forget")
    assert size_of(path) == (1600, 900)


@pytest.mark.parametrize("bounds", [(), (Bound("forget", "at_most", 0.3), *BOUNDS * 4)])
def test_any_number_of_bounds_is_drawn(bounds, tmp_path):
    constraints = {"forget": Constraint(at_most=0.5)}
    entries = [*BASELINES, *CASES["one method"]]
    path = draw(entries, tmp_path, bounds=bounds, constraints=constraints)
    assert size_of(path) == (1600, 900)


@pytest.mark.slow
def test_equal_sweeps_give_equal_files_and_others_do_not(tmp_path):
    first = draw([*BASELINES, *CASES["one method"]], tmp_path).read_bytes()
    assert draw([*BASELINES, *CASES["one method"]], tmp_path).read_bytes() == first
    assert draw([*BASELINES, *CASES["one trial"]], tmp_path).read_bytes() != first


def test_nothing_but_the_figure_is_left_in_the_folder(tmp_path):
    draw(BASELINES, tmp_path)
    draw(BASELINES, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pareto.pdf", "pareto.png"]


def test_finalists_make_another_figure(tmp_path, fakes):
    trials = [*BASELINES, *CASES["one method"]]
    first = draw(trials, tmp_path).read_bytes()
    finals = fakes.finals(fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=1))
    path = draw(trials, tmp_path, finals=finals)
    assert path.read_bytes() != first
    assert size_of(path) == (1600, 900)


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Returns `kept(...)`: the figure as matplotlib has it, in place of its files."""
    found = []
    monkeypatch.setattr(pareto, "save", lambda figure, folder, name: found.append(figure) or [])

    def build(entries, **settings):
        pareto_figure(figure_data(entries, **settings), tmp_path)
        return found.pop()

    return build


def test_an_infeasible_finalist_is_hollow_and_the_legend_says_so(kept, fakes):
    finals = fakes.finals(
        fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=1),
        fakes.final("ga", 0, retain=0.65, quality=-9.0, rank=None),
    )
    figure = kept([*BASELINES, *scattered(["npo", "ga"], worst=-30.0)], finals=finals)
    (axes,) = figure.axes
    large = [one for one in axes.collections if one.get_sizes()[0] == pareto.LARGE]
    faces = {tuple(one.get_offsets()[0]): to_hex(one.get_facecolor()[0]) for one in large}
    assert faces[0.65, -9.0] == "#ffffff"
    assert faces[0.75, -4.0] == marks_of(["npo"])["npo"].colour.lower()
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "finalist, infeasible" in said
    assert any("Small: the search's trials" in text.get_text() for text in axes.texts)


def test_baselines_are_below_the_finalists(kept, fakes):
    finals = fakes.finals(fakes.final("npo", 1, retain=0.75, quality=-4.0, rank=1))
    (axes,) = kept([*BASELINES, *CASES["one method"]], finals=finals).axes
    baselines = [one for one in axes.collections if one.get_sizes()[0] > pareto.LARGE]
    finalists = [one for one in axes.collections if one.get_sizes()[0] == pareto.LARGE]
    assert len(baselines) == 2
    assert max(one.get_zorder() for one in baselines) < finalists[0].get_zorder()


def test_variants_of_one_sweep_do_not_look_the_same(kept):
    labels = [f"{name}_no_l1" for name in plugins.names(PACKAGE)]
    figure = kept([*BASELINES, *scattered(labels, worst=-30.0)])
    looks = {
        (line.get_marker(), line.get_markerfacecolor())
        for line in figure.legends[0].get_lines()[2 : 2 + len(labels)]
    }
    assert len(looks) == len(labels)


@pytest.mark.slow
def test_drawing_leaves_pyplot_alone_and_needs_no_display(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from orchestrator.searching.settings import SearchSettings\n"
        "from orchestrator.results.ranking import axes_of\n"
        "from orchestrator.reporting.figure_data import FigureData\n"
        "from orchestrator.reporting.figures.pareto import pareto_figure\n"
        "search = SearchSettings()\n"
        "assert 'matplotlib' not in sys.modules\n"
        "pareto_figure(FigureData((), search, (), axes_of(search), {}), Path(sys.argv[1]))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)
    assert size_of(tmp_path / "pareto.png") == (1600, 900)


def test_what_forgot_nothing_is_struck_out_off_the_front_and_in_the_legend(monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(pareto, "save", lambda figure, folder, name: kept.append(figure) or [])
    idle = replace(entry("ga", measured(0.78, -60.0)), forgot=False)
    better = replace(entry("npo", measured(0.75, -3.0)), forgot=True)
    figure_data = FigureData(
        (*BASELINES, idle, better),
        SearchSettings(),
        BOUNDS,
        axes_of(SearchSettings()),
        marks_of(["ga", "npo"]),
    )
    pareto_figure(figure_data, tmp_path)
    (figure,) = kept
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "no better than Original" in texts
    bars = [c for c in figure.axes[0].collections if c.get_linewidths()[0] == 1.5]
    assert [bar.get_offsets().tolist() for bar in bars] == [[[0.78, -60.0]]] * 2, "small and large"
    fronts = [line for line in figure.axes[0].lines if line.get_drawstyle() == "steps-pre"]
    assert [list(line.get_xdata()) for line in fronts] == [[0.75]]
