"""A table for a terminal."""

from orchestrator.reporting.table import Table, aligned, readable, to_the_right, widths


def terminal_text(table: Table) -> str:
    """Returns the table aligned, without borders; its notes below, but not those of columns."""
    rows = readable(table)
    to, right = widths(rows), to_the_right(table)
    rows.insert(1, ["-" * width for width in to])
    lines = ["  ".join(aligned(row, to, right)).rstrip() for row in rows]
    return "\n".join(lines + ["", *table.notes] if table.notes else lines) + "\n"
