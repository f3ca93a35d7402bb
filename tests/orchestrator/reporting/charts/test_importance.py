from dataclasses import replace

import pytest

from orchestrator.reporting.charts.importance import weights_of


def test_each_method_with_enough_trials_has_weights_for_both_metrics(lively):
    weights = weights_of(lively.entries, lively.config)
    found = [(weight.label, weight.metric, weight.num_trials) for weight in weights]
    assert found == [
        (label, metric, 8) for label in ("ga", "npo") for metric in ("log_forget_quality", "retain")
    ]
    for weight in weights:
        assert set(weight.shares) == {"lr", "l1"}
        assert sum(weight.shares.values()) == pytest.approx(1.0)


def test_few_trials_have_none(fakes):
    record = fakes.record()
    assert weights_of(record.entries, record.config) == []


def test_a_single_hyperparameter_decides_everything_and_is_not_weighed(lively, fakes):
    config = fakes.config("search.l1=null")
    assert weights_of(lively.entries, config) == []


def test_a_trial_that_was_stopped_early_is_not_weighed(lively):
    first = next(entry for entry in lively.entries if entry.label == "ga")
    stopped = replace(first, result=replace(first.result, stopped="stopped at step 3 of 9"))
    entries = [stopped if entry is first else entry for entry in lively.entries]
    counts = {w.label: w.num_trials for w in weights_of(entries, lively.config)}
    assert counts == {"ga": 7, "npo": 8}
