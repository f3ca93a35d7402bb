"""A repeated row is held against its record, over the items that tables show it on."""

from dataclasses import replace

import pytest

from evals.errors import ConfigError
from evals.held_out import num_searched, searched_part
from evals.scores import ScoreSheet
from evals.text.scores import AnswerScore
from orchestrator.reproducing.compare import likeness
from orchestrator.reproducing.find_row import find_row
from tests.fixtures.baselines import gold_of

NAN, INF = float("nan"), float("inf")


def scored(sheet: ScoreSheet, nll: float, *, item: int = 3) -> ScoreSheet:
    """Returns the sheet with one answer of the first task this likely, in nats a token."""
    first, *rest = sheet.tasks
    items = list(first.items)
    answer = items[item].answer
    items[item] = replace(items[item], answer=AnswerScore(nll * answer.num_tokens, 4))
    return ScoreSheet((replace(first, items=tuple(items)), *rest))


@pytest.fixture
def made(stored_sweep):
    return stored_sweep().fill()


@pytest.fixture
def row(made):
    return find_row(made.trial("ga", lr=1e-4).hash, made.storage)


def recorded(row, monkeypatch, sheet: ScoreSheet) -> None:
    """Has the row's own record be `sheet`."""
    own, others = row.result.job.hash, row.storage.sheet(row.gold)
    monkeypatch.setattr(type(row.storage), "sheet", lambda _, job: sheet if job == own else others)


def test_scores_that_are_equal_are_the_same(row) -> None:
    found = likeness(row, row.storage.sheet(row.result.job.hash))
    assert found.is_same(0.0)
    assert set(found.metrics) == {"retain", "log_forget_quality"}
    assert all(before == after for before, after in found.metrics.values())


def test_the_answer_that_differs_most_decides(row) -> None:
    found = likeness(row, scored(row.storage.sheet(row.result.job.hash), 0.5))
    assert found.worst_nats == pytest.approx(0.25)  # the record has 1 nat on 4 tokens
    assert not found.is_same(0.2)
    assert found.is_same(0.3)


@pytest.mark.parametrize("value", [NAN, INF])
def test_a_likelihood_that_is_no_number_any_more_is_not_the_same(row, value) -> None:
    found = likeness(row, scored(row.storage.sheet(row.result.job.hash), value))
    assert found.worst_nats == INF
    assert not found.is_same(1e9)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_destroyed_model_that_is_as_destroyed_is_the_same(row, monkeypatch, value) -> None:
    sheet = scored(row.storage.sheet(row.result.job.hash), value)
    recorded(row, monkeypatch, sheet)
    assert likeness(row, sheet).worst_nats == 0.0


def test_another_infinity_is_not_the_same(row, monkeypatch) -> None:
    sheet = row.storage.sheet(row.result.job.hash)
    recorded(row, monkeypatch, scored(sheet, INF))
    assert likeness(row, scored(sheet, -INF)).worst_nats == INF


def test_a_record_without_answers_is_refused(row, monkeypatch) -> None:
    sheet = row.storage.sheet(row.result.job.hash)
    empty = ScoreSheet(tuple(replace(task, items=()) for task in sheet.tasks))
    recorded(row, monkeypatch, empty)
    with pytest.raises(ConfigError, match=r"RUN must be a job with scores .* scored no answer"):
        likeness(row, empty)


def rows_of(made):
    again = made.config.model_copy(update={"seed": made.config.seed + 1})
    jobs = {
        "original": made.original,
        "trial": made.trial("ga", lr=1e-4),
        "final": made.trial("ga", lr=2e-3, config=again),
        "gold_again": gold_of(again, made.benchmark),
    }
    return {name: find_row(job.hash, made.storage) for name, job in jobs.items()}


@pytest.mark.parametrize(
    ("name", "held_out"),
    [("original", False), ("trial", False), ("final", True), ("gold_again", True)],
)
def test_metrics_are_over_the_items_that_tables_show(made, name, held_out) -> None:
    row = rows_of(made)[name]
    sheet = row.storage.sheet(row.result.job.hash)
    retained = next(task for task in sheet.tasks if task.name == "retain")
    # Only items that the search sees are made hopeless, so only a metric over these can change.
    searched = searched_part(sheet, row.result.job.held_out)
    seen = {i.id for task in searched.tasks if task.name == "retain" for i in task.items}
    assert len(seen) == num_searched(len(retained.items), row.result.job.held_out)
    worse = tuple(
        replace(item, answer=AnswerScore(40.0, 4)) if item.id in seen else item
        for item in retained.items
    )
    tasks = (replace(t, items=worse) if t.name == "retain" else t for t in sheet.tasks)
    found = likeness(row, ScoreSheet(tuple(tasks)))
    before, after = found.metrics["retain"]
    assert (before == after) is held_out
    assert ("held out" in found.items) is held_out


def test_without_held_out_items_they_are_over_all(stored_sweep) -> None:
    made = stored_sweep("finalists.held_out=0").fill()
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage)
    assert likeness(row, row.storage.sheet(row.result.job.hash)).items == "all items"
