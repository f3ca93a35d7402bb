"""A table of cells; what it looks like is a matter of `orchestrator/reporting/formats`.

Cells keep full precision: rounding is for people, and done where a table is shown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the ends of its interval, which are NaN where none can be given."""

    mean: float
    low: float
    high: float


DAGGER = "\u2020"
"""What stands in the first cell of a row that forgot nothing beyond chance."""
Cell = str | bool | float | int | Estimate | None
"""A truth value is shown as "yes" or "no"."""


class Printed(StrEnum):
    """Where a column stands on paper: in its table, in a second one beside it, or nowhere."""

    HERE = "here"
    APART = "apart"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how its numbers are rounded for people (a format specification).

    `note` is what should be known of the column and `key` its name for machines, made from the
    heading where it is empty. A `wide` column is left out of what people read. `printed` is where
    it stands on paper, which is narrow. One of a `parameter` holds a hyperparameter of methods,
    which few rows have.
    """

    heading: str
    shown_as: str = "z.3f"
    key: str = ""
    note: str = ""
    wide: bool = False
    printed: Printed = Printed.HERE
    parameter: bool = False

    @property
    def name(self) -> str:
        """The column's name for machines, "log_forget_quality"."""
        return self.key or re.sub(r"[^a-z0-9]+", "_", self.heading.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns, with notes to be read below them.

    Rows that are `muted` do not count, such as those of what is infeasible, and those that are
    `daggered` forgot nothing beyond chance; cells (row, column) that are `bold` are better than all
    others beyond chance. `num_heads` rows at the top are what the others are held against.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    title: str = ""
    muted: frozenset[int] = frozenset()
    bold: frozenset[tuple[int, int]] = frozenset()
    num_heads: int = 0
    daggered: frozenset[int] = frozenset()

    @property
    def estimated(self) -> tuple[bool, ...]:
        """Whether a column holds estimates, beside which there may be plain numbers."""
        return tuple(any(isinstance(cell, Estimate) for cell in found) for found in self.by_column)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether a column holds numbers."""
        return tuple(any(is_number(cell) for cell in found) for found in self.by_column)

    @property
    def by_column(self) -> tuple[tuple[Cell, ...], ...]:
        """The cells, column by column."""
        return tuple(zip(*self.rows, strict=True)) if self.rows else ((),) * len(self.columns)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns' names for machines, no two of them the same.

        Of several a hyperparameter gives way, as "parameter_rank", and then the later one.
        """
        names = [column.name for column in self.columns]
        found: list[str] = []
        for column, name in zip(self.columns, names, strict=True):
            key = f"parameter_{name}" if column.parameter and names.count(name) > 1 else name
            again = 2
            while key in found or (key != name and key in names):
                key, again = f"{name}_{again}", again + 1
            found.append(key)
        return tuple(found)

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The table's notes, and before them what is to be known of its columns."""
        said = (f"{c.heading}: {c.note}" for c in self.columns if c.note and not c.wide)
        return (*said, *self.notes)


def is_number(cell: Cell) -> bool:
    """Returns whether the cell is a number or an estimate of one."""
    return isinstance(cell, int | float | Estimate) and not isinstance(cell, bool)


def shown(cell: Cell, column: Column) -> str:
    """Returns the cell rounded for people, "0.885 [0.861, 0.909]" where it is an estimate."""
    if isinstance(cell, Estimate):
        mean, low, high = (shown(end, column) for end in (cell.mean, cell.low, cell.high))
        known = cell.low == cell.low and cell.high == cell.high  # neither is NaN
        return f"{mean} [{low}, {high}]" if known else mean
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if cell is None or isinstance(cell, str):
        return " ".join((cell or "").splitlines())
    return "0" if cell == 0 and "e" in column.shown_as else format(cell, column.shown_as)


def readable(table: Table) -> list[list[str]]:
    """Returns headings and rows as people read them, without the wide columns."""
    kept = [(i, column) for i, column in enumerate(table.columns) if not column.wide]
    body = [[shown(row[i], column) for i, column in kept] for row in table.rows]
    for row in table.daggered:
        body[row][0] = f"{body[row][0]} {DAGGER}"
    return [[column.heading for _, column in kept], *body]


def to_the_right(table: Table) -> list[bool]:
    """Returns for each column that people read whether it holds numbers."""
    return [n for n, c in zip(table.numeric, table.columns, strict=True) if not c.wide]


def widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Returns the widest text of each column, at least 3."""
    return [max(3, *map(len, column)) for column in zip(*rows, strict=True)]


def aligned(row: Sequence[str], to: Sequence[int], right: Sequence[bool]) -> list[str]:
    """Returns the row's texts filled up to the widths `to`."""
    return [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, to, right, strict=True)
    ]
