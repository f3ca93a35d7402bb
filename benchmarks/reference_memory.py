"""Peak memory of methods with a reference: the adapter switched off against a deep-copied teacher.

Every case is measured by reference_case.py in a process of its own; see README.md. This process
stays small on purpose: Linux starts a child's peak from the size of the process that forked it.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from machine import setting, table

CASE = Path(__file__).with_name("reference_case.py")
METHODS = ("npo", "kl")
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Case:
    """What one process measured."""

    device: str
    model_bytes: int
    peak_bytes: int
    step_s: float


def main() -> None:
    options = _parser().parse_args()
    sizes = [f"--{name.replace('_', '-')}={value}" for name, value in vars(options).items()]
    print(setting("lethe", "torch", "transformers", "peft"), flush=True)
    rows = []
    for method in METHODS:
        off, copied = (_measure(method, reference, sizes) for reference in ("off", "copy"))
        rows.append(_row(method, off, copied))
    kind = "CUDA memory" if off.device != "cpu" else "resident memory of the process"
    print(f"\nPeak {kind}, model of {off.model_bytes / MIB:.0f} MiB in float32\n")
    head = ["method", "adapter off MiB", "deep copy MiB", "saved, in models", "step s", "copy's"]
    print(table([*head, "off / copy"], rows))


def _measure(method: str, reference: str, sizes: list[str]) -> Case:
    command = [sys.executable, str(CASE), f"--method={method}", f"--reference={reference}"]
    done = subprocess.run([*command, *sizes], check=True, stdout=subprocess.PIPE, text=True)
    return Case(**json.loads(done.stdout))


def _row(method: str, off: Case, copied: Case) -> list[str]:
    saved = (copied.peak_bytes - off.peak_bytes) / off.model_bytes
    peaks = [f"{case.peak_bytes / MIB:.0f}" for case in (off, copied)]
    times = [f"{case.step_s:.3f}" for case in (off, copied)]
    return [method, *peaks, f"{saved:.2f}", *times, f"{off.step_s / copied.step_s:.2f}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Peak memory with the adapter switched off against a deep-copied teacher.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--hidden-size", type=int, default=768, help="a multiple of 24")
    parser.add_argument("--num-layers", type=int, default=8, help="decoder layers")
    parser.add_argument("--vocab-size", type=int, default=8000, help="tokens")
    parser.add_argument("--batch-size", type=int, default=2, help="rows of each source")
    parser.add_argument("--length", type=int, default=64, help="tokens of a row")
    parser.add_argument("--steps", type=int, default=4, help="2 or more; the first is not timed")
    return parser


if __name__ == "__main__":
    main()
