"""The entry point: `python -m orchestrator.doctor [--storage DIR]`.

Says what of Python, packages, compiler, GPUs, disk, Ray and MLflow works here, and what to do about
what does not. Exit codes: 0 a sweep can run; 1 something that it needs does not work.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from orchestrator.diagnosing.finding import Finding, Level

HEALTHY, ILL = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Looks at everything, says what was found as it is, and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    found = []
    for finding in _findings(Path(parsed.storage).expanduser()):
        print(finding.line, flush=True)
        found.append(finding.level)
    failed, unsure = found.count(Level.FAILS), found.count(Level.DOUBTFUL)
    verdict = "A sweep cannot run here yet" if failed else "A sweep can run here"
    print(f"\n{verdict}: {failed} of {len(found)} fail, {unsure} are doubtful")
    return ILL if failed else HEALTHY


def _findings(storage: Path) -> Iterator[Finding]:
    # Imported one after the other, so that what is found early is said early.
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    from orchestrator.diagnosing.machine import machine
    from orchestrator.diagnosing.storage_folder import storage_folder

    yield from chain(machine(), storage_folder(storage))
    from orchestrator.diagnosing.accelerators import accelerators

    yield from accelerators()
    from orchestrator.diagnosing.services import services

    yield from services()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.doctor",
        description="Says what of this machine works for a sweep, and what to do about the rest.",
    )
    parser.add_argument("--storage", metavar="DIR", default="runs", help="default: runs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
