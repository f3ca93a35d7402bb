"""Tables as files, in the formats that are asked for."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.formats.json_text import json_text
from orchestrator.reporting.formats.latex_text import latex_text
from orchestrator.reporting.formats.markdown_text import markdown_text
from orchestrator.reporting.layout import Table
from orchestrator.reporting.provenance import Provenance

FORMATS = ("csv", "md", "tex", "json")
"""By the ending of their files."""


def save(
    table: Table,
    folder: Path,
    name: str,
    *,
    formats: Sequence[str] = ("csv", "md"),
    provenance: Provenance | None = None,
) -> tuple[Path, ...]:
    """Writes `<name>.<format>` for each format, whole or not at all, and returns the paths."""
    texts = {f"{name}.{kind}": _text(table, kind, provenance) for kind in formats}
    for file, text in texts.items():
        part = folder / f".{file}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / file)
    return tuple(folder / file for file in texts)


def _text(table: Table, kind: str, provenance: Provenance | None) -> str:
    match kind:
        case "csv":
            return csv_text(table)
        case "md":
            return markdown_text(table)
        case "tex":
            return latex_text(table, provenance=provenance)
        case _:
            assert kind == "json", kind
            return json_text(table, provenance=provenance)
