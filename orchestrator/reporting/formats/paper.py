"""A table as it has room on paper: few columns, the rest below them or in a second table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from orchestrator.reporting.layout import (
    Cell,
    Column,
    Estimate,
    Printed,
    Table,
    readable,
    shown,
)

PARAMETERS = Column("Hyperparameters")
NOTE = "note"
WORDY = 28
"""A text of more letters is broken into lines."""
WORDY_EMS = 8.5
"""The width of such a column; the first one of a table is never one."""
LONGEST = 60
"""Letters of a text; the rest of it is in the other formats."""
GAP = 8.0
"""Points between two columns, less in a long table."""
SCIENTIFIC_LETTERS = 11
"""As many are as wide as a number with a power of ten."""


def on_paper(table: Table) -> Table:
    """Returns the columns that stand in the table itself and hold anything; methods' own in one."""
    kept = [i for i in _filled(table) if table.columns[i].printed == Printed.HERE]
    return _joined(_cut(picked(table, kept)))


def apart(table: Table) -> Table | None:
    """Returns the columns that stand in a second table, beside the first one; None without any.

    What is noted of a row is a note below: few rows have any.
    """
    found = [i for i in _filled(table) if table.columns[i].printed == Printed.APART]
    kept = [i for i in found if table.columns[i].name != NOTE]
    noted = [i for i in found if i not in kept]
    if not found:
        return None
    made = picked(table, [0, *kept])
    return replace(
        made,
        columns=tuple(replace(column, printed=Printed.HERE) for column in made.columns),
        notes=tuple(f"{row[0]}: {row[i]}." for row in table.rows for i in noted if row[i]),
        title=f"{table.title}: settings",
    )


def blocks(table: Table, width: float, *, size: float, brief: bool = False) -> list[Table]:
    """Returns the table as several that are each no wider, all with its first column.

    Both are in points, `size` that of the letters; `brief` numbers are as narrow as they are read.
    """
    first, *others = column_widths(table, size=size, brief=brief)
    found: list[list[int]] = [[]]
    room = width - first
    for i, wide in enumerate(others, start=1):
        if found[-1] and wide > room:
            found.append([])
            room = width - first
        found[-1].append(i)
        room -= wide
    return [picked(table, [0, *block]) for block in found]


def column_widths(table: Table, *, size: float, brief: bool = False) -> list[float]:
    """Returns about how wide each column is in points, the gap beside it included."""
    rows = readable(table)
    texts = zip(*rows, strict=True)
    each = zip(table.columns, table.by_column, texts, wordy(table), strict=True)
    return [
        WORDY_EMS * size + GAP
        if is_wordy
        else max(_letters(cells, column, body, brief), *map(len, lines(column.heading)))
        * 0.52
        * size
        + GAP
        for column, cells, (_, *body), is_wordy in each
    ]


def wordy(table: Table) -> list[bool]:
    """Returns which columns hold texts that must be broken."""
    found = [
        any(isinstance(cell, str) and len(cell) > WORDY for cell in cells)
        for cells in table.by_column
    ]
    return [i > 0 and one for i, one in enumerate(found)]


def lines(heading: str) -> tuple[str, ...]:
    """Returns a heading as one line, or a long one as two of about the same length."""
    words = heading.split()
    if len(heading) <= 10 or len(words) < 2:
        return (heading,)
    pairs = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return min(pairs, key=lambda pair: max(map(len, pair)))


def cut(text: str) -> str:
    """Returns what there is room for of a text: one that is too long ends at its colon."""
    plain = " ".join(text.split())
    if len(plain) <= LONGEST:
        return plain
    start = plain.partition(": ")[0]
    return start if len(start) <= LONGEST else plain[: LONGEST - 3].rstrip() + "..."


def picked(table: Table, kept: Sequence[int]) -> Table:
    """Returns the table with these columns alone."""
    places = {i: place for place, i in enumerate(kept)}
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
        bold=frozenset((row, places[i]) for row, i in table.bold if i in places),
    )


def _filled(table: Table) -> Iterator[int]:
    """Yields the columns that people read and that hold anything."""
    for i, (column, cells) in enumerate(zip(table.columns, table.by_column, strict=True)):
        if not column.wide and (not cells or any(cell not in (None, "") for cell in cells)):
            yield i


def _cut(table: Table) -> Table:
    """Returns the table with no text that is too long."""
    rows = (tuple(cut(cell) if isinstance(cell, str) else cell for cell in r) for r in table.rows)
    return replace(table, rows=tuple(rows))


def _joined(table: Table) -> Table:
    """Returns the table with all hyperparameters in one column, if there are several."""
    own = [i for i, column in enumerate(table.columns) if column.parameter]
    if len(own) < 2:
        return table
    said = [_said(row, table.columns, own) for row in table.rows]
    kept = [i for i in range(len(table.columns)) if i == own[0] or i not in own]
    made, at = picked(table, kept), kept.index(own[0])
    columns = chain(made.columns[:at], [PARAMETERS], made.columns[at + 1 :])
    rows = zip(made.rows, said, strict=True)
    return replace(
        made,
        columns=tuple(columns),
        rows=tuple((*row[:at], text, *row[at + 1 :]) for row, text in rows),
    )


def _said(row: Sequence[Cell], columns: Sequence[Column], own: Sequence[int]) -> str:
    found = [(columns[i], row[i]) for i in own if row[i] not in (None, "")]
    return ", ".join(f"{column.heading} {shown(cell, column)}" for column, cell in found)


def _letters(cells: Sequence[Cell], column: Column, body: Sequence[str], brief: bool) -> float:
    """Returns the width of the widest cell in letters; an interval stands small below its mean."""
    found = [3.0]
    for cell, text in zip(cells, body, strict=True):
        if isinstance(cell, Estimate):
            mean, _, ends = text.partition(" ")
            found += [len(mean), 0.8 * len(ends)]
        elif isinstance(cell, float) and "e" in column.shown_as and not brief:
            found.append(SCIENTIFIC_LETTERS)
        else:
            found.append(len(text))
    return max(found)
