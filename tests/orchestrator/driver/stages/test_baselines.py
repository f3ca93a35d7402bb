"""The baselines come first, and without them there is no sweep."""

import math
from dataclasses import replace

from orchestrator.config.budget import BudgetSettings
from orchestrator.driver.queue import Queue
from orchestrator.driver.stages.baselines import BaselineStage
from orchestrator.driver.stages.stage import StageContext
from orchestrator.planning.plan import PlannedBaseline, plan
from tests.fixtures.baselines import gold_of
from trainers.job import Phase


def test_a_baseline_that_was_found_and_one_that_was_trained_are_told_apart(
    begin, config, benchmark
) -> None:
    first = begin(config, benchmark)
    first.run(first.queue.next())
    first.queue.leave()
    sweep = begin(config, benchmark)
    sweep.run(sweep.queue.next())
    assert {entry.label: entry.cached for entry in sweep.entries} == {
        "gold": True,
        "original": False,
    }
    assert [result.job.phase for result in sweep.told.ended] == [Phase.ORIGINAL]


def test_a_failed_baseline_ends_the_sweep_and_says_which(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark)
    gold = sweep.queue.next()
    sweep.run(gold, fails="rank 0 was lost")
    assert sweep.queue.finished
    assert sweep.queue.next() is None
    assert sweep.queue.failure == "the gold model failed: rank 0 was lost"
    assert begin(config, benchmark).queue.next().job == gold.job


def test_baselines_that_cannot_be_compared_end_the_sweep_and_say_why(
    begin, config, benchmark, monkeypatch
) -> None:
    broken = {"retain": math.nan, "log_forget_quality": 0.0}
    monkeypatch.setattr("orchestrator.results.measuring.measure", lambda *_: broken)
    sweep = begin(config, benchmark)
    sweep.run_all()
    assert sweep.queue.finished
    assert not sweep.queue.complete
    assert sweep.queue.failure.startswith("the baselines cannot be compared: the original")


def test_hours_that_are_over_before_the_baselines_end_the_sweep_without_a_reference(
    begin, config, benchmark, clock
) -> None:
    config = config.model_copy(update={"budget": BudgetSettings(hours=1)})
    sweep = begin(config, benchmark, clock=clock)
    gold = sweep.queue.next()
    clock.now += 3600
    assert sweep.queue.next() is None
    assert sweep.queue.finished
    sweep.run(gold)
    assert sweep.baselines.reference is None


def test_a_baseline_that_the_sweep_leaves_behind_finished_counts_and_is_not_lost(
    begin, config, benchmark
) -> None:
    first = begin(config, benchmark)
    gold, original = first.queue.next(), first.queue.next()
    first.commit(gold)
    first.queue.leave()
    assert [result.job for result in first.told.ended] == [gold.job]
    assert first.ledger.account("gold").num_ended == 1
    assert first.ledger.account("original").num_ended == 0
    assert begin(config, benchmark).queue.next().job == original.job


def test_further_baselines_are_waited_for_and_told_of_like_the_two(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark)
    planned = plan(config, benchmark, storage=sweep.storage)
    more = gold_of(config.model_copy(update={"seed": 5}), benchmark)
    three = replace(planned, baselines=(*planned.baselines, PlannedBaseline(more, 3, False)))
    context = StageContext(three, sweep.storage, sweep.ledger, sweep.told)
    stage = BaselineStage(context)
    sweep.queue = Queue([stage], context)
    jobs = [ticket.job for ticket in sweep.run_all()]
    assert jobs == [baseline.job for baseline in three.baselines[::-1]]
    assert stage.finished
    assert stage.reference.gold.job == planned.baselines[1].job
    assert [entry.result.job for entry in sweep.entries] == jobs[::-1]
