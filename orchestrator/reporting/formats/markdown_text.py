"""A table as aligned Markdown, in which nothing that a cell says is taken for Markdown or HTML."""

import re

from orchestrator.reporting.table import Table, aligned, readable, to_the_right, widths

SIGNS = re.compile(r"[\\|*`]|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
"""A bracket opens HTML only before what may begin a tag, an ampersand only a character's name."""


def markdown_text(table: Table) -> str:
    """Returns the table as Markdown, numbers rounded, what is best bold, notes below."""
    rows = _emphasised(table)
    to, right = widths(rows), to_the_right(table)
    rule = ["-" * (w - 1) + (":" if r else "-") for w, r in zip(to, right, strict=True)]
    rows.insert(1, rule)
    lines = ["| " + " | ".join(aligned(row, to, right)) + " |" for row in rows]
    return "\n".join(lines + [f"\n{escaped(note)}" for note in table.all_notes]) + "\n"


def escaped(text: str) -> str:
    """Returns the text in one line; what would be a bar, emphasis, code or HTML is escaped."""
    return SIGNS.sub(r"\\\g<0>", " ".join(text.splitlines()))


def _emphasised(table: Table) -> list[list[str]]:
    """Returns headings and rows with stars round what is bold."""
    rows = [[escaped(cell) for cell in row] for row in readable(table)]
    places = [i for i, column in enumerate(table.columns) if not column.wide]
    for row, column in table.bold:
        at = places.index(column)
        rows[row + 1][at] = f"**{rows[row + 1][at]}**"
    return rows
