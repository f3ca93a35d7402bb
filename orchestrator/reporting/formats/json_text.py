"""A table as JSON, for programs: rows of typed values, notes, and where all of it comes from.

The form is `{schema, title, columns, rows, infeasible, no_better, best, notes, provenance}`. A row
maps a column's key to text, a number, true or false, or null; in a column of estimates to `{mean,
low, high}` or null. `infeasible` are indices of rows, as are `no_better`, of those that forgot
nothing beyond chance; `best` are pairs of such an index and a column's key. JSON has no NaN and no
infinities: they are the texts "NaN", "Infinity", "-Infinity", as in a job's result.json.
"""

import json
import math
from dataclasses import asdict
from typing import Any

from orchestrator.reporting.provenance import Provenance
from orchestrator.reporting.table import Cell, Estimate, Table

SCHEMA = "lethe.table/1"
"""Another number if a program that reads the one before would be wrong about the new one."""


def json_text(table: Table, *, provenance: Provenance | None = None) -> str:
    """Returns the table as JSON, every number in full."""
    keys, estimated = table.keys, table.estimated
    columns = [
        {"key": key, "heading": column.heading, "note": column.note}
        for key, column in zip(keys, table.columns, strict=True)
    ]
    form = {
        "schema": SCHEMA,
        "title": table.title,
        "columns": columns,
        "rows": [dict(zip(keys, _typed(row, estimated), strict=True)) for row in table.rows],
        "infeasible": sorted(table.muted),
        "no_better": sorted(table.daggered),
        "best": [[row, keys[column]] for row, column in sorted(table.bold)],
        "notes": list(table.notes),
        "provenance": None if provenance is None else asdict(provenance),
    }
    return json.dumps(form, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _typed(row: tuple[Cell, ...], estimated: tuple[bool, ...]) -> list[Any]:
    return [_value(cell, three) for cell, three in zip(row, estimated, strict=True)]


def _value(cell: Cell, three: bool) -> Any:
    if isinstance(cell, Estimate):
        return {name: _value(number, False) for name, number in asdict(cell).items()}
    if three and cell is not None:
        return {"mean": _value(cell, False), "low": None, "high": None}
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    return cell
