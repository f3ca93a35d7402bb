"""The entry point: `python -m orchestrator.repeat RUN [--storage DIR] [--sweep NAME] [--retrain]`.

Evaluates one row of a table again from what is in storage, or trains it again first, and says
whether it came out the same. Exit codes: 0 the same; 1 not the same, or it failed; 2 it cannot be
repeated; 130 interrupted, by SIGINT or SIGTERM.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from evals.paths import read_path
from orchestrator.driver.program import DONE, FAILED, REFUSED, ended, say_error
from orchestrator.searching.shared_parameters import SHARED, shared_values
from orchestrator.storage.masked_traceback import MaskedTraceback

if TYPE_CHECKING:
    from evals.scores import ScoreSheet
    from orchestrator.reproducing.compare import Likeness
    from orchestrator.reproducing.find_row import Row

__all__ = ["DIFFERENT", "REFUSED", "SAME", "main"]

SAME, DIFFERENT = DONE, FAILED
TOLERANCE = 1e-3
"""Nats a token: kernels and the number of ranks change the last digits, seeds much more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Repeats a row from the command line and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    return ended(partial(_main, parsed), interrupted="nothing was changed")


def _main(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    # Imported late, so that --help and a mistyped option answer at once.
    from orchestrator.reproducing.compare import likeness
    from orchestrator.reproducing.find_row import find_row
    from orchestrator.reproducing.named_run import named_job
    from orchestrator.reproducing.requirements import check_data
    from orchestrator.storage.records import Storage
    from trainers.job import TrialFailure

    if parsed.keep is not None and not parsed.retrain:
        raise ConfigError(
            f"--keep must be given together with --retrain but got {parsed.keep!r} alone; add "
            "--retrain, or leave it out"
        )
    job, root = named_job(
        parsed.run, storage=parsed.storage, tracking_uri=parsed.tracking_uri, masked=masked
    )
    row = find_row(job, Storage(root), sweep=parsed.sweep, environment=os.environ)
    masked.hide([row.config.storage, row.config.tracking.uri])
    check_data(row)
    print(_header(row), flush=True)
    try:
        repeated = _retrained(row, parsed.keep) if parsed.retrain else _reevaluated(row)
    except TrialFailure as failure:
        say_error(masked, f"this time it failed: {failure}")
        return DIFFERENT
    found = likeness(row, repeated)
    print(_verdict(found, tolerance=parsed.tolerance))
    return SAME if found.is_same(parsed.tolerance) else DIFFERENT


def _reevaluated(row: "Row") -> "ScoreSheet":
    import torch

    from orchestrator.reproducing.requirements import saved_weights

    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # DeepSpeed, if not told, says so at length
    from trainers.reevaluation import evaluate_saved

    model, adapter = saved_weights(row)
    return evaluate_saved(row.result.job, model=model, adapter=adapter).sheet


def _retrained(row: "Row", keep: str | None) -> "ScoreSheet":
    from orchestrator.reproducing.retrain import trained_again

    def say(line: str) -> None:
        print(line, flush=True)

    return trained_again(row, None if keep is None else read_path(keep, key="--keep"), say=say)


def _header(row: "Row") -> str:
    job = row.result.job
    what = str(job.phase) if job.method is None else job.method.name
    shared = {} if job.method is None else shared_values(job.training)
    at = "".join(f", {SHARED[name].heading} {value:.4g}" for name, value in shared.items())
    others = f" (also in {', '.join(row.others)}: see --sweep)" if row.others else ""
    return f"{what}{at}, seed {job.seed}: job {job.hash} of the sweep {row.config.name}{others}"


def _verdict(found: "Likeness", *, tolerance: float) -> str:
    width = max(len("metric"), *map(len, found.metrics))
    lines = [f"{'metric':<{width}}  {'recorded':>12}  {'repeated':>12}"]
    lines += [
        f"{name:<{width}}  {before:>12.6g}  {after:>12.6g}"
        for name, (before, after) in found.metrics.items()
    ]
    lines.append(f"Metrics are over {found.items}.")
    word = "The same" if found.is_same(tolerance) else "NOT the same"
    lines.append(
        f"{word}: the likelihoods of {found.num_answers} answers differ by at most "
        f"{found.worst_nats:.2g} nats a token (tolerance {tolerance:g})"
    )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.repeat",
        description="Evaluates one row of a table again, or trains it again first, and says "
        "whether it came out the same.",
    )
    parser.add_argument(
        "run", metavar="RUN", help="a job's hash, a job's folder, or the id of an MLflow run"
    )
    parser.add_argument("--storage", metavar="DIR", help="default: runs, in the checkout")
    parser.add_argument(
        "--sweep",
        metavar="NAME",
        help="the sweep of the storage whose baselines it is held against (default: the one "
        "that ran it)",
    )
    parser.add_argument(
        "--retrain", action="store_true", help="train it again instead of loading its weights"
    )
    parser.add_argument(
        "--keep", metavar="DIR", help="with --retrain: a storage folder for what comes of it"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help=f"nats a token that likelihoods may differ by (default: {TOLERANCE:g})",
    )
    parser.add_argument(
        "--tracking-uri", metavar="URI", help="MLflow's store, if it is not the storage's own"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
