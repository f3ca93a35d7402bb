"""What the original comes to by chance decides which trials forgot anything."""

import math
from dataclasses import replace

import pytest

from orchestrator.reporting.estimates.chance import blind_metrics, with_chance
from orchestrator.storage.result import State
from trainers.job import Phase


class Stored:
    """A storage of two sheets."""

    def __init__(self, sheets):
        self.sheets = sheets

    def sheet(self, job):
        return self.sheets[job]


@pytest.fixture
def sweep(fakes, scored):
    """Returns `sweep(knows, *qualities)`: an original that knows so much, and trials of GA."""

    def build(*qualities, knows=1.5, num_items=40, own=-12.0):
        entries = [fakes.trial("ga", i, quality=value) for i, value in enumerate(qualities)]
        record = replace(fakes.record([*fakes.baselines(), *entries]), chance=None)
        reference = record.reference
        metrics = {**reference.original.metrics, "log_forget_quality": own}
        original = replace(reference.original, metrics=metrics)
        sheets = {
            original.job.hash: scored(100, knows=knows, num_items=num_items),
            reference.gold.job.hash: scored(101, num_items=num_items),
        }
        reference = replace(reference, original=original)
        return replace(record, reference=reference, storage=Stored(sheets))

    return build


def verdicts(record):
    return [e.forgot for e in record.entries if e.result.job.phase == Phase.TRIAL]


def test_what_lies_within_the_original_s_interval_forgot_nothing(sweep):
    record = with_chance(sweep(-12.5, -11.5, -0.1))
    assert -12.0 < record.chance.to_beat < -0.1
    assert verdicts(record) == [False, False, True]
    assert all(e.forgot is None for e in record.entries[:2]), "baselines are not asked"


def test_the_seed_alone_decides_what_is_to_be_beaten(sweep):
    first, again = (with_chance(sweep(-1.0)).chance for _ in range(2))
    assert first == again


def test_a_model_that_did_not_move_forgot_nothing_whatever_it_measures(sweep):
    record = sweep(-0.1)
    still = replace(record.entries[2].result, facts={"moved": 0.0})
    record = replace(
        record, entries=(*record.entries[:2], replace(record.entries[2], result=still))
    )
    assert verdicts(with_chance(record)) == [False]


def test_a_failed_trial_is_not_judged(sweep):
    record = sweep(-0.1)
    lost = replace(record.entries[2].result, state=State.FAILED, metrics={})
    entry = replace(record.entries[2], result=lost, violations=None)
    assert verdicts(with_chance(replace(record, entries=(*record.entries[:2], entry)))) == [None]


def test_where_two_items_tell_nothing_nobody_is_better_and_it_is_said(sweep):
    # Half of four items are held out: two are left to the search.
    record = with_chance(sweep(0.0, -0.1, num_items=4, own=0.0))
    assert verdicts(record) == [False, False]
    assert record.chance.blind == {
        "log_forget_quality": "with 2 forget items the test's smallest p-value is 0.33"
    }


def test_without_a_number_of_the_original_nothing_can_be_said(sweep):
    record = with_chance(sweep(-0.1, own=math.nan))
    assert verdicts(record) == [None]


def test_where_the_original_s_scores_are_gone_that_is_a_gap(fakes):
    record = with_chance(replace(fakes.record(), chance=None))
    assert record.chance is None
    assert record.gaps[-1].startswith("Which trials forgot anything beyond chance cannot be said: ")
    assert "result.json" in record.gaps[-1]


def test_a_record_that_has_been_asked_is_left_as_it_is(sweep):
    once = with_chance(sweep(-0.1))
    assert with_chance(once) is once


@pytest.mark.parametrize(("num_items", "smallest"), [(1, "1"), (2, "0.33"), (3, "0.1")])
def test_ks_metrics_are_blind_on_three_items_or_fewer(scored, num_items, smallest):
    names = ("forget_quality_ks", "log_forget_quality", "log10_forget_quality", "retain")
    found = blind_metrics(names, scored(1, num_items=num_items))
    assert set(found) == set(names) - {"retain"}
    assert all(why.endswith(f"smallest p-value is {smallest}") for why in found.values())
    assert blind_metrics(names, scored(1, num_items=4)) == {}
