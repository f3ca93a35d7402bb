"""A table as aligned Markdown."""

from orchestrator.reporting.layout import Table, aligned, readable, to_the_right, widths


def markdown_text(table: Table) -> str:
    """Returns the table as Markdown, numbers rounded, what is best bold, notes below."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in _emphasised(table)]
    to, right = widths(rows), to_the_right(table)
    rule = ["-" * (w - 1) + (":" if r else "-") for w, r in zip(to, right, strict=True)]
    rows.insert(1, rule)
    lines = ["| " + " | ".join(aligned(row, to, right)) + " |" for row in rows]
    return "\n".join(lines + [f"\n{note}" for note in table.all_notes]) + "\n"


def _emphasised(table: Table) -> list[list[str]]:
    """Returns headings and rows with stars round what is bold."""
    rows = readable(table)
    places = [i for i, column in enumerate(table.columns) if not column.wide]
    for row, column in table.bold:
        at = places.index(column)
        rows[row + 1][at] = f"**{rows[row + 1][at]}**"
    return rows
