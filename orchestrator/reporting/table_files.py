"""Tables as files, in the formats that are asked for."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.formats.json_text import json_text
from orchestrator.reporting.formats.latex_text import latex_text
from orchestrator.reporting.formats.markdown_text import markdown_text
from orchestrator.reporting.formats.paper import apart
from orchestrator.reporting.provenance import Provenance
from orchestrator.reporting.table import Table

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
    """Writes `<name>.<format>` for each format, whole or not at all, and returns the paths.

    What has no room on paper is in a second file, `settings_name(name)`.tex.
    """
    texts = {f"{name}.{kind}": _text(table, kind, name, provenance) for kind in formats}
    second = apart(table)
    if "tex" in formats and second is not None:
        own = settings_name(name)
        texts[f"{own}.tex"] = latex_text(second, name=own, provenance=provenance)
    for file, text in texts.items():
        part = folder / f".{file}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / file)
    return tuple(folder / file for file in texts)


def settings_name(name: str) -> str:
    """Returns what the second part of a printed table is called."""
    return "settings" if name == "table" else f"{name}_settings"


def files_of(table: Table, folder: Path, name: str, *, formats: Sequence[str]) -> list[Path]:
    """Returns the files that `save` writes."""
    files = [folder / f"{name}.{kind}" for kind in formats]
    if "tex" in formats and apart(table) is not None:
        files.append(folder / f"{settings_name(name)}.tex")
    return files


def _text(table: Table, kind: str, name: str, provenance: Provenance | None) -> str:
    match kind:
        case "csv":
            return csv_text(table)
        case "md":
            return markdown_text(table)
        case "tex":
            return latex_text(table, name=name, provenance=provenance)
        case _:
            assert kind == "json", kind
            return json_text(table, provenance=provenance)
