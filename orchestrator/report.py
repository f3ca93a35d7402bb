"""The entry point: `python -m orchestrator.report DIR [--out FOLDER] [--methods ...] ...`.

Rebuilds a sweep's tables and figures from its folder, without Ray and without a GPU, whether the
sweep is over or not. Exit codes: 0 done, whatever the report says is missing; 1 there is no room
for the files; 2 DIR is no sweep, or something asked for does not exist.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from evals.paths import read_path
from orchestrator.driver.program import DONE, FAILED, ended, say_error
from orchestrator.storage.masked_traceback import MaskedTraceback
from trainers.disk_full import lacks_room


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes a report from the command line and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    return ended(partial(_main, parsed))


def _main(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    try:
        _report(parsed, masked)
    except OSError as error:
        if not lacks_room(error):
            raise
        cure = "make room there, or choose another folder with --out"
        say_error(masked, f"there is no room on the disk for the report: {error}; {cure}")
        return FAILED
    return DONE


def _report(parsed: argparse.Namespace, masked: MaskedTraceback) -> None:
    # Imported late, so that --help and a mistyped option answer at once.
    from orchestrator.reporting.publish import publish
    from orchestrator.reporting.selection import PART, selected
    from orchestrator.reporting.sweep_record import read_record
    from orchestrator.storage.writable_folder import make_folder

    record = read_record(parsed.sweep, environment=os.environ)
    masked.hide([record.config.storage, record.config.tracking.uri])
    chosen = selected(
        record.config,
        methods=parsed.methods,
        objectives=parsed.objectives,
        formats=parsed.formats,
    )
    part = parsed.methods or parsed.objectives
    own = record.folder / PART if part else record.folder
    wanted = own if parsed.out is None else read_path(parsed.out, key="--out")
    folder = make_folder(wanted, key="--out")
    say = partial(print, flush=True)
    publish(record, folder, selection=chosen, say=say, hold=_at_once)
    for gap in record.gaps:
        say(f"Missing: {gap}")


def _at_once(write: Callable[[], object]) -> None:
    write()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.report",
        description="Rebuilds the tables and figures of a sweep from its folder; starts nothing.",
    )
    parser.add_argument(
        "sweep", metavar="DIR", help="the sweep's folder, <storage>/sweeps/<name>, its name or URL"
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help="where the files go (default: DIR, or DIR/report with --methods or --objectives, so "
        "that what is in DIR is of the whole sweep)",
    )
    for option, metavar, text in (
        ("--methods", "LABEL,...", "the methods to show, in this order (default: all)"),
        ("--objectives", "METRIC,METRIC", "the axes of the Pareto fronts (default: the sweep's)"),
        ("--formats", "FORMAT,...", "csv, md, tex, json (default: all)"),
    ):
        parser.add_argument(option, metavar=metavar, help=text, type=_names, default=())
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
