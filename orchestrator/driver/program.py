"""How programs end: with an exit code, and a line for what a person can cure."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack

from cluster.collection import seldom_collected
from evals.errors import ConfigError
from orchestrator.driver.signals import StopSignals
from orchestrator.storage.masked_traceback import MaskedTraceback

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130


def ended(
    act: Callable[[MaskedTraceback], int],
    *,
    interrupted: str = "",
    signals: StopSignals | None = None,
) -> int:
    """Returns the exit code of a program that does `act`, which gives its own.

    What a user can cure is a line and REFUSED, any other error its traceback and FAILED, both
    without secrets. With `interrupted` the program heeds SIGINT and SIGTERM, by `signals` if it
    looks at them itself, and says that where one has ended it, unless it has said so.
    """
    code, signals = FAILED, signals or StopSignals()
    with ExitStack() as held:
        held.enter_context(seldom_collected())
        masked = held.enter_context(MaskedTraceback(os.environ))
        if interrupted:
            held.enter_context(signals)
        code = _code(act, masked)
    if signals.wished and code != INTERRUPTED:
        print(f"lethe: interrupted; {interrupted}", file=sys.stderr)
        return INTERRUPTED
    return code


def say_error(masked: MaskedTraceback, said: object) -> None:
    """Prints a line on standard error, without secrets."""
    print(f"lethe: {masked.cleaned(said)}", file=sys.stderr)


def _code(act: Callable[[MaskedTraceback], int], masked: MaskedTraceback) -> int:
    try:
        return act(masked)
    except ConfigError as error:
        say_error(masked, error)
        return REFUSED
