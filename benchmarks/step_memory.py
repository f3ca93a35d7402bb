"""Peak memory of steps of GD with a LoRA beside open-unlearning's GradDiff; see README.md.

Each run is of step_memory_case.py, in a process of its own; both sides take turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import setting, table

CASE = Path(__file__).with_name("step_memory_case.py")
SIDES = "ours", "theirs"
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process held before there was a model, and the most that it held."""

    before_bytes: int
    peak_bytes: int


def main() -> None:
    options = vars(_parser().parse_args())
    pairs, answers = options.pop("pairs"), options.pop("answers")
    print(setting("lethe", "torch", "transformers", "peft", "deepspeed"), flush=True)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    rows = [line for share in answers for line in _lines(share, words, pairs)]
    print(f"\n{pairs} runs of each side, {' '.join(words)}\n")
    print(table(["a row's answer", "peak", "ours MiB", "theirs MiB", "ours / theirs"], rows))


def _lines(answer: float, words: Sequence[str], pairs: int) -> list[list[str]]:
    """Measures both sides in turns, and returns a line for each of two ways to look at it."""
    found: dict[str, list[Measured]] = {side: [] for side in SIDES}
    for turn in range(pairs):
        for side in SIDES if turn % 2 else SIDES[::-1]:
            found[side].append(_measured(side, [*words, f"--answer={answer}"]))
    whole = [[each.peak_bytes for each in found[side]] for side in SIDES]
    added = [[each.peak_bytes - each.before_bytes for each in found[side]] for side in SIDES]
    return [
        _line(answer, "of the process", *whole),
        _line(answer, "less what it held before a model", *added),
    ]


def _measured(side: str, words: Sequence[str]) -> Measured:
    command = [sys.executable, str(CASE), f"--side={side}", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _line(answer: float, what: str, ours: list[int], theirs: list[int]) -> list[str]:
    medians = [statistics.median(side) for side in (ours, theirs)]
    sizes = [f"{each / MIB:.0f}" for each in medians]
    return [f"{answer:.0%}", what, *sizes, f"{medians[0] / medians[1]:.2f}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Peak memory of steps of GD beside open-unlearning's GradDiff.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side")
    parser.add_argument("--answers", type=float, nargs="+", default=[0.7, 1.0], help="of a row")
    parser.add_argument("--device", default="cpu", help="cuda:0 for a GPU")
    parser.add_argument("--hidden-size", type=int, default=384, help="a multiple of 24")
    parser.add_argument("--num-layers", type=int, default=6, help="decoder layers")
    parser.add_argument("--vocab-size", type=int, default=32000, help="tokens")
    parser.add_argument("--rows", type=int, default=4, help="of each source in a step")
    parser.add_argument("--length", type=int, default=128, help="tokens of a row")
    parser.add_argument("--steps", type=int, default=3, help="of each run")
    return parser


if __name__ == "__main__":
    main()
