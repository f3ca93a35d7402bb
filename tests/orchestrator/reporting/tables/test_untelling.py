"""Columns that cannot show anything of a method are told, and no others."""

from dataclasses import replace

import pytest

from orchestrator.reporting.tables.untelling import untelling_in, untelling_notes


def notes(original, gold, blind=None):
    return list(untelling_notes(original, gold, blind or {}))


@pytest.mark.parametrize(
    ("metric", "original", "gold", "end"),
    [
        ("real", 0.0, 0.2, "Real says nothing of any method: it is 0.000, its floor"),
        ("real", 4e-4, 0.0, "Real says nothing of any method: it is 0.000, its floor"),
        ("forget", 0.0, 0.0, "Forget says nothing of any method: it is 0.000, its floor"),
        (
            "log_forget_quality",
            -0.004,
            0.0,
            "Log Forget Quality says nothing of any method: it is 0.00, its ceiling",
        ),
        ("mia_loss", 1.0, 1.0, "mia_loss says nothing of any method: it is 1.000, its ceiling"),
    ],
)
def test_what_stands_where_unlearning_moves_it_says_nothing(metric, original, gold, end):
    assert notes({metric: original}, {metric: gold}) == [f"{end}, for Original already."]


@pytest.mark.parametrize(
    ("metric", "original", "gold"),
    [
        ("real", 0.001, 0.2),
        ("forget", 1.0, 0.3),  # all is remembered: that is what unlearning lowers
        ("exact_memorisation", 1.0, 0.3),
        ("forget_quality_ks", 0.0, 1.0),  # nothing like gold: it can only rise
        ("mia_loss", 1.0, 0.5),
        ("log_forget_quality", -3.0, 0.0),
    ],
)
def test_what_can_move_as_unlearning_moves_it_is_not_told(metric, original, gold):
    assert notes({metric: original}, {metric: gold}) == []


def test_what_is_kept_whole_can_only_be_lost():
    assert notes({"retain": 1.0}, {"retain": 1.0}) == [
        "Retain is 1.000, its best, for Original already: only a loss would show."
    ]


def test_what_a_metric_says_of_too_few_items_comes_first():
    found = notes(
        {"log_forget_quality": 0.0}, {"log_forget_quality": 0.0}, {"log_forget_quality": "x"}
    )
    assert found == ["Log Forget Quality says nothing of any method: x."]


def test_nan_is_at_no_end():
    assert notes({"real": float("nan")}, {}) == []


def test_a_sweep_without_baselines_has_none(fakes):
    assert untelling_in(replace(fakes.record(), reference=None)) == ()
