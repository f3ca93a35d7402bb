"""Metrics are found by file name and say which generations they read."""

import pytest

from evals.benchmark import Role
from evals.errors import ConfigError
from evals.metric import Metric, Need, load_metric


def _metric(needs: frozenset[Need], generates: frozenset[Role] = frozenset()) -> Metric:
    return Metric(
        compute=lambda sheet, gold: 0.0,
        bounds=(0.0, 1.0),
        better="higher",
        needs=needs,
        generates=generates,
    )


def test_a_mistyped_metric_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"^metrics must be one of .*'log_forget_quality'\?"):
        load_metric("log_forget_qualty")


def test_the_key_at_fault_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^objective must be one of"):
        load_metric("nothing", key="objective")


def test_without_the_need_no_role_is_generated() -> None:
    assert _metric(frozenset({Need.GOLD})).generation_roles == frozenset()


def test_a_metric_that_names_its_roles_is_generated_for_those_only() -> None:
    metric = _metric(frozenset({Need.GENERATION}), frozenset({Role.FORGET}))
    assert metric.generation_roles == {Role.FORGET}


def test_a_metric_that_names_no_roles_is_generated_for_all_but_holdout() -> None:
    metric = _metric(frozenset({Need.GENERATION}))
    assert metric.generation_roles == {Role.FORGET, Role.RETAIN, Role.REAL}


def test_a_metrics_name_and_docstring_speak_for_it_where_it_says_nothing_else() -> None:
    metric = load_metric("forget_rouge")
    assert (metric.heading, metric.short) == ("forget_rouge", "forget rouge")
    assert metric.note == "Mean ROUGE-L recall (stemmed) of the generations on the forget task"
    spoken = load_metric("log_forget_quality")
    assert (spoken.heading, spoken.short) == ("Log Forget Quality", "log FQ")
    assert spoken.note.startswith("natural log of the p-value")
