"""What a measurement was made on, for the line below its table."""

import os
import platform
from importlib.metadata import version


def setting(*distributions: str) -> str:
    """Returns processor count, load, Python and the versions of `distributions`, in one line.

    Load other than the benchmark's own makes its times worthless, so it is told.
    """
    versions = [f"{name} {version(name)}" for name in distributions]
    parts = [
        f"{len(os.sched_getaffinity(0))} CPUs ({platform.machine()})",
        f"load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        *versions,
    ]
    return ", ".join(parts)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Returns a Markdown table, its columns aligned for the terminal."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )
