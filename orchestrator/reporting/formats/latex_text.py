r"""A table as LaTeX for a paper, to be read in with \input.

It is as wide as the text of a page at most, in letters of 7 points or more: an interval stands
below its mean, columns that have no room in a block below, hyperparameters and counts in a second
table (`paper.apart`). What is infeasible is grey, what is best bold. Many rows make a longtable,
which a document of two columns must set with \onecolumn.

Comments say how each row is repeated, but not where from: a paper may be read by those who must not
know whose it is.
"""

import re
from collections.abc import Iterator, Sequence

from orchestrator.reporting.formats.latex_escape import escaped, number, unplaced
from orchestrator.reporting.formats.paper import (
    FOOTNOTE,
    SCRIPT,
    SMALL,
    WORDY_EMS,
    Face,
    blocks,
    column_widths,
    lines,
    on_paper,
    wordy,
)
from orchestrator.reporting.provenance import Provenance
from orchestrator.reporting.table import Cell, Column, Estimate, Table, is_number, shown

NEEDS = r"% needs: \usepackage{booktabs} \usepackage{graphicx} \usepackage{xcolor}"
LONG_NEEDS = r"% needs: \usepackage{booktabs} \usepackage{longtable} \usepackage{xcolor}"
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""As wide as it is, but no wider than the text."""
OPEN_NOTES = (r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize\raggedright")
CLOSE_NOTES = r"\end{minipage}"
UNCOUNTED = r"\addtocounter{table}{-1}"
"""A longtable takes a number whether it has a caption or not."""
TEXT_WIDTH = 345.0
"""Points: that of LaTeX's own article, which is among the narrowest."""
COLUMN_WIDTH = 230.0
"""Points: what is wider takes both columns of a document that has two."""
MOST_LINES = 40
"""As many have room on a page."""


def latex_text(table: Table, *, name: str = "table", provenance: Provenance | None = None) -> str:
    r"""Returns the table as LaTeX with booktabs' rules; its \label is "tab:<sweep>-<name>"."""
    paper = on_paper(table)
    comments = [list(_comments(table, row)) for row in table.rows]
    sweep = "" if provenance is None else f"{provenance.sweep}-"
    title = escaped(table.title)
    caption = f"\\caption{{{title}}}\\label{{tab:{sweep}{name}}}" if title else ""
    broken = {face: blocks(paper, TEXT_WIDTH, face) for face in (SMALL, FOOTNOTE)}
    face = min(broken, key=lambda face: len(broken[face]))
    is_long = sum(_num_lines(part) for part in broken[face]) > MOST_LINES
    face = SCRIPT if is_long else face
    made = (_long if is_long else _float)(paper, comments, caption, face)
    head = [] if provenance is None else [f"% {unplaced(provenance.said)}"]
    return "\n".join([*head, *made]) + "\n"


def _float(
    table: Table, comments: Sequence[Sequence[str]], caption: str, face: Face
) -> Iterator[str]:
    """Yields a table that floats, its blocks one below the other."""
    parts = blocks(table, TEXT_WIDTH, face)
    is_wide = max(sum(column_widths(part, face)) for part in parts) > COLUMN_WIDTH
    name = "table*" if is_wide else "table"
    yield from (NEEDS, f"\\begin{{{name}}}", r"\centering")
    yield from [caption, r"\smallskip"] if caption else []
    yield _face(face)
    for at, part in enumerate(parts):
        if at:
            yield r"\par\medskip"
        yield from (FITTED, f"\\begin{{tabular}}{{{_kinds(part)}}}", r"\toprule")
        yield from (_headings(part, parts), r"\midrule")
        yield from _body(part, comments if at == 0 else [], brief=False)
        yield from (r"\bottomrule", r"\end{tabular}}")
    notes = list(_notes(parts))
    if notes:
        yield from (*OPEN_NOTES, *notes, CLOSE_NOTES)
    yield f"\\end{{{name}}}"


def _long(
    table: Table, comments: Sequence[Sequence[str]], caption: str, face: Face
) -> Iterator[str]:
    """Yields a table that goes on over pages; one block follows the other."""
    parts = blocks(table, TEXT_WIDTH, face)
    yield from (LONG_NEEDS, rf"\begingroup{_face(face)}")
    for at, part in enumerate(parts):
        is_numbered = at == 0 and caption
        yield f"\\begin{{longtable}}{{{_kinds(part)}}}"
        yield from [caption + r" \\"] if is_numbered else []
        for end in (r"\endfirsthead", r"\endhead"):
            yield from (r"\toprule", _headings(part, parts), r"\midrule", end)
        yield from (r"\bottomrule", r"\endfoot")
        yield from _body(part, comments if at == 0 else [], brief=True)
        yield r"\end{longtable}"
        yield from [] if is_numbered else [UNCOUNTED]
    yield from _notes(parts)
    yield r"\endgroup"


def _face(face: Face) -> str:
    return rf"{face.command}\setlength{{\tabcolsep}}{{{face.gap / 2:g}pt}}"


def _comments(table: Table, row: Sequence[Cell]) -> Iterator[str]:
    """Yields what repeats the row, without where its jobs are."""
    told = {key: str(cell or "") for key, cell in zip(table.keys, row, strict=True)}
    if told.get("job"):
        yield f"% Job: {told['job']}"
    for job in re.findall(r"orchestrator\.repeat ([0-9a-f]{16})\b", told.get("repeat", "")):
        yield f"% python -m orchestrator.repeat {job}"


def _num_lines(part: Table) -> int:
    return len(part.rows) * (2 if any(part.estimated) else 1) + 1


def _kinds(table: Table) -> str:
    return "".join("r" if is_numeric else "l" for is_numeric in table.numeric)


def _marks(parts: Sequence[Table]) -> dict[Column, int]:
    """Returns the footnote's number of each column with a note."""
    noted = dict.fromkeys(column for part in parts for column in part.columns if column.note)
    return {column: number for number, column in enumerate(noted, start=1)}


def _headings(part: Table, parts: Sequence[Table]) -> str:
    marks = _marks(parts)
    return " & ".join(_heading(column, marks.get(column)) for column in part.columns) + r" \\"


def _heading(column: Column, mark: int | None) -> str:
    noted = "" if mark is None else f"\\textsuperscript{{{mark}}}"
    first, *second = (escaped(line) for line in lines(column.heading))
    return f"\\shortstack{{{first}\\\\{second[0]}{noted}}}" if second else first + noted


def _body(table: Table, comments: Sequence[Sequence[str]], *, brief: bool) -> Iterator[str]:
    broken = wordy(table)
    for at, row in enumerate(table.rows):
        if at == table.num_heads and at > 0:
            yield r"\midrule"
        yield from comments[at] if comments else ()
        cells = [_cell(cell, table, (at, i), brief=brief) for i, cell in enumerate(row)]
        cells = [_boxed(cell) if broken[i] else cell for i, cell in enumerate(cells)]
        ends = [_shaded(_ends(cell, table.columns[i]), table, at) for i, cell in enumerate(row)]
        together = brief and any(ends)
        yield _row(cells) + "*" * together
        if any(ends):
            yield _row(ends)
            yield from [r"\addlinespace[2pt]"] * (at + 1 < len(table.rows))


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _shaded(text: str, table: Table, row: int) -> str:
    return f"\\textcolor{{gray}}{{{text}}}" if text and row in table.muted else text


def _cell(cell: Cell, table: Table, at: tuple[int, int], *, brief: bool) -> str:
    column = table.columns[at[1]]
    text = shown(cell, column)
    if isinstance(cell, Estimate):
        made = number(text.partition(" ")[0], brief=brief)
    elif is_number(cell):
        made = number(text, brief=brief)
    else:
        made = escaped(text)
    made = f"\\textbf{{\\boldmath {made}}}" if at in table.bold else made
    made = rf"{made}\textsuperscript{{\dag}}" if at[1] == 0 and at[0] in table.daggered else made
    return _shaded(made, table, at[0])


def _boxed(cell: str) -> str:
    """Returns a text whose lines are broken, if there is one."""
    return f"\\parbox[t]{{{WORDY_EMS}em}}{{\\raggedright {cell}\\strut}}" if cell else cell


def _ends(cell: Cell, column: Column) -> str:
    """Returns the interval of an estimate, if one is known."""
    ends = shown(cell, column).partition(" ")[2] if isinstance(cell, Estimate) else ""
    if not ends:
        return ""
    low, high = (number(end) for end in ends.strip("[]").split(", "))
    return f"{{\\scriptsize [{low}, {high}]}}"


def _notes(parts: Sequence[Table]) -> Iterator[str]:
    for column, mark in _marks(parts).items():
        said = f"{escaped(column.heading)}: {escaped(column.note)}."
        yield f"\\textsuperscript{{{mark}}}{said}\\par"
    yield from (f"{escaped(note)}\\par" for note in parts[0].notes)
    if parts[0].muted:
        yield "Grey: infeasible.\\par"
