"""The entry point: `python -m orchestrator.control DIR COMMAND ... [--note TEXT]`.

Asks the driver of a sweep to stop a method, to pause, to go on, to try a setting, to give a method
another number of trials, or to end the search. Exit codes: 0 it was obeyed, or will be when the
sweep goes on; 1 the driver has refused it; 2 it cannot be asked.
"""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError, cut, unknown_name
from orchestrator.driver.program import DONE, FAILED, REFUSED, ended
from orchestrator.storage.masked_traceback import MaskedTraceback

if TYPE_CHECKING:
    from orchestrator.limits.steering import Steered

__all__ = ["DONE", "NOT_DONE", "REFUSED", "main"]

NOT_DONE = FAILED
PATIENCE_S = 10.0
"""Seconds for which a driver is waited for; it looks several times a second."""
EPILOG = """\
commands:
  stop METHOD                 its search ends; what runs comes to its end, its finalists run
  pause                       nothing new starts; what runs comes to its end, gangs are kept
  resume                      goes on
  add METHOD lr=... l1=...    its next trial, within its budget; the sampler fills in the rest
  trials METHOD N             its budget; with fewer than have begun nothing more of it begins
  finish                      the search ends; what runs comes to its end, then come the finalists

examples:
  python -m orchestrator.control runs/sweeps/demo stop npo --note "it only diverges"
  python -m orchestrator.control runs/sweeps/demo add rmu lr=4e-3 l1=0.01

Tables say what was done by hand: methods with unequal budgets do not compare as others do.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks for what the command line says and returns the exit code."""
    parsed = _parser().parse_intermixed_args(arguments)
    return ended(partial(_main, parsed))


def _main(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    try:
        return _ask(parsed, masked)
    except OSError as error:
        said = f"{cut(parsed.sweep)} must be a folder that can be written to: {error}"
        raise ConfigError(said) from None


def _ask(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    # Imported late, so that --help and a mistyped command answer at once.
    from orchestrator.storage.commands import Verb

    if parsed.command[0] not in list(Verb):
        raise unknown_name("the command", parsed.command[0], list(Verb))
    from orchestrator.config.commands import command_of
    from orchestrator.config.loading import load_resumed
    from orchestrator.config.storage_address import check_no_url
    from orchestrator.limits.usage import read_usage
    from orchestrator.storage.commands import append_command
    from orchestrator.storage.lock import holder_of
    from orchestrator.storage.records import Storage

    check_no_url(parsed.sweep, option="DIR")
    config = load_resumed(parsed.sweep, (), option="DIR", environment=os.environ)
    masked.hide([config.storage, config.tracking.uri])
    folder = Storage(config.folder).sweep_path(config.name)
    command = command_of(parsed.command, config, note=parsed.note)
    go_on = shlex.join([sys.executable, "-m", "orchestrator.sweep", "--resume", str(folder)])
    is_over = read_usage(folder, config.budget).complete
    if is_over and command.verb not in (Verb.ADD, Verb.TRIALS):
        raise ConfigError(
            f"DIR must be a sweep that is not over but got {str(folder)!r}; to go on with it give "
            f"it more to do, with add, with trials, or with {go_on} search.trials=<more>"
        )
    append_command(folder, command)
    if holder_of(folder) is None:
        state = "The sweep is over" if is_over else "Nobody drives the sweep now"
        print(f"{state}; it is obeyed when that goes on: {go_on}")
        return DONE
    return _wait(folder, command.id)


def _wait(folder: Path, command: str) -> int:
    """Waits for what the driver makes of the command, and says it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = _answer(folder, command)
        if found is not None:
            print(found.said, file=sys.stderr if found.refused else sys.stdout)
            return NOT_DONE if found.refused else DONE
        time.sleep(0.2)
    print(
        "The driver has not obeyed yet: it is starting, or busy with its report, or what the "
        "search is asked waits for the baselines. It will, or whoever resumes the sweep"
    )
    return DONE


def _answer(folder: Path, command: str) -> "Steered | None":
    from orchestrator.limits.usage import read_lines
    from orchestrator.storage.files import LEDGER_FILE

    said = (line.steered for line in read_lines(folder / LEDGER_FILE))
    return next((each for each in said if each and each.id == command and each.is_last), None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.control",
        description="Asks the driver of a sweep for something, which it does within seconds.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sweep", metavar="DIR", help="the sweep's folder, <storage>/sweeps/<name>, or its name"
    )
    parser.add_argument("command", metavar="COMMAND", nargs="+", help="one of those below")
    parser.add_argument("--note", metavar="TEXT", default="", help="why; it stands in the tables")
    return parser


if __name__ == "__main__":
    sys.exit(main())
