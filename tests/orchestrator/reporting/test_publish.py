import csv
import json
import re
from dataclasses import replace

import pytest

from evals.errors import ConfigError
from orchestrator.limits.steering import Steered
from orchestrator.reporting.publish import publish, publish_briefly, tables_of, with_estimates
from orchestrator.reporting.selection import selected
from orchestrator.storage.members import MemberRole

pytestmark = pytest.mark.slow

ALWAYS = {"table", "pareto", "pareto_methods", "fronts", "trials", "ledger"}


@pytest.fixture
def undrawn(monkeypatch):
    """Has no figure drawn, which takes seconds, where a test looks at none."""
    monkeypatch.setattr("orchestrator.reporting.publish.figures_of", lambda *_: [])


def at_once(write):
    write()


def published(record, folder, **asked):
    said = []
    chosen = selected(record.config, formats=("csv",), **asked)
    files = publish(record, folder, selection=chosen, say=said.append, hold=at_once)
    assert all(file.is_file() for file in files)
    return {file.stem for file in files if file.suffix == ".csv"}, "\n".join(said)


def test_a_sweep_without_finalists_has_its_tables_in_every_format_and_its_figures_and_page(
    fakes, tmp_path
):
    files = publish(fakes.record(), tmp_path, say=lambda _: None, hold=at_once)
    tables = {file.stem for file in files if file.suffix == ".csv"}
    assert tables == ALWAYS
    endings = {".csv", ".md", ".tex", ".json", ".png", ".pdf", ".html"}
    assert {file.suffix for file in files} == endings
    assert {"pareto.png", "pareto.pdf", "report.html"} <= {file.name for file in files}
    assert sorted(files) == sorted(tmp_path.iterdir())
    form = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert form["provenance"]["sweep"] == "made"


@pytest.mark.usefixtures("undrawn")
def test_finalists_are_the_main_table_and_what_the_search_found_another(stored_sweep, tmp_path):
    tables, said = published(stored_sweep().fill().read(), tmp_path)
    assert tables == {*ALWAYS, "search", "comparisons"}
    header = (tmp_path / "table.csv").read_text("utf-8").splitlines()[0]
    assert "Retain low,Retain high" in header
    assert "Rank" in header
    assert "One retrained gold model comes to a Log Forget Quality of" in said


@pytest.mark.usefixtures("undrawn")
def test_a_pair_with_and_without_l1_has_a_table_of_its_own(fakes, tmp_path):
    words = ("methods=[npo]", "search.l1=null", "methods.npo.search.l1={low: 1e-3, high: 1.0}")
    config = fakes.config(*words, "methods.npo_no_l1={method: npo}")
    entries = [*fakes.entries()[:4], fakes.trial("npo_no_l1", 0, l1=0.0)]
    tables, said = published(fakes.record(entries, config=config), tmp_path)
    assert tables == {*ALWAYS, "ablation"}
    assert "With and without L1:" in said
    part, _ = published(fakes.record(entries, config=config), tmp_path, methods=("npo",))
    assert "ablation" not in part, "half of a pair is no pair"


@pytest.mark.usefixtures("undrawn")
def test_a_part_of_the_methods_says_that_it_is_one(fakes, tmp_path):
    _, said = published(fakes.record(), tmp_path, methods=("npo",))
    assert "Shown are 1 of the sweep's 3 methods." in said
    assert "rmu" not in (tmp_path / "table.csv").read_text("utf-8")
    assert "rmu" in (tmp_path / "ledger.csv").read_text("utf-8"), "the budget is the sweep's"
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '"label":"npo"' in page
    assert '"label":"rmu"' not in page


@pytest.mark.usefixtures("undrawn")
def test_a_sweep_that_is_half_done_has_tables_of_what_there_is_and_says_what_is_missing(
    stored_sweep, tmp_path
):
    made = stored_sweep()
    made.write(made.original, MemberRole.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, MemberRole.GOLD, "gold", retain=0.8)
    none, said = published(made.read(), tmp_path)
    assert none == ALWAYS, "a sweep without trials has all its tables"
    assert "nothing measured: no trial ended" in said
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    some, said = published(made.read(), tmp_path)
    assert some == ALWAYS
    assert "Trials that are not done yet: ga 1 of 2, npo 0 of 2." in said
    assert len((tmp_path / "trials.csv").read_text("utf-8").splitlines()) == 2


@pytest.mark.usefixtures("undrawn")
def test_without_baselines_there_is_the_ledger_and_what_is_missing(stored_sweep, tmp_path):
    tables, said = published(stored_sweep().read(), tmp_path)
    assert tables == {"ledger"}
    assert "The baselines are not both done" in said


@pytest.mark.usefixtures("undrawn")
def test_finalists_that_cannot_be_compared_leave_the_searchs_table_and_say_why(
    fakes, tmp_path, monkeypatch
):
    def unlike(_):
        raise ValueError("finalists must be scored on the gold model's items but were on others")

    monkeypatch.setattr("orchestrator.reporting.publish.finals_of", unlike)
    tables, said = published(fakes.record(), tmp_path)
    assert tables == ALWAYS
    assert "Finalists cannot be held against each other: finalists must be" in said


def test_a_finalist_whose_scores_have_changed_is_refused(stored_sweep):
    sweep = stored_sweep().fill()
    scores = sweep.storage.job_folder(sweep.read().replicates[0].result.job.hash) / "scores.json"
    scores.write_text(scores.read_text("utf-8").replace("1", "2", 1), "utf-8")
    with pytest.raises(ConfigError, match=r"scores\.json must be .*; delete the folder "):
        with_estimates(sweep.read())


def test_every_write_waits_for_room(fakes, tmp_path):
    writes = []
    publish(fakes.record(), tmp_path, say=lambda _: None, hold=writes.append)
    assert len(writes) == len(ALWAYS) + 2  # the figures, and the page
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_every_table_is_valid_json_with_rows_that_are_told_apart(fakes, tmp_path):
    publish(fakes.record(), tmp_path, say=lambda _: None, hold=at_once)
    for name in sorted(ALWAYS):
        form = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        keys = [column["key"] for column in form["columns"]]
        assert all(list(row) == keys for row in form["rows"]), name


def test_a_sweep_without_time_has_its_tables_and_nothing_drawn(fakes, lively, tmp_path) -> None:
    said: list[str] = []
    files = publish_briefly(lively, tmp_path, say=said.append, hold=lambda write: write())
    assert {file.suffix for file in files} == {".csv", ".md", ".tex", ".json"}
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in files}
    assert f"python -m orchestrator.report {tmp_path}" in said[-1]


def test_under_other_objectives_picture_page_and_table_have_the_same_front(
    fakes, tmp_path, monkeypatch
):
    kept = []
    path = "orchestrator.reporting.figures.pareto.save"
    monkeypatch.setattr(path, lambda figure, folder, name: kept.append(figure) or [])
    trials = [
        fakes.trial("npo", i, retain=0.75, quality=-i, forget=0.1 * (i + 1)) for i in range(4)
    ]
    for i, entry in enumerate(trials):
        entry.result.metrics["real"] = (0.2, 0.5, 0.4, 0.6)[i]
    record = fakes.record([*fakes.baselines(), *trials])
    published(record, tmp_path, objectives=("forget", "real"))
    rows = csv.DictReader((tmp_path / "pareto.csv").read_text("utf-8").splitlines())
    due = sorted((float(row["Real"]), float(row["Forget"])) for row in rows)
    assert len(due) == 3
    (axes,) = kept[0].axes
    (front,) = [line for line in axes.lines if len(line.get_xdata()) == len(due)]
    assert list(zip(front.get_xdata(), front.get_ydata(), strict=True)) == due
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "Real (higher is better)",
        "Forget (lower is better)",
    )
    text = (tmp_path / "report.html").read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    found = [t["metrics"] for t in data["trials"] if t["front"]]
    assert sorted((one["real"], one["forget"]) for one in found) == due
    assert data["pareto"]["x"]["metric"] == "real"


def names(folder):
    return {file.name for file in folder.iterdir() if file.is_file()}


@pytest.mark.usefixtures("undrawn")
def test_a_report_leaves_nothing_of_the_one_before_that_would_contradict_it(
    stored_sweep, fakes, tmp_path
):
    (tmp_path / "mine.tex").write_text("", encoding="utf-8")
    whole = publish(stored_sweep().fill().read(), tmp_path, say=lambda _: None, hold=at_once)
    assert {"comparisons.csv", "settings.tex", "search_settings.tex"} <= names(tmp_path)
    assert names(tmp_path) == {"mine.tex", *(file.name for file in whole)}
    fewer, _ = published(fakes.record(), tmp_path)
    assert fewer == ALWAYS, "there are no finalists any more"
    assert {n for n in names(tmp_path) if n.startswith(("table", "compar", "search", "sett"))} == {
        "table.csv"
    }
    assert "mine.tex" in names(tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_a_report_of_a_part_leaves_what_is_of_the_whole_but_not_an_older_part(fakes, tmp_path):
    record = replace(fakes.record(), folder=tmp_path)
    publish(record, tmp_path, say=lambda _: None, hold=at_once)
    before = names(tmp_path)
    part = selected(record.config, methods=("npo",), formats=("csv",))
    publish(record, tmp_path, selection=part, say=lambda _: None, hold=at_once)
    assert names(tmp_path) == before
    own = tmp_path / "report"
    own.mkdir()
    (own / "table.md").write_text("older", encoding="utf-8")
    publish(record, own, selection=part, say=lambda _: None, hold=at_once)
    assert "table.md" not in names(own)


def test_an_interrupted_sweep_leaves_no_figures_of_before_and_says_where_finalists_are(
    stored_sweep, tmp_path
):
    record = stored_sweep().fill().read()
    publish(record, tmp_path, say=lambda _: None, hold=at_once)
    said: list[str] = []
    files = publish_briefly(record, tmp_path, say=said.append, hold=at_once)
    assert names(tmp_path) == {file.name for file in files}
    assert "report.html" not in names(tmp_path)
    assert "Finalists have run, but are not held against each other here" in "\n".join(said)
    assert "Finalists have run" in (tmp_path / "table.md").read_text("utf-8")


@pytest.mark.usefixtures("undrawn")
def test_captions_of_a_part_say_of_how_many_methods_it_is(fakes, tmp_path):
    for methods, due in ((("npo", "ga"), " (2 of 3 methods)"), ((), "")):
        published(fakes.record(), tmp_path, methods=methods)
        chosen = selected(fakes.config(), methods=methods)
        titles = {name: t.title for name, t in tables_of(fakes.record(), None, chosen).items()}
        assert all(title.endswith(due) for name, title in titles.items() if name != "ledger")
        assert titles["ledger"] == "What each method of the sweep made was given, and what it used"
        assert all("of 3 methods" not in title or due for title in titles.values())


@pytest.mark.usefixtures("undrawn")
def test_a_paper_has_settings_in_a_second_table_and_programs_have_all_in_one(
    stored_sweep, tmp_path
):
    publish(stored_sweep().fill().read(), tmp_path, say=lambda _: None, hold=at_once)
    main, settings = (
        (tmp_path / f"{name}.tex").read_text("utf-8") for name in ("table", "settings")
    )
    assert r"Method & Retain\textsuperscript{1} &" in main
    assert not any(word in main for word in ("L1", "Seeds", "Trials", str(tmp_path)))
    assert (
        r"Method & lr & L1 & Feasible & Forgot\textsuperscript{1} & Seeds & Tried & Trials \\"
        in settings
    )
    assert r"\label{tab:demo-settings}" in settings
    for text in ((tmp_path / f"table.{kind}").read_text("utf-8") for kind in ("csv", "json", "md")):
        assert all(word in text for word in ("lr", "L1", "Seeds", "Trials", "Note"))


@pytest.mark.usefixtures("undrawn")
def test_json_has_the_bounds_of_the_search_and_those_of_what_is_reported(stored_sweep, tmp_path):
    publish(stored_sweep().fill().read(), tmp_path, say=lambda _: None, hold=at_once)
    form = json.loads((tmp_path / "table.json").read_text("utf-8"))
    (reported,) = form["provenance"]["reported_bounds"]
    assert any(note == f"Feasible, by the mean: {reported}." for note in form["notes"])
    assert form["provenance"]["search_bounds"] != [reported]


@pytest.mark.usefixtures("undrawn")
def test_what_was_done_by_hand_is_said_wherever_a_number_of_the_sweep_is_read(
    stored_sweep, tmp_path
):
    sweep = stored_sweep("search.trials=3").fill()
    steered = {"verb": "stop", "label": "npo", "trials": 2, "before": 3, "note": "<b>enough"}
    sweep.ledger.steer(Steered(id="1", **steered))
    facts = {"number": 1, "params": {"lr": 2e-3}, "trials": 3, "before": 3}
    sweep.ledger.steer(Steered(id="2", verb="add", label="ga", **facts))
    said = []
    publish(sweep.read(), tmp_path, say=said.append, hold=at_once)
    stopped = 'npo was stopped by hand after 2 of 3 trials ("<b>enough").'
    added = "Added to ga by hand, within its budget: trial 1 (lr 0.002)."
    for name in ("table", "search", "trials", "ledger"):
        form = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        assert {stopped, added} <= set(form["notes"]), name
        assert form["provenance"]["by_hand"] == [stopped, added]
        assert "stopped by hand" in (tmp_path / f"{name}.tex").read_text("utf-8")
    (answer,) = [text for text in said if text.startswith("In short")]
    assert stopped in answer
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "stopped by hand after 2 of 3" in page
    assert "<b>enough" not in page
    rows = {
        row["method"]: row for row in json.loads((tmp_path / "search.json").read_text())["rows"]
    }
    assert rows["ga"]["note"].startswith("added by hand")
    ledger = json.loads((tmp_path / "ledger.json").read_text("utf-8"))["rows"]
    assert {r["method"]: r["trials_given"] for r in ledger if r["trials_given"]} == {
        "ga": 3,
        "npo": 2,
    }
