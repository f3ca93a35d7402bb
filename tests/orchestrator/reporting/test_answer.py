"""The sentences that a report opens with say what its tables say."""

from dataclasses import replace

import pytest

from orchestrator.reporting.answer import answer


@pytest.fixture
def record(fakes):
    return fakes.record(fakes.entries())


def forgetful(fakes, label, number, *, retain=0.75, quality=-3.0, forgot=True, **more):
    final = fakes.final(label, number, retain=retain, quality=quality, rank=1, **more)
    return replace(final, forgot=forgot)


def test_before_the_baselines_are_done_nothing_is_said(record) -> None:
    assert answer(replace(record, reference=None), None) == ()


def test_the_best_finalist_is_named_with_its_setting_beside_original_and_gold(
    fakes, record
) -> None:
    one, other = forgetful(fakes, "npo", 0), forgetful(fakes, "ga", 1, quality=-9.0)
    first, bounds, rivals = answer(record, fakes.finals(other, one))
    assert first.startswith(
        "npo forgets best: Log Forget Quality -3.00 [-3.06, -2.94] with lr 0.0002, "
    )
    assert "where Original comes to -30.50 and Gold to 0.00 (mean of 2 seeds" in first
    assert bounds.startswith("It has Retain 0.750 [0.688, 0.812] (bound: retain >= 0.7 (0.9 x the ")
    assert rivals == "These forget, too, and cannot be told apart from it: ga."


def test_who_is_told_apart_from_all_others_is_said_to_be_better(fakes, record) -> None:
    one, other = forgetful(fakes, "npo", 0), forgetful(fakes, "ga", 1, quality=-9.0)
    pair = fakes.compared("ga", "npo", -6.0, p=0.01)
    *_, rivals = answer(record, fakes.finals(other, one, comparisons=(pair,)))
    assert rivals == "It is better, beyond chance, than every other method that forgot."


def test_who_forgot_nothing_and_who_broke_a_bound_are_named_apart(fakes, record) -> None:
    found = answer(
        record,
        fakes.finals(
            forgetful(fakes, "npo", 0),
            forgetful(fakes, "ga", 1, forgot=False),
            forgetful(fakes, "rmu", 0, retain=0.2),
        ),
    )
    assert found[2] == (
        "No other method is shown to have forgotten anything beyond chance and kept the bounds."
    )
    assert found[3:] == (
        "Nothing was forgotten beyond chance by ga.",
        "A bound is broken under other seeds by rmu.",
    )


def test_where_nobody_forgot_that_is_the_answer(fakes, record) -> None:
    (said,) = answer(record, fakes.finals(forgetful(fakes, "ga", 1, forgot=False)))
    assert said.startswith(
        "No method forgot anything beyond chance while it kept retain >= 0.7 (0.9 x the original's)"
    )


def test_of_whom_nothing_can_be_said_that_is_said(fakes, record) -> None:
    lost = fakes.final("ga", 1, retain=0.75, quality=-3.0, rank=None, num_runs=0)
    few, blank = forgetful(fakes, "rmu", 0, forgot=None), replace(lost, label="npo")
    unsaid = "What was measured does not say whether anything was forgotten beyond chance within"
    assert answer(record, fakes.finals(lost, few, blank)) == (
        f"{unsaid} the bounds by ga, rmu and npo.",
    )
    one, idle = forgetful(fakes, "npo", 0), forgetful(fakes, "npo", 0, forgot=False)
    assert answer(record, fakes.finals(one, few))[-1] == f"{unsaid} the bounds by rmu."
    assert answer(record, fakes.finals(idle, few))[0].startswith(
        "No method of which it can be said forgot anything beyond chance while it kept retain"
    )


def test_without_bounds_and_held_out_items_neither_is_spoken_of(fakes) -> None:
    open_record = fakes.record(fakes.entries(), config=fakes.config("finalists.held_out=0"))
    finals = replace(fakes.finals(forgetful(fakes, "npo", 0)), bounds=())
    first, rivals = answer(open_record, finals)
    assert first.endswith("on items that the search has seen).")
    assert rivals == "No other method is shown to have forgotten anything beyond chance."


def test_without_finalists_the_search_speaks_for_itself_alone(record) -> None:
    entries = tuple(replace(e, forgot=e.number is not None) for e in record.entries)
    (said,) = answer(replace(record, entries=entries), None)
    assert said.startswith("In the search ")
    assert "no finalist says whether it holds" in said
    entries = tuple(replace(e, forgot=False) for e in record.entries)
    (said,) = answer(replace(record, entries=entries), None)
    assert said.startswith(
        "So far no trial is shown to have forgotten anything while it kept retain"
    )
