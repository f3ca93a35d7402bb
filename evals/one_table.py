"""Reads one table of anybody's, whose columns have names of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.errors import ConfigError, shown, suggestion
from evals.paths import read_path
from evals.table_formats.hub import Hub
from evals.tables import SUFFIXES, is_hub_id, rows_of
from evals.text.unicode_forms import is_blank


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row, which errors call `where`: "people.csv row 3"."""

    where: str
    number: int
    values: dict[str, Any]

    def text(self, column: str) -> str:
        """Returns what stands in a column.

        Raises:
            ConfigError: it is no text, or one that shows nothing.
        """
        found = self.text_or_none(column)
        if found is None:
            raise self._refusal(column, "text that shows something", self.values.get(column))
        return found

    def text_or_none(self, column: str) -> str | None:
        """Returns what stands in a column; None where that is nothing, or shows nothing.

        Raises:
            ConfigError: it is something else than text.
        """
        found = self.values.get(column)
        if found is None:
            return None
        if not isinstance(found, str):
            raise self._refusal(column, "text", found)
        return None if is_blank(found) else found

    def texts(self, column: str) -> tuple[str, ...]:
        """Returns the texts of a column of lists, or the one text in it; without blank ones.

        Raises:
            ConfigError: it is something else.
        """
        found = self.values.get(column)
        if not isinstance(found, list):
            one = self.text_or_none(column)
            return () if one is None else (one,)
        if not all(isinstance(each, str) for each in found):
            raise self._refusal(column, "a list of texts", found)
        return tuple(each for each in found if not is_blank(each))

    def _refusal(self, column: str, rule: str, value: object) -> ConfigError:
        return ConfigError(
            f"{self.where}, column {column!r}, must be {rule} but got {shown(value)}; correct it"
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a table of a hub data set "owner/name"; `key` is what a user calls the path."""

    path: str
    key: str
    table: str = "default"
    revision: str | None = None

    def read(self, columns: Sequence[str], optional: Sequence[str] = ()) -> list[TableRow]:
        """Returns the rows, all of which have `columns`, and one at least each of the `optional`.

        Raises:
            ConfigError: there is no such file or data set, it cannot be read, lacks a column, or
                has no row.
        """
        found: list[TableRow] = []
        seen: set[str] = set()
        for file in _files(self.path, self.key, self.table, self.revision):
            for values in rows_of(file, [*columns, *optional]):
                row = TableRow(f"{file} row {len(found)}", len(found), values)
                _check_columns(row.where, list(values), columns)
                seen.update(values)
                found.append(row)
        if not found:
            raise ConfigError(
                f"{self.key} must hold at least one row but got {self.path!r}, which has none"
            )
        _check_columns(self.path, sorted(seen), optional)
        return found


def _files(path: str, key: str, table: str, revision: str | None) -> list[Path]:
    file = read_path(path, key=key)
    if file.is_file():
        if file.suffix.lower() not in SUFFIXES:
            raise ConfigError(
                f"{key} must be a file that ends in {', '.join(SUFFIXES)} but got {path!r}; "
                "save the table as one of these"
            )
        return [file]
    if file.is_dir():
        inside = sorted(each.name for each in file.iterdir() if each.suffix in SUFFIXES)
        cure = f"give one of {', '.join(inside)}" if inside else "there is none in it"
        raise ConfigError(f"{key} must be a file but got the folder {path!r}; {cure}")
    if not is_hub_id(path):
        raise ConfigError(
            f"{key} must be an existing file or a hub id 'owner/name' but got "
            f"{shown(path, limit=300)}, seen from {Path.cwd()}; correct the path"
        )
    return Hub(path, key=key, revision=revision).files(table)


def _check_columns(where: str, have: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        if column not in have:
            cure = suggestion(column, have) or "name the column in benchmark.columns"
            raise ConfigError(
                f"{where} must have the column {column!r} but got "
                f"{shown(', '.join(have), limit=300)[1:-1]}; {cure}"
            )
