"""A table as it has room on paper: few columns, the rest below them or in a second table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from orchestrator.reporting.table import (
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
SCIENTIFIC_EMS = 5.7
"""The width of a number with a power of ten."""
DIGIT_EMS, LETTER_EMS = 0.57, 0.45
"""The widths of signs, in letters of 7 points, which are the widest for their size."""
INTERVAL_SIZE = 7.0
"""The points of an interval's letters."""


@dataclass(frozen=True, slots=True)
class Face:
    """How a table is set: its letters' size by LaTeX's name and in points, and the gap of columns.

    `brief` numbers have no power of ten spelt out.
    """

    command: str
    size: float
    gap: float
    brief: bool


SMALL = Face(r"\small", 9.0, 8.0, brief=False)
FOOTNOTE = Face(r"\footnotesize", 8.0, 6.0, brief=False)
SCRIPT = Face(r"\scriptsize", 7.0, 6.0, brief=True)
"""The letters of tables in a paper of 10 points; none are smaller than the last."""


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


def blocks(table: Table, width: float, face: Face) -> list[Table]:
    """Returns the table as several that are each no wider, in points.

    All have the columns at the left that tell rows apart, "Method" and "Trial" perhaps.
    """
    keys = [*range(_num_keys(table))]
    widths = column_widths(table, face)
    found: list[list[int]] = [[]]
    room = start = width - sum(widths[i] for i in keys)
    for i in range(len(keys), len(widths)):
        if found[-1] and widths[i] > room:
            found.append([])
            room = start
        found[-1].append(i)
        room -= widths[i]
    return [picked(table, [*keys, *block]) for block in found]


def column_widths(table: Table, face: Face) -> list[float]:
    """Returns about how wide each column is in points, the gap beside it included."""
    texts = zip(*readable(table), strict=True)
    each = zip(table.columns, table.by_column, texts, wordy(table), strict=True)
    return [
        face.gap
        + face.size
        * (
            WORDY_EMS
            if is_wordy
            else max(_width(cells, body, face), *map(_ems, lines(column.heading)))
        )
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


def _num_keys(table: Table) -> int:
    """Returns how many columns at the left tell all rows apart; 1 where not even three do."""
    for count in (1, 2, 3):
        if len({row[:count] for row in table.rows}) == len(table.rows):
            return min(count, len(table.columns))
    return 1


def _width(cells: Sequence[Cell], body: Sequence[str], face: Face) -> float:
    """Returns the width of the widest cell in ems; an interval stands small below its mean."""
    found = [0.0]
    for cell, text in zip(cells, body, strict=True):
        if isinstance(cell, Estimate):
            mean, _, ends = text.partition(" ")
            found += [_ems(mean), INTERVAL_SIZE / face.size * _ems(ends)]
        elif isinstance(cell, float) and "e" in text and not face.brief:
            found.append(SCIENTIFIC_EMS)
        else:
            found.append(_ems(text))
    return max(found)


def _ems(text: str) -> float:
    """Returns about how wide a text is."""
    return sum(DIGIT_EMS if sign.isdigit() or sign in "-+" else LETTER_EMS for sign in text)
