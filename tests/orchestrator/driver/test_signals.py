import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from orchestrator.driver.signals import SIGNALS, StopSignals


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal() -> Iterator[None]:
    """A shell starts its background jobs, tests among them, deaf to SIGINT."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_what_need_not_be_ended_in_order(number: signal.Signals) -> None:
    with StopSignals(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_is_deferred_the_first_signal_is_a_wish_and_the_second_is_not(
    number: signal.Signals,
) -> None:
    with StopSignals() as signals, signals.deferred():
        os.kill(os.getpid(), number)
        assert signals.wished
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_signals_are_left_as_they_were() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) is not before[-1]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGINT)
            assert not signals.wished
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_wish_whose_exception_was_lost_is_found_by_who_checks() -> None:
    with StopSignals() as signals:
        signals.check()
        with suppress(KeyboardInterrupt):  # as a library does it
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signals.check()


def test_the_alarm_that_rays_own_handler_has_set_is_taken_back() -> None:
    with StopSignals() as signals, signals.deferred():
        signal.alarm(60)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.alarm(0) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ImportError("numpy failed to load")])
def test_what_comes_of_a_wish_to_leave_ends_where_the_signals_are_given_back(error) -> None:
    signals = StopSignals()
    with signals:
        signals.wished = True
        raise error
    assert signals.wished


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ImportError("no module named x")])
def test_what_nobody_wished_for_is_raised_on(error) -> None:
    with pytest.raises(type(error)), StopSignals():
        raise error
