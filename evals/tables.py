"""Reads the named tables of a data set, from the hub or from a local folder of files.

Every value arrives exactly as it stands in the file, or is refused with file, row and column.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError

from evals.errors import ConfigError, shown
from evals.table_formats import csv_file, json_file, parquet_file
from evals.table_formats.hub import Hub
from evals.text.unicode_forms import is_blank
from evals.validation import explain

SUFFIXES = (".json", ".jsonl", ".csv", ".parquet")

RowT = TypeVar("RowT", bound=BaseModel)


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError("text that shows something")
    return text


Text = Annotated[str, StringConstraints(strict=True), AfterValidator(_not_blank)]
"""A cell of a table that a model reads or is measured by: a text that is not blank."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables at `path`: a folder holding a file for each, or a hub id "owner/name".

    The table `full` is the file `full.json` or `full.jsonl` (a list of objects, or one object a
    line), `full.csv` or `full.parquet`; on the hub it is what `Hub` says. `key` is what the user
    calls `path` in errors.
    """

    path: str
    key: str
    revision: str | None = None

    def __post_init__(self) -> None:
        if self._folder is None and not is_hub_id(self.path):
            raise ConfigError(
                f"{self.key} must be an existing folder or a hub id 'owner/name' but got "
                f"{shown(self.path, limit=300)}, seen from {Path.cwd()}; correct the path, or "
                f"download the data set there"
            )
        if self._folder is not None and self.revision is not None:
            raise ConfigError(
                f"{self.key} must be a hub id for a revision ({self.revision!r}) to be chosen but "
                f"got the folder {self.path!r}; leave the revision out"
            )

    @property
    def _folder(self) -> Path | None:
        try:
            folder = Path(self.path).expanduser()
            return folder if folder.is_dir() else None
        except (OSError, RuntimeError, ValueError):  # too long; "~nobody"; a NUL
            return None

    @property
    def _hub(self) -> Hub:
        return Hub(self.path, key=self.key, revision=self.revision)

    def where(self, name: str) -> str:
        """Returns how errors call the table `name`."""
        if self._folder is None:
            return f"{self.path} ({name})"
        files = _files(self._folder, name)
        return str(files[0] if files else self._folder / f"{name}.json")

    def has(self, name: str) -> bool:
        """Tells whether the table `name` exists."""
        return self._hub.has(name) if self._folder is None else bool(_files(self._folder, name))

    def read(self, name: str, row: type[RowT]) -> list[RowT]:
        """Returns the rows of the table `name`, each validated as a `row`.

        Raises:
            ConfigError: no such table, the hub cannot be reached, a file cannot be read, the table
                is empty, or a column is missing or holds something else than `row` says.
        """
        where = self.where(name)
        files = self._hub.files(name) if self._folder is None else [self._file(name)]
        found: list[RowT] = []
        for file in files:
            # Row by row, so that no more than the result is kept of a large table.
            for values in rows_of(file, row.model_fields):
                if not found:
                    _check_columns(where, values, row)
                found.append(_validated(where, len(found), values, row))
        if not found:
            raise ConfigError(
                f"{where} must hold at least one row but got none; download the data set again"
            )
        return found

    def shards(self, name: str) -> list[Path]:
        """Returns the Parquet files of a table too large for one, in the order of their names.

        On the hub they are the files of the table `name`, in a folder all `*.parquet`.

        Raises:
            ConfigError: there is none, or the hub cannot be reached.
        """
        if self._folder is None:
            return self._hub.files(name)
        found = sorted(file for file in self._folder.glob("*.parquet") if file.is_file())
        if not found:
            below = sorted({file.parent.name for file in self._folder.glob("*/*.parquet")})
            cure = f"give one of {', '.join(below)} in it" if below else "download the data there"
            raise ConfigError(
                f"{self.key} must be a folder that holds Parquet files but got {self.path!r}, "
                f"which holds none; {cure}"
            )
        return found

    def parquet(self, name: str) -> list[Path]:
        """Returns the Parquet files of the table `name`, in the order of their names.

        In a folder they are `<name>.parquet`, or all that lie in a folder of that name.

        Raises:
            ConfigError: there is none, or the hub cannot be reached.
        """
        if self._folder is None:
            return self._hub.files(name)
        alone = self._folder / f"{name}.parquet"
        found = [alone] if alone.is_file() else sorted((self._folder / name).glob("*.parquet"))
        if not found:
            there = sorted(each.name for each in self._folder.iterdir())
            raise ConfigError(
                f"{self.key} must be a folder that holds {name}.parquet, or a folder {name} of "
                f"Parquet files, but got {self.path!r}, which holds {', '.join(there) or 'nothing'}"
                "; download the whole data set there"
            )
        return found

    def _file(self, name: str) -> Path:
        """Returns the one file of the table `name` in the folder."""
        assert self._folder is not None
        files = _files(self._folder, name)
        if len(files) > 1:
            names = " and ".join(file.name for file in files)
            raise ConfigError(
                f"{self.key} must hold one file for the table {name} but got {names} in "
                f"{self.path!r}; keep one"
            )
        if not files:
            others = (file for file in self._folder.iterdir() if file.suffix in SUFFIXES)
            present = ", ".join(sorted(file.name for file in others if file.is_file()))
            raise ConfigError(
                f"{self.key} must be a folder that holds {name}.json but got {self.path!r}, which "
                f"holds {present or 'no table'}; download the whole data set there, or read your "
                "own table by benchmark.name=table"
            )
        return files[0]


def _files(folder: Path, name: str) -> list[Path]:
    files = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return [file for file in files if file.is_file()]


def rows_of(file: Path, columns: Collection[str]) -> Iterator[dict[str, Any]]:
    """Returns the rows of a file with one of the `SUFFIXES`, of Parquet those of `columns`."""
    match file.suffix.lower():
        case ".csv":
            return csv_file.rows(file)
        case ".parquet":
            return parquet_file.rows(file, columns)
        case _:
            return json_file.rows(file)


def _check_columns(where: str, have: Iterable[str], row: type[BaseModel]) -> None:
    missing = [column for column in row.model_fields if column not in have]
    if missing:
        raise ConfigError(
            f"{where} must have the columns {', '.join(row.model_fields)} but got "
            f"{shown(', '.join(have), limit=300)[1:-1]}; add {', '.join(missing)}"
        )


def _validated(where: str, index: int, raw: dict[str, Any], row: type[RowT]) -> RowT:
    try:
        return row.model_validate(raw)
    except ValidationError as error:
        raise explain(error, row, key=f"{where} row {index}") from None


def is_hub_id(path: str) -> bool:
    """Tells whether `path` can be a hub id "owner/name"."""
    owner, _, name = path.partition("/")
    return bool(owner and name) and "/" not in name and not owner.startswith((".", "~"))
