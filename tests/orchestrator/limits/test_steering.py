"""What was done by hand adds up to what holds, and to sentences that a table cannot do without."""

import pytest

from orchestrator.limits.steering import Steered, Steering, given_trials
from orchestrator.storage.commands import Verb
from tests.fixtures.stored_sweep import StoredSweep

PLANNED = {"ga": 7, "npo": 7}


def done(*lines: Steered) -> Steering:
    made = Steering()
    for line in lines:
        made.take(line)
    return made


def line(verb: str, label: str = "", **facts) -> Steered:
    return Steered(id=f"{verb}{label}", verb=verb, label=label, **facts)


def test_a_method_that_was_stopped_is_said_with_what_it_had_and_why() -> None:
    made = done(line("stop", "npo", trials=4, before=7, note="it diverges"))
    assert made.limit("npo") == made.trials("npo", 7) == 4
    assert made.limit("ga") is None
    assert made.notes(PLANNED) == ('npo was stopped by hand after 4 of 7 trials ("it diverges").',)
    assert made.notes({"ga": 7}) == ()


def test_the_last_of_several_decisions_holds() -> None:
    stop = line("stop", "npo", trials=4, before=7)
    made = done(stop, line("trials", "npo", trials=9, before=4))
    assert made.trials("npo", 7) == 9
    assert made.notes(PLANNED) == ("npo was given 9 instead of 7 trials by hand.",)
    assert done(stop, line("trials", "npo", trials=7, before=4)).notes(PLANNED) == ()


def test_what_was_added_counts_and_is_said() -> None:
    added = line("add", "ga", trials=8, before=7, number=7, params={"lr": 1e-3, "l1": 0.01})
    made = done(added)
    assert made.trials("ga", 7) == 8
    assert made.trials("ga", 20) == 20
    assert made.is_added("ga", 7)
    assert not made.is_added("npo", 7)
    assert made.notes(PLANNED) == (
        "Added to ga by hand, within its budget: trial 7 (lr 0.001, l1 0.01).",
    )


def test_a_search_is_ended_only_with_its_last_line() -> None:
    parts = [line("finish", "ga", trials=3, before=7), line("finish", "npo", trials=2, before=7)]
    assert done(*parts).obeyed == set()
    made = done(*parts, line("finish"))
    assert made.obeyed == {"finish"}
    assert made.notes(PLANNED) == (
        "The search was ended by hand: ga after 3 of 7 trials, npo after 2 of 7 trials.",
    )


def test_a_pause_lasts_until_it_is_ended_and_what_was_refused_changes_nothing() -> None:
    assert done(line("pause")).paused
    assert not done(line("pause"), line("resume")).paused
    made = done(line("stop", "npo", refused="npo has no trial left to begin"))
    assert made.limit("npo") is None
    assert made.obeyed == {"stopnpo"}
    assert made.notes(PLANNED) == ()


@pytest.mark.parametrize("verb", list(Verb))
def test_everything_that_is_done_can_be_said(verb) -> None:
    said = line(verb, "npo", trials=4, before=7, number=2, params={"lr": 1e-3, "mode": "x"}).said
    assert said
    assert "None" not in said


def test_the_ledger_keeps_it_and_tables_say_it(stored_sweep) -> None:
    sweep: StoredSweep = stored_sweep().fill()
    sweep.ledger.steer(line("stop", "npo", trials=1, before=2))
    sweep.ledger.close(complete=True)
    record = sweep.read()
    assert record.usage.complete
    assert record.by_hand == ("npo was stopped by hand after 1 of 2 trials.",)
    assert given_trials(record.config, record.usage.steering) == {"ga": 2, "npo": 1}
    assert not any("not done" in gap for gap in record.gaps)
