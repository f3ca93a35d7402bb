"""What a candidate is to keep its bounds in follows from how many of them may be run."""

from dataclasses import replace

import pytest

from evals.building import build_benchmark
from evals.evidence import Evidence
from orchestrator.config.loading import load_config
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.finalists import candidates_of, races
from orchestrator.results.entry import Entry, Reference
from orchestrator.searching.constraints import Bound
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of
from trainers.job import Job

BOUND = Bound("retain", "at_least", 0.7)
SMALL = ("benchmark.num_people=6", "benchmark.forget_people=2", "methods=[ga]")


def measured(job: Job, *, retain: float, quality: float) -> Result:
    metrics = {"retain": retain, "log_forget_quality": quality}
    evidence = Evidence({"retain": 0.01})
    return Result(job, State.DONE, "", metrics, {}, 2.0, (), 0.0, evidence=evidence)


@pytest.mark.parametrize(
    ("words", "first"), [((), 0), (("finalists.spare=0",), 1), (("finalists.seeds=1",), 1)]
)
def test_a_candidate_has_to_be_surer_where_no_other_can_take_its_place(words, first) -> None:
    config = load_config(None, [*SMALL, *words])
    benchmark = build_benchmark(config.benchmark)
    original, gold = original_of(config, benchmark), gold_of(config, benchmark)
    reference = Reference(
        measured(original, retain=0.9, quality=-9.0), measured(gold, retain=0.9, quality=0.0), ()
    )
    reference = replace(reference, bounds=(BOUND,))
    entries = []
    # A gain of 8 kept with 0.78 or, in the mean of three, 0.83; and one of 7 kept with 0.9.
    for number, (retain, quality) in enumerate([(0.7111, -1.0), (0.75, -2.0)]):
        params = {"lr": 1e-3 * (1 + number), "l1": 0.1}
        job = trial_job(config, benchmark, label="ga", params=params, original=original)
        result = measured(job, retain=retain, quality=quality)
        missed = {BOUND.name: 0.7 - retain}
        entries.append(Entry("ga", result, number, params, missed))
    chosen = candidates_of("ga", config, entries, reference)
    assert [trial.number for trial in chosen.trials] == [first, 1 - first]
    assert races(config, entries, reference)["ga"].candidates == (first, 1 - first)
