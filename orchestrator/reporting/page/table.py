"""A table as the HTML report shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.reporting.row_names import method_of
from orchestrator.reporting.table import DAGGER, Cell, Estimate, Table, is_number, shown
from orchestrator.searching.shared_parameters import SHARED

TITLES = {
    "table": "Methods",
    "search": "What the search found",
    "comparisons": "Which finalists can be told apart",
    "ablation": "With and without L1",
    "published": "Beside CLEAR's figures",
    "pareto": "Pareto front",
    "pareto_methods": "Each method's Pareto front",
    "fronts": "What the Pareto fronts dominate",
    "trials": "All trials",
    "ledger": "Budgets",
}
REPEAT, JOB, METHODS, TRIAL = "repeat", "job", ("method", "first", "second"), "trial"
FEASIBLE, SETTINGS = "feasible", tuple(SHARED)
FOLDED = ("table", "search")
"""Names of columns that the page does something with."""


@dataclass(frozen=True, slots=True)
class PageCell:
    """A cell: `text` is rounded for people, `exact` is the CSV's, of an estimate its mean.

    `low` and `high` are the ends of an estimate, empty for what is none.
    """

    text: str
    exact: str
    is_number: bool
    is_bold: bool
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row: the cells that are read, and what the page knows of it beside them.

    `job` is the hash of its job and `repeat` the command that repeats it; each may be empty. A row
    of a `trial`, by number, is hidden along with the trial, any other along with one of its
    `methods`, of which a comparison has two.
    """

    cells: tuple[PageCell, ...]
    job: str
    repeat: str
    methods: tuple[str, ...]
    trial: int | None
    is_muted: bool


@dataclass(frozen=True, slots=True)
class PageColumn:
    """A heading, whether numbers stand below it, and what is to be known of it.

    A `minor` one is folded away until somebody asks for it.
    """

    heading: str
    is_numeric: bool
    note: str
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table under its name, which is that of its CSV; the first `num_heads` rows stay on top."""

    name: str
    title: str
    columns: tuple[PageColumn, ...]
    rows: tuple[PageRow, ...]
    notes: tuple[str, ...]
    num_heads: int


def page_table(name: str, table: Table, *, lead: Sequence[str] = ()) -> PageTable:
    """Returns the table for the page; columns that are wide are left to each row's card.

    The metrics of `lead` come first, in that order, and all metrics before the hyperparameters, so
    that they are in view on a narrow screen. In tables of `FOLDED` what comes after those is minor.
    """
    order, num_major = _order(table, lead)
    numeric = table.numeric
    columns = tuple(
        PageColumn(
            table.columns[i].heading,
            numeric[i],
            table.columns[i].note,
            is_minor=name in FOLDED and place >= num_major,
        )
        for place, i in enumerate(order)
    )
    title = TITLES.get(name, table.title or name.replace("_", " ").capitalize())
    rows = tuple(_row(table, i, order) for i in range(len(table.rows)))
    return PageTable(name, title, columns, rows, table.notes, table.num_heads)


def _order(table: Table, lead: Sequence[str]) -> tuple[list[int], int]:
    """Returns which columns are shown in which order, and how many of them are major.

    What leads comes after the first column, lr and L1 after what tells the feasible.
    """
    readable = [i for i, column in enumerate(table.columns) if not column.wide]
    names = {table.columns[i].name: i for i in readable}
    if FEASIBLE not in names:
        return readable, len(readable)
    leading = [names[name] for name in lead if name in names]
    settings = [names[name] for name in SETTINGS if name in names]
    rest = [i for i in readable if i not in (*settings, *leading)]
    after = 1 + rest.index(names[FEASIBLE])
    major = [rest[0], *leading, *rest[1:after], *settings]
    return [*major, *rest[after:]], len(major)


def _row(table: Table, index: int, order: Sequence[int]) -> PageRow:
    row = table.rows[index]
    by_name = {column.name: cell for column, cell in zip(table.columns, row, strict=True)}
    number = by_name.get(TRIAL)
    return PageRow(
        cells=tuple(_cell(table, (index, i)) for i in order),
        job=str(by_name.get(JOB) or ""),
        repeat=str(by_name.get(REPEAT) or ""),
        methods=tuple(method_of(str(by_name[name])) for name in METHODS if by_name.get(name)),
        trial=number if isinstance(number, int) else None,
        is_muted=index in table.muted,
    )


def _cell(table: Table, at: tuple[int, int]) -> PageCell:
    cell, column = table.rows[at[0]][at[1]], table.columns[at[1]]
    text, is_bold = shown(cell, column), at in table.bold
    if at[1] == 0 and at[0] in table.daggered:
        text = f"{text} {DAGGER}"
    if isinstance(cell, Estimate):
        ends = str(cell.low), str(cell.high)
        return PageCell(text, str(cell.mean), True, is_bold, *ends)
    return PageCell(text, _exact(cell), is_number(cell), is_bold)


def _exact(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)
