"""Reads the named tables of a data set, from the hub or from a local folder of JSON files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evals.choice import explain
from evals.errors import ConfigError

RowT = TypeVar("RowT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables at `path`: a folder holding `<name>.json` files, or a hub id "owner/name".

    A file is a list of objects, or one object a line. A hub data set has one configuration per
    table with the single split "train". `key` is what the user calls `path` in errors.
    """

    path: str
    key: str
    revision: str | None = None

    def __post_init__(self) -> None:
        if self._folder is None and not _is_hub_id(self.path):
            raise ConfigError(
                f"{self.key} must be an existing folder or a hub id 'owner/name' but got "
                f"{self.path!r}, seen from {Path.cwd()}; correct the path, or download the data "
                f"set there"
            )
        if self._folder is not None and self.revision is not None:
            raise ConfigError(
                f"{self.key} must be a hub id for a revision ({self.revision!r}) to be chosen but "
                f"got the folder {self.path!r}; leave the revision out"
            )

    @property
    def _folder(self) -> Path | None:
        folder = Path(self.path).expanduser()
        return folder if folder.is_dir() else None

    def where(self, name: str) -> str:
        """Returns how errors call the table `name`."""
        return f"{self.path} ({name})" if self._folder is None else str(self._file(name))

    def has(self, name: str) -> bool:
        """Tells whether the table `name` exists."""
        if self._folder is not None:
            return self._file(name).is_file()
        import datasets

        path, revision = self.path, self.revision
        return name in self._from_hub(
            lambda: datasets.get_dataset_config_names(path, revision=revision), what="its tables"
        )

    def read(self, name: str, row: type[RowT]) -> list[RowT]:
        """Returns the rows of the table `name`, each validated as a `row`.

        Raises:
            ConfigError: no such table, the hub cannot be reached, the file is no JSON, the table
                is empty, or a column is missing or holds something else than `row` says.
        """
        found = self._read_hub(name) if self._folder is None else self._read_file(name)
        if not found:
            raise ConfigError(
                f"{self.where(name)} must hold at least one row but got none; "
                f"download the data set again"
            )
        self._check_columns(name, found, row)
        return [self._validated(name, index, raw, row) for index, raw in enumerate(found)]

    def _file(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{name}.json"

    def _read_file(self, name: str) -> list[dict[str, Any]]:
        file = self._file(name)
        if not file.is_file():
            present = ", ".join(sorted(other.name for other in file.parent.glob("*.json")))
            raise ConfigError(
                f"{self.key} must be a folder that holds {file.name} but got {self.path!r}, which "
                f"holds {present or 'no .json file'}; download the whole data set there"
            )
        if file.stat().st_size == 0:
            return []
        import datasets

        # Streamed, so that nothing is copied into a cache that ranks would fight over. Not by
        # load_dataset, which looks the hub up even for a local file: 5 s a table without network.
        try:
            return list(datasets.Dataset.from_json(str(file), streaming=True))
        except (ValueError, OSError) as error:
            raise ConfigError(
                f"{file} must be a JSON list of objects, or one object a line, but got something "
                f"that cannot be read ({error}); download the data set again"
            ) from error

    def _read_hub(self, name: str) -> list[dict[str, Any]]:
        import datasets

        return list(
            self._from_hub(
                lambda: datasets.load_dataset(
                    self.path, name, revision=self.revision, split="train"
                ),
                what=name,
            )
        )

    def _from_hub(self, fetch: Callable[[], Iterable[Any]], *, what: str) -> Iterable[Any]:
        try:
            return fetch()
        except ConnectionError as error:
            raise ConfigError(
                f"{self.key} must be within reach but got {self.path!r}, which is no folder in "
                f"{Path.cwd()}, and the hub cannot be reached ({error}); download the data set and "
                f"give its folder"
            ) from error
        except (ValueError, OSError) as error:
            at = "" if self.revision is None else f" at revision {self.revision!r}"
            raise ConfigError(
                f"{self.key} must be a data set that has {what} but got {self.path!r}{at} "
                f"({error}); correct the id or the revision"
            ) from error

    def _check_columns(self, name: str, found: list[dict[str, Any]], row: type[BaseModel]) -> None:
        have = list(found[0])
        missing = [column for column in row.model_fields if column not in have]
        if missing:
            raise ConfigError(
                f"{self.where(name)} must have the columns {', '.join(row.model_fields)} but got "
                f"{', '.join(have)}; add {', '.join(missing)}"
            )

    def _validated(self, name: str, index: int, raw: dict[str, Any], row: type[RowT]) -> RowT:
        try:
            return row.model_validate(raw)
        except ValidationError as error:
            raise explain(error, row, key=f"{self.where(name)} row {index}") from None


def _is_hub_id(path: str) -> bool:
    owner, _, name = path.partition("/")
    return bool(owner and name) and "/" not in name and not owner.startswith((".", "~"))
