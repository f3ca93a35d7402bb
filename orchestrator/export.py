"""The entry point: `python -m orchestrator.export RUN DIR [--merge] [--storage DIR]`.

Writes the model of one row of a table to a folder of its own, with a model card. Exit codes: 0
done; 1 there is no room for it, or merging changed the model; 2 it cannot be written; 130
interrupted, by SIGINT or SIGTERM.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial

from evals.errors import ConfigError
from evals.paths import read_path
from orchestrator.driver.program import DONE, FAILED, REFUSED, ended, say_error
from orchestrator.storage.masked_traceback import MaskedTraceback
from trainers.disk_full import lacks_room

__all__ = ["DONE", "FAILED", "REFUSED", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exports a model from the command line and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    return ended(partial(_main, parsed), interrupted="nothing was written")


def _main(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    from trainers.job import TrialFailure

    try:
        _export(parsed, masked)
    except TrialFailure as error:
        say_error(masked, error)
        return FAILED
    except Exception as error:
        if isinstance(error, ConfigError) or not lacks_room(error):
            raise
        said = f"there is no room on the disk for the model: {error}; make room"
        say_error(masked, f"{said}, or choose another folder")
        return FAILED
    return DONE


def _export(parsed: argparse.Namespace, masked: MaskedTraceback) -> None:
    # Imported late, so that --help and a mistyped option answer at once.
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # DeepSpeed, if not told, says so at length
    from orchestrator.reproducing.find_row import find_row
    from orchestrator.reproducing.named_run import named_job
    from orchestrator.reproducing.take_home import take_home
    from orchestrator.storage.records import Storage

    job, root = named_job(
        parsed.run, storage=parsed.storage, tracking_uri=parsed.tracking_uri, masked=masked
    )
    row = find_row(job, Storage(root), sweep=parsed.sweep, environment=os.environ)
    masked.hide([row.config.storage, row.config.tracking.uri])
    folder = read_path(parsed.folder, key="DIR")
    take_home(row, folder, merge=parsed.merge, environment=os.environ)
    print(f"Written to {folder}; README.md there says what it is")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.export",
        description="Writes the model of one row of a table to a folder, with a model card.",
        epilog="example: python -m orchestrator.export 0123456789abcdef forgotten --merge",
    )
    parser.add_argument(
        "run", metavar="RUN", help="a job's hash, a job's folder, or the id of an MLflow run"
    )
    parser.add_argument("folder", metavar="DIR", help="an empty folder, or a new one")
    parser.add_argument(
        "--merge",
        action="store_true",
        help="the whole model, which transformers loads; without it a trial's adapter alone, "
        "which belongs on the sweep's Original",
    )
    parser.add_argument("--storage", metavar="DIR", help="default: runs, in the checkout")
    parser.add_argument(
        "--sweep", metavar="NAME", help="the sweep of the storage whose row it is, if several are"
    )
    parser.add_argument(
        "--tracking-uri", metavar="URI", help="MLflow's store, if it is not the storage's own"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
