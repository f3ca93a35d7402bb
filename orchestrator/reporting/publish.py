"""What a sweep came to, as files in a folder: the one place that knows all parts of a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from evals.building import benchmark_note
from evals.errors import ConfigError
from orchestrator.limits.full_disk import Hold
from orchestrator.limits.steering import given_trials
from orchestrator.reporting.answer import answer
from orchestrator.reporting.estimates.attacks import with_attacks
from orchestrator.reporting.estimates.chance import with_chance
from orchestrator.reporting.estimates.finals import Finals, finals_of
from orchestrator.reporting.figure_data import FigureData, figure_data_of
from orchestrator.reporting.figures.all_figures import figures_of
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.method_subset import subset_of
from orchestrator.reporting.page.page import PAGE, write_page
from orchestrator.reporting.provenance import Provenance, provenance_of
from orchestrator.reporting.selection import PART, Selection, everything, is_whole
from orchestrator.reporting.stale_files import clear
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Table
from orchestrator.reporting.table_files import files_of, save
from orchestrator.reporting.tables.ablation import ablation_table
from orchestrator.reporting.tables.comparison import comparison_table
from orchestrator.reporting.tables.finals import finals_table
from orchestrator.reporting.tables.floors import with_floors
from orchestrator.reporting.tables.fronts import fronts_table
from orchestrator.reporting.tables.ledger import ledger_table
from orchestrator.reporting.tables.pairs import l1_pairs
from orchestrator.reporting.tables.pareto import method_fronts_table, pareto_table
from orchestrator.reporting.tables.published import published_note, published_table
from orchestrator.reporting.tables.search import search_table
from orchestrator.reporting.tables.trials import trials_table

TABLE, SEARCH, LEDGER = "table", "search", "ledger"
SHOWN = {
    TABLE: "",
    "ablation": "With and without L1:",
    "published": "Beside CLEAR's figures:",
    "pareto": "Pareto front:",
    "fronts": "Each method's front:",
    LEDGER: "Budgets:",
}
"""The tables that people look at in a terminal, and what is said before them."""
FINAL = (TABLE, "comparisons", "ablation", "published")
"""The tables on items that no search has seen, where there are finalists."""
UNCOMPARED = (
    "Finalists have run, but are not held against each other here: the rows are the search's own "
    "trials. They are in the whole report."
)


def publish(
    record: SweepRecord,
    folder: Path,
    *,
    selection: Selection | None = None,
    say: Callable[[str], None],
    hold: Hold,
) -> list[Path]:
    """Saves all tables and figures to `folder`, says the main ones, and returns all files.

    `selection` None is the whole sweep. `hold` makes a write as soon as there is room for it.
    Without baselines nothing can be compared: then there is the ledger alone. What an earlier
    report has left and this one of the whole sweep did not make is removed.
    """
    chosen = selection or everything(record.config)
    record, finals = with_estimates(with_attacks(record))
    tables = tables_of(record, finals, chosen)
    origin = provenance_of(record, finals)
    files = _saved(tables, folder, formats=chosen.formats, origin=origin, hold=hold)
    _say_tables(tables, say)
    sentences = answer(record, finals) if is_whole(chosen, record.config) else ()
    if sentences:
        say("\n".join(["In short", "", *sentences, ""]))
    part, shown = subset_of(record, finals, chosen.labels)
    figure_data = figure_data_of(part, shown, axes=chosen.axes, labels=tuple(record.config.methods))
    page = partial(write_page, part, figure_data, tables, folder, answer=sentences)
    figures = _drawn(figure_data, folder, page=page, hold=hold)
    if is_whole(chosen, record.config) or folder == record.folder / PART:
        clear(folder, record.config, made=[*files, *figures])
    say(f"Report: {folder}: {', '.join(tables)} (each as {', '.join(chosen.formats)})")
    say(f"Figures: {', '.join(file.name for file in figures)}")
    return [*files, *figures]


def publish_briefly(
    record: SweepRecord, folder: Path, *, say: Callable[[str], None], hold: Hold
) -> list[Path]:
    """Saves the tables of a sweep that has no time, says the main ones, and returns their files.

    Finalists are not held against each other and nothing is drawn, which would take seconds. What
    an earlier report has left of that is removed: it would contradict the tables.
    """
    chosen = everything(record.config)
    if record.replicates:
        record = replace(record, gaps=(*record.gaps, UNCOMPARED))
    record = with_chance(record)
    tables = tables_of(record, None, chosen)
    origin = provenance_of(record)
    files = _saved(tables, folder, formats=chosen.formats, origin=origin, hold=hold)
    clear(folder, record.config, made=files)
    _say_tables(tables, say)
    say(f"Tables: {folder}; the whole report: python -m orchestrator.report {folder}")
    return files


def with_estimates(record: SweepRecord) -> tuple[SweepRecord, Finals | None]:
    """Returns the record with what chance makes of its original, and its finalists.

    Where finalists cannot be held against each other the record says why.

    Raises:
        ConfigError: the scores of a finalist or a baseline are not as they were written.
    """
    record = with_chance(record)
    try:
        return record, finals_of(record)
    except ConfigError:  # other scores would be other numbers without a word
        raise
    except ValueError as error:
        gap = f"Finalists cannot be held against each other: {str(error).rstrip('.')}."
        return replace(record, gaps=(*record.gaps, gap)), None


def tables_of(record: SweepRecord, finals: Finals | None, selection: Selection) -> dict[str, Table]:
    """Returns the tables of a report by the name of their files; those of a part say so."""
    tables = {
        name: table
        if name == LEDGER
        else with_floors(table, record, held_out=finals is not None and name in FINAL)
        for name, table in _tables_of(record, finals, selection).items()
    }
    shown, all_of_them = len(selection.labels), len(record.config.methods)
    if shown == all_of_them:
        return tables
    part = f" ({shown} of {all_of_them} methods)"
    return {
        name: table if name == LEDGER else replace(table, title=f"{table.title}{part}")
        for name, table in tables.items()
    }


def _tables_of(
    record: SweepRecord, finals: Finals | None, selection: Selection
) -> dict[str, Table]:
    trials = given_trials(record.config, record.usage.steering)
    ledger = ledger_table(record.config, record.entries, record.usage, trials=trials)
    if record.reference is None:
        return {LEDGER: replace(ledger, notes=(*ledger.notes, *record.gaps))}
    labels, axes = selection.labels, selection.axes
    tables = {TABLE: _main_table(record, finals, labels)}
    if finals is not None:
        tables[SEARCH] = search_table(record, labels)
        tables["comparisons"] = comparison_table(finals, labels)
    tables["pareto"] = pareto_table(record, labels, axes=axes)
    tables["pareto_methods"] = method_fronts_table(record, labels, axes=axes)
    tables["fronts"] = fronts_table(record, labels, axes=axes)
    pairs = [pair for pair in l1_pairs(record.config) if {pair.with_l1, pair.without} <= {*labels}]
    if pairs:
        tables["ablation"] = ablation_table(record, finals, pairs)
    published = published_table(record, finals, labels)
    if published is not None:
        tables["published"] = published
    return {**tables, "trials": trials_table(record, labels), LEDGER: ledger}


def _saved(
    tables: Mapping[str, Table],
    folder: Path,
    *,
    formats: Sequence[str],
    origin: Provenance,
    hold: Hold,
) -> list[Path]:
    """Writes the tables and returns their files."""
    files = []
    for name, table in tables.items():
        hold(partial(save, table, folder, name, formats=formats, provenance=origin))
        files += files_of(table, folder, name, formats=formats)
    return files


def _say_tables(tables: Mapping[str, Table], say: Callable[[str], None]) -> None:
    for name, heading in SHOWN.items():
        if name in tables:
            say(f"{heading}\n\n{terminal_text(tables[name])}")


def _main_table(record: SweepRecord, finals: Finals | None, labels: Sequence[str]) -> Table:
    """Returns the finalists, or what the search has found where there are none."""
    made = search_table(record, labels) if finals is None else finals_table(record, finals, labels)
    part = len(labels) < len(record.config.methods)
    shown = f"Shown are {len(labels)} of the sweep's {len(record.config.methods)} methods."
    own = benchmark_note(record.config.benchmark)
    notes = (*made.notes, own, *((shown,) if part else ()), published_note(record))
    return replace(made, notes=notes)


def _drawn(
    figure_data: FigureData, folder: Path, *, page: Callable[[], Path], hold: Hold
) -> list[Path]:
    """Draws the figures and writes the page, and returns their files."""
    files: list[Path] = []

    def draw() -> None:
        files[:] = figures_of(figure_data, folder)

    hold(draw)
    hold(page)
    return [*files, folder / PAGE]
