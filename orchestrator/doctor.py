"""The entry point: `python -m orchestrator.doctor [--storage DIR]`.

Says what of Python, packages, compiler, GPUs, disk, Ray and MLflow works here, and what to do about
what does not. Exit codes: 0 a sweep can run; 1 something that it needs does not work.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestrator.diagnosing.finding import Finding, Level, fails
from orchestrator.storage.project_folder import STORAGE, in_project

HEALTHY, ILL = 0, 1
CURE = "make venv, if a package is missing; else correct what it names"


def main(arguments: Sequence[str] | None = None) -> int:
    """Looks at everything, says what was found as it is, and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    found = []
    for finding in _findings(parsed.storage or in_project(STORAGE)):
        print(finding.line, flush=True)
        found.append(finding.level)
    failed, unsure = found.count(Level.FAILS), found.count(Level.DOUBTFUL)
    verdict = "A sweep cannot run here yet" if failed else "A sweep can run here"
    print(f"\n{verdict}: {failed} of {len(found)} fail, {unsure} are doubtful")
    return ILL if failed else HEALTHY


def _findings(storage: Path) -> Iterator[Finding]:
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    # Imported one after the other, so that what is found early is said early.
    yield from _of("machine", lambda of: of.machine())
    yield from _of("storage_folder", lambda of: of.storage_folder(storage))
    yield from _of("accelerators", lambda of: of.accelerators())
    yield from _of("services", lambda of: of.services())


def _of(module: str, look: Callable[[Any], Iterator[Finding]]) -> Iterator[Finding]:
    """Yields what a module of `diagnosing` finds, and what keeps it from finding the rest."""
    try:
        yield from look(import_module(f"orchestrator.diagnosing.{module}"))
    except Exception as error:  # noqa: BLE001  whatever it is, the rest is looked at
        said = next(iter(str(error).splitlines()), "")
        yield fails(module.replace("_", " "), f"{type(error).__name__}: {said}", CURE)


def _folder(text: str) -> Path:
    if "://" in text:
        raise argparse.ArgumentTypeError(
            f"must be a folder but got {text!r}; name the one that the URL is worked on in (cache)"
        )
    return Path(text).expanduser()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.doctor",
        description="Says what of this machine works for a sweep, and what to do about the rest.",
    )
    parser.add_argument(
        "--storage", metavar="DIR", type=_folder, help="default: runs, in the checkout"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
