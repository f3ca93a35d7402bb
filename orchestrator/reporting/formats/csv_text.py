"""A table as CSV, for programs: every number in full, and all columns."""

import csv
import io
from collections.abc import Iterator

from orchestrator.reporting.table import Cell, Estimate, Table


def csv_text(table: Table) -> str:
    """Returns the table as CSV.

    A column of estimates is three: the mean under its heading, and "<heading> low" and "high".
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    estimated = table.estimated
    headings = zip(table.columns, estimated, strict=True)
    writer.writerow(h for column, three in headings for h in _headings(column.heading, three))
    for row in table.rows:
        cells = zip(row, estimated, strict=True)
        writer.writerow(plain for cell, three in cells for plain in _plain(cell, three))
    return text.getvalue()


def _headings(heading: str, three: bool) -> tuple[str, ...]:
    return (heading, f"{heading} low", f"{heading} high") if three else (heading,)


def _plain(cell: Cell, three: bool) -> Iterator[str | float | int]:
    if isinstance(cell, Estimate):
        yield from (cell.mean, cell.low, cell.high)
        return
    if isinstance(cell, bool):
        yield "yes" if cell else "no"
    else:
        yield "" if cell is None else cell
    if three:
        yield from ("", "")
