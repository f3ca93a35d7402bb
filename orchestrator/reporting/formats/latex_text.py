r"""A table as LaTeX, to be read in with \input; it needs booktabs, graphicx and xcolor.

What is infeasible is grey, what is best bold; a column that is empty is left out. A column's note
is a footnote below the table, and a row's command stands before it as a comment.
"""

import re
from collections.abc import Iterator, Sequence

from orchestrator.reporting.layout import Cell, Column, Estimate, Table, is_number, shown
from orchestrator.reporting.provenance import Provenance

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}
NEEDS = r"% needs: \usepackage{booktabs} \usepackage{graphicx} \usepackage{xcolor}"
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""As wide as it is, but no wider than the text."""
OPEN_NOTES = (r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize\raggedright")
CLOSE_NOTES = r"\end{minipage}"
SCIENTIFIC = re.compile(r"^(-?[\d.]+)e([+-]\d+)$")


def latex_text(table: Table, *, provenance: Provenance | None = None) -> str:
    """Returns the table as a LaTeX table of booktabs' rules."""
    kept = _kept(table)
    kinds = "".join("r" if table.numeric[i] else "l" for i in kept)
    lines = [] if provenance is None else [_comment(provenance.said)]
    lines += [NEEDS, r"\begin{table}", r"\centering"]
    if table.title:
        lines.append(f"\\caption{{{escaped(table.title)}}}")
    lines += [
        r"\small",
        FITTED,
        f"\\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        _headings(table, kept),
    ]
    lines += [r"\midrule", *_body(table, kept), r"\bottomrule", r"\end{tabular}}"]
    notes = [f"{note}\\par" for note in _notes(table, kept)]
    lines += [*OPEN_NOTES, *notes, CLOSE_NOTES] if notes else []
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def escaped(text: str) -> str:
    """Returns the text with everything that LaTeX would read as something else escaped."""
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def number(text: str) -> str:
    """Returns a number that was rounded for people in math mode, with a real power of ten."""
    scientific = SCIENTIFIC.match(text)
    if scientific is not None:
        return f"${scientific[1]} \\times 10^{{{int(scientific[2])}}}$"
    return f"${text}$" if re.match(r"^-?[\d.]+$", text) else escaped(text)


def _comment(text: str) -> str:
    return f"% {text}".replace("\n", " ")


def _kept(table: Table) -> list[int]:
    """Returns the columns that people read and that hold anything."""
    return [
        at
        for at, (column, cells) in enumerate(zip(table.columns, table.by_column, strict=True))
        if not column.wide and (not cells or any(cell not in (None, "") for cell in cells))
    ]


def _marks(table: Table, kept: Sequence[int]) -> dict[Column, int]:
    """Returns the footnote's number of each column with a note."""
    noted = [table.columns[i] for i in kept if table.columns[i].note]
    return {column: number for number, column in enumerate(noted, start=1)}


def _headings(table: Table, kept: Sequence[int]) -> str:
    marks = _marks(table, kept)
    cells = []
    for column in (table.columns[i] for i in kept):
        mark = f"\\textsuperscript{{{marks[column]}}}" if column in marks else ""
        cells.append(escaped(column.heading) + mark)
    return " & ".join(cells) + r" \\"


def _body(table: Table, kept: Sequence[int]) -> Iterator[str]:
    wide = [i for i, column in enumerate(table.columns) if column.wide]
    for at, row in enumerate(table.rows):
        if at == table.num_heads and at > 0:
            yield r"\midrule"
        told = [(table.columns[i].heading, row[i]) for i in wide if row[i]]
        yield from (_comment(f"{heading}: {cell}") for heading, cell in told)
        cells = [_cell(row[i], table.columns[i], bold=(at, i) in table.bold) for i in kept]
        grey = [f"\\textcolor{{gray}}{{{cell}}}" if cell else "" for cell in cells]
        yield " & ".join(grey if at in table.muted else cells) + r" \\"


def _cell(cell: Cell, column: Column, *, bold: bool) -> str:
    if isinstance(cell, Estimate):
        mean, _, ends = shown(cell, column).partition(" ")
        return _bold(number(mean), bold) + (f" {{\\scriptsize {_interval(ends)}}}" if ends else "")
    text = shown(cell, column)
    return _bold(number(text) if is_number(cell) else escaped(text), bold)


def _interval(ends: str) -> str:
    low, high = (number(end) for end in ends.strip("[]").split(", "))
    return f"[{low}, {high}]"


def _bold(text: str, bold: bool) -> str:
    return f"\\textbf{{\\boldmath {text}}}" if bold else text


def _notes(table: Table, kept: Sequence[int]) -> Iterator[str]:
    for column, mark in _marks(table, kept).items():
        yield f"\\textsuperscript{{{mark}}}{escaped(column.heading)}: {escaped(column.note)}."
    yield from (escaped(note) for note in table.notes)
