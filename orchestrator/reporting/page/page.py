"""A sweep's report as one HTML file that needs nothing else: tables, charts, provenance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.config.resume import config_text
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.page.chart_data import page_data
from orchestrator.reporting.page.environment import circumstances_of
from orchestrator.reporting.page.table import page_table
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Table
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.ranking import axes_of, is_trial
from orchestrator.searching.constraints import said

PAGE = "report.html"
FILES = Path(__file__).with_name("files")
SCRIPTS = ("charts.js", "scatter.js", "lines.js", "cards.js", "tables.js", "report.js")
LIVE_SCRIPT = "live.js"
"""What a page does beside that while its sweep runs: it asks for what is new."""
FIRST = "table"
"""The table that people look for, before the first chart."""
BELOW = ("trials", "ledger")
"""Tables that come after all charts."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a page has that is served: a part on what goes on `now`, and its own `version`."""

    now: Markup
    version: str


def write_page(
    record: SweepRecord,
    figure_data: FigureData,
    tables: Mapping[str, Table],
    folder: Path,
    *,
    answer: Sequence[str] = (),
) -> Path:
    """Writes `report.html`, whole or not at all, and returns its path.

    `answer` are the sentences that it opens with. `tables` are shown in their order under their
    names; their numbers are the CSV's.
    """
    path = folder / PAGE
    part = folder / f".{PAGE}.part"
    part.write_text(page_text(record, figure_data, tables, answer=answer), encoding="utf-8")
    part.replace(path)
    return path


def page_text(
    record: SweepRecord,
    figure_data: FigureData,
    tables: Mapping[str, Table],
    *,
    answer: Sequence[str] = (),
    live: Live | None = None,
) -> str:
    """Returns the page; it asks for nothing from elsewhere, and forbids itself to.

    One that is served says before all else what goes on in the sweep now, and asks for what is new.
    """
    search = record.config.search
    lead = tuple(dict.fromkeys((*search.objectives, *search.constraints)))
    sheets = [page_table(name, table, lead=lead) for name, table in tables.items()]
    scripts = SCRIPTS if live is None else (*SCRIPTS, LIVE_SCRIPT)
    return (
        surroundings()
        .get_template(PAGE)
        .render(
            live=live,
            name=record.config.name,
            summary=_summary(record),
            gaps=record.gaps,
            answer=answer,
            first=[sheet for sheet in sheets if sheet.name == FIRST],
            above=[sheet for sheet in sheets if sheet.name not in (FIRST, *BELOW)],
            below=[sheet for sheet in sheets if sheet.name in BELOW],
            has_finals=figure_data.finals is not None,
            pareto_title=_pareto_title(figure_data),
            facts=circumstances_of(record),
            config=json.dumps(json.loads(config_text(record.config)), indent=2),
            style=_raw("report.css"),
            script=Markup("\n").join(_raw(name) for name in scripts),
            data=embedded(page_data(record, figure_data)),
        )
    )


def surroundings() -> Environment:
    """Returns what the page's templates are filled in; everything is escaped there."""
    return Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def embedded(data: Any) -> Markup:
    """Returns JSON that may stand in a script element: nothing in it can end the element."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _raw(name: str) -> Markup:
    return Markup((FILES / name).read_text(encoding="utf-8"))


def _pareto_title(figure_data: FigureData) -> str:
    """Returns the title of the first chart, which names metrics that are not the sweep's own."""
    if figure_data.axes == axes_of(figure_data.search):
        return "What was forgotten against what was kept"
    names = (figure_data.axes.objective.metric, figure_data.axes.horizontal.metric)
    up, across = map(metric_title, names)
    return f"{up} against {across}"


def _summary(record: SweepRecord) -> str:
    trials = [entry for entry in record.entries if is_trial(entry)]
    num_feasible = sum(entry.feasible for entry in trials)
    parts = [f"{len(record.config.methods)} methods, {len(trials)} trials, {num_feasible} feasible"]
    if record.reference is not None and record.reference.bounds:
        parts.append(" and ".join(said(bound) for bound in record.reference.bounds))
    return ": ".join(parts)
