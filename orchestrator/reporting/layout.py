"""A table of cells, and how it looks as CSV, as Markdown and in a terminal.

Cells keep full precision; rounding is a matter of how a table is shown.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how its numbers are rounded for people (a format specification)."""

    heading: str
    shown_as: str = "z.3f"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns, with notes to be read below them."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def save(table: Table, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes `<name>.csv` and `<name>.md`, each whole or not at all, and returns their paths."""
    texts = {f"{name}.csv": csv_text(table), f"{name}.md": markdown_text(table)}
    for file, text in texts.items():
        part = folder / f".{file}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / file)
    return folder / f"{name}.csv", folder / f"{name}.md"


def csv_text(table: Table) -> str:
    """Returns the table as CSV, every number in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.heading for column in table.columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in table.rows)
    return text.getvalue()


def markdown_text(table: Table) -> str:
    """Returns the table as aligned Markdown, numbers rounded, notes below."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in _shown(table)]
    widths = _widths(rows)
    right = _right_aligned(table)
    rule = ["-" * (w - 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True)]
    lines = ["| " + " | ".join(_aligned(row, widths, right)) + " |" for row in [rows[0], rule]]
    lines += ["| " + " | ".join(_aligned(row, widths, right)) + " |" for row in rows[1:]]
    return "\n".join(lines + [f"\n{note}" for note in table.notes]) + "\n"


def terminal_text(table: Table) -> str:
    """Returns the table for a terminal: aligned, without borders, notes below."""
    rows = _shown(table)
    widths, right = _widths(rows), _right_aligned(table)
    rows.insert(1, ["-" * width for width in widths])
    lines = ["  ".join(_aligned(row, widths, right)).rstrip() for row in rows]
    return "\n".join(lines + ["", *table.notes] if table.notes else lines) + "\n"


def _shown(table: Table) -> list[list[str]]:
    body = [
        [_text(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    return [[column.heading for column in table.columns], *body]


def _text(cell: Cell, column: Column) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return "0" if cell == 0 and "e" in column.shown_as else format(cell, column.shown_as)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(3, *map(len, column)) for column in zip(*rows, strict=True)]


def _right_aligned(table: Table) -> list[bool]:
    """Returns for each column whether it holds numbers."""
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    return [any(isinstance(cell, int | float) for cell in column) for column in columns]


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    return [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, widths, right, strict=True)
    ]
