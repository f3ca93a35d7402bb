from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.config.loading import load_config
from orchestrator.reporting.formats.latex_text import latex_text
from orchestrator.reporting.tables import published as module
from orchestrator.reporting.tables.published import published_note, published_table
from tests.fixtures.paths import CONFIGS

CLEAR = str(CONFIGS / "clear_text_llama2.yaml")
FACES = ("forget_accuracy", "holdout_accuracy", "retain_accuracy")
WORDS = ("methods=[gd, npo, simnpo]", "storage=/storage/lethe", "name=made")


class Sheets:
    """A storage whose sheets are the metrics themselves."""

    root = Path("/storage/lethe")

    def __init__(self, sheets):
        self._sheets = sheets

    def sheet(self, job_hash):
        return self._sheets[job_hash]


@pytest.fixture
def record(fakes, monkeypatch):
    """A sweep of the paper's setting; each sheet measures ten times what the search has seen."""
    entries = [
        *fakes.baselines(),
        fakes.trial("gd", 0, retain=0.75, quality=-1.0),
        fakes.trial("gd", 1, retain=0.75, quality=-2.0),
        fakes.trial("npo", 0, retain=0.1, quality=-0.1),
        fakes.trial("simnpo", 0, retain=0.8, quality=-3.0),
    ]
    made = fakes.record(entries, config=load_config(CLEAR, list(WORDS)))
    sheets = {entry.result.job.hash: entry.result.metrics for entry in entries}
    runs = fakes.final("gd", 0, retain=0.7, quality=-5.0, rank=1).results
    sheets |= {run.job.hash: fakes.metrics(0.7, -10 - i) for i, run in enumerate(runs)}
    monkeypatch.setattr(
        module, "measure", lambda sheet, gold, names: {n: 10 * sheet[n] for n in names}
    )
    return replace(made, storage=Sheets(sheets))


def test_what_is_measured_on_all_items_stands_beside_the_published_figures(fakes, record):
    table = published_table(record, None, ("gd", "npo", "simnpo"))
    rows = fakes.rows(table)
    assert list(rows) == ["Original", "Gold", "gd", "npo", "simnpo"]
    headings = [column.heading for column in table.columns]
    assert headings[1:5] == ["Real", "Real (CLEAR)", "Retain", "Retain (CLEAR)"]
    gd = rows["gd"]
    assert (gd["Log Forget Quality"], gd["Log Forget Quality (CLEAR)"]) == (-10.0, -48.59)
    assert gd["Retain (CLEAR)"] == 0.13
    assert gd["Seeds"] == 1


def test_the_figures_of_a_method_that_failed_here_still_stand_there(fakes, record):
    npo = fakes.rows(published_table(record, None, ("npo",)))["npo"]
    assert (npo["Retain"], npo["Retain (CLEAR)"]) == (None, 0.28)
    assert npo["Note"].startswith("no feasible trial here; the published code does")


def test_what_was_not_published_is_not_made_up(fakes, record):
    row = fakes.rows(published_table(record, None, ("simnpo",)))["simnpo"]
    assert (row["Retain"], row["Retain (CLEAR)"], row["Note"]) == (8.0, None, "not published")


def test_finalists_are_the_mean_over_their_seeds(fakes, record):
    finals = fakes.finals(fakes.final("gd", 0, retain=0.7, quality=-5.0, rank=1))
    gd = fakes.rows(published_table(record, finals, ("gd",)))["gd"]
    assert gd["Log Forget Quality"] == pytest.approx(-105)
    assert gd["Seeds"] == 2


def test_the_published_baselines_of_pictures_stand_beside_those_here(fakes, monkeypatch):
    vision = load_config(str(CONFIGS / "clear_vision_resnet18.yaml"), ["methods=[twins]"])
    made = fakes.record([*fakes.baselines()], config=vision)
    monkeypatch.setattr(module, "measure", lambda *_: dict.fromkeys(FACES, 0.5))
    sheets = {entry.result.job.hash: {} for entry in made.entries}
    table = published_table(replace(made, storage=Sheets(sheets)), None, ("twins",))
    rows = fakes.rows(table)
    gold = rows["Gold"]
    assert (gold["Forget Accuracy"], gold["Forget Accuracy (CLEAR)"]) == (0.5, 0.1543)
    assert rows["twins"]["Retain Accuracy (CLEAR)"] == 0.9972
    assert table.title.endswith("beside CLEAR's Table 2")


def test_the_note_says_where_the_table_is(record):
    assert published_note(record).endswith("see the table published.")


def test_another_setting_has_no_table_but_a_note_that_says_why(fakes):
    record = fakes.record()
    assert published_table(record, None, ("ga",)) is None
    assert published_note(record) == (
        "CLEAR's published figures are of another setting: the benchmark is characters, not TOFU."
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Here lr and L1 are searched under a constraint; there"),
        (("search.constraints.retain=null",), "Here lr and L1 are searched, unconstrained; there"),
        (("search.l1=null",), "Here lr is searched under a constraint; there"),
        (
            ("methods.gd.search.l1=null",),
            "Here lr and L1 of 2 of 3 methods are searched under a constraint; there",
        ),
    ],
)
def test_only_what_is_searched_is_said_to_be(record, words, said):
    made = replace(record, config=load_config(CLEAR, [*WORDS, *words]))
    notes = published_table(made, None, ()).notes
    assert any(note.startswith(said) for note in notes)
    assert any("those that the search has selected on among them" in note for note in notes)


def test_all_figures_have_room_side_by_side_on_paper(record):
    text = latex_text(published_table(record, None, ("gd", "npo", "simnpo")))
    assert text.count(r"\begin{tabular}{lrrrrrrrr}") == text.count(r"\begin{tabular}") == 1
    assert r"\footnotesize\setlength" in text
