"""What was measured is held against another gold model, beside the original as before."""

from dataclasses import replace

import pytest

from evals.scores import ScoreSheet, with_items
from evals.text.scores import AnswerScore
from orchestrator.results.measuring import compared
from orchestrator.storage.result import Result, State
from tests.fixtures.stored_sweep import StoredSweep
from trainers.job import Job

NAME = "forget_quality_ks"
"""Of what compares with gold the one that has an error and may be bounded by the original's."""


@pytest.fixture
def made(tmp_path) -> StoredSweep:
    return StoredSweep(tmp_path, f"evaluation.metrics=[retain,log_forget_quality,{NAME}]")


def written(made: StoredSweep, job: Job) -> Result:
    result = Result(job, State.DONE, "", {"retain": 0.8, NAME: 2.0}, {}, 1.0, (), 0.0)
    return made.storage.commit(result, made.storage.begin(job), uneven(made, least=1.0))


def uneven(made: StoredSweep, *, least: float) -> ScoreSheet:
    """Scores of a model that finds each answer of a task less likely than the one before it."""
    tasks = []
    for task in made.sheet().tasks:
        nlls = [least + number / 20 for number, _ in enumerate(task.items)]
        pairs = zip(task.items, nlls, strict=True)
        items = tuple(replace(item, paraphrase=AnswerScore(nll, 4)) for item, nll in pairs)
        tasks.append(with_items(task, items))
    return ScoreSheet(tuple(tasks))


def test_an_error_against_another_gold_model_is_known_beside_the_originals(made) -> None:
    written(made, made.original)
    trial = written(made, made.trial("ga", lr=1e-3))
    gold = uneven(made, least=1.3)
    found = compared(trial, made.storage, gold)
    original = compared(made.storage.find(made.original), made.storage, gold)
    whole = found.evidence.errors[NAME]
    assert whole > 0.01
    # The same model: what is left of an error is the half that the factor leaves out.
    beside = found.evidence.error_beside(original.evidence, NAME, times=0.5)
    assert beside == pytest.approx(whole / 2)
    assert found.metrics["retain"] == 0.8
    assert 0 < found.metrics[NAME] < 1


def test_without_the_originals_scores_the_whole_error_counts(made) -> None:
    trial = written(made, made.trial("ga", lr=1e-3))
    found = compared(trial, made.storage, uneven(made, least=1.3)).evidence
    assert (found.with_original, found.errors[NAME] > 0.01) == ({}, True)
