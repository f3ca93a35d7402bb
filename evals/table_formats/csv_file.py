"""Tables kept as CSV: commas, a first row of column names, and every cell a text.

Nothing is inferred: `1975` and `NA` are texts. A column of lists cannot be kept in CSV.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.errors import ConfigError, shown


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """Returns the rows of the table in `file`, first to last, as they are asked for.

    A line without any cell is no row.

    Raises:
        ConfigError: names file and line of what is no CSV, and a row that lacks a cell.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            yield from _cells(file, csv.reader(stream, strict=True))
    except UnicodeDecodeError as error:
        raise _refusal(file, "text in UTF-8", error) from None
    except OSError as error:
        raise _refusal(file, "a file that can be read", error.strerror) from None


def _cells(file: Path, lines: Any) -> Iterator[dict[str, Any]]:
    names: list[str] | None = None
    number = 0
    try:
        for cells in lines:
            if not cells:
                continue
            if names is None:
                names = cells
                _check_names(file, names)
                continue
            if len(cells) != len(names):
                raise _refusal(
                    file,
                    f"{len(names)} cells at row {number}, line {lines.line_num}",
                    f"{len(cells)}: {shown(cells)}",
                )
            yield dict(zip(names, cells, strict=True))
            number += 1
    except csv.Error as error:
        raise _refusal(
            file, f"valid CSV at row {number}, line {lines.line_num}", f"an error: {error}"
        ) from None


def _check_names(file: Path, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _refusal(file, "different column names", f"{shown(twice)} twice")


def _refusal(file: Path, rule: str, got: object) -> ConfigError:
    return ConfigError(
        f"{file} must be a table with commas between its cells, with {rule} but got {got}; "
        f"correct it there, or download the data set again"
    )
