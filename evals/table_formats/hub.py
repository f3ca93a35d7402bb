"""Fetches the files of a hub data set's tables as they lie there.

Which files a table has, `datasets` says from the data set's card. Rows are not read by its
`load_dataset`, which infers a column's type from the first ones and casts what comes later: a
number among texts becomes a text, or every text of the column JSON.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.errors import ConfigError, shown

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Hub:
    """The data set `path`, an id "owner/name", at `revision`; `key` is what a user calls it.

    A table is a configuration in its card, with the files of the split "train" or of all splits
    where the card does not tell them apart. Where the card has none, it is the file `<name>.*`.
    What was fetched once is found again without a network.
    """

    path: str
    key: str
    revision: str | None = None

    def has(self, name: str) -> bool:
        """Tells whether the data set has the table `name`."""
        configs = self._configs()
        if configs:
            return name in configs
        return bool(self._fetched([f"{name}.*"], what="its tables"))

    def files(self, name: str) -> list[Path]:
        """Returns the files that hold the table `name`, in the order of their names.

        Raises:
            ConfigError: there is no such data set, revision or table, or no way to it.
        """
        configs = self._configs()
        patterns = configs.get(name, []) if configs else [f"{name}.*"]
        found = self._fetched(patterns, what=name) if patterns else []
        if not found:
            there = f", which has {', '.join(sorted(configs))}" if configs else ""
            raise self._lacking(name, f"there is no such table{there}")
        return found

    def _configs(self) -> dict[str, list[str]]:
        """Returns the patterns of each table's files, as the card has them."""
        from datasets.utils.metadata import MetadataConfigs
        from huggingface_hub import DatasetCard
        from yaml import YAMLError

        cards = self._fetched([CARD], what="its tables")
        try:
            data = [DatasetCard.load(card).data for card in cards]
            configs = MetadataConfigs.from_dataset_card_data(data[0]) if data else {}
            return {str(name): _patterns(each.get("data_files")) for name, each in configs.items()}
        except (AttributeError, TypeError, ValueError, OSError, YAMLError) as error:
            raise self._lacking("a card that can be read", _first_line(error)) from None

    def _fetched(self, patterns: Sequence[str], *, what: str) -> list[Path]:
        """Returns the files that match one of the `patterns`, fetched if need be."""
        from huggingface_hub import snapshot_download

        if any(Path(pattern).is_absolute() or ".." in Path(pattern).parts for pattern in patterns):
            raise self._lacking(what, f"its card points outside of it: {shown(list(patterns))}")
        with self._reached(what):
            folder = Path(
                snapshot_download(
                    self.path,
                    repo_type="dataset",
                    revision=self.revision,
                    allow_patterns=list(patterns),
                )
            )
        found = {file for pattern in patterns for file in folder.glob(pattern) if file.is_file()}
        return sorted(found)

    @contextmanager
    def _reached(self, what: str) -> Iterator[None]:
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            yield
        except (LocalEntryNotFoundError, ConnectionError) as error:
            raise ConfigError(
                f"{self.key} must be within reach but got {self.path!r}, which is no folder in "
                f"{Path.cwd()}, and the hub cannot be reached ({_first_line(error)}); download the "
                f"data set and give its folder"
            ) from error
        except (ValueError, OSError) as error:
            raise self._lacking(what, _first_line(error)) from error

    def _lacking(self, what: str, why: str) -> ConfigError:
        at = "" if self.revision is None else f" at revision {self.revision!r}"
        return ConfigError(
            f"{self.key} must be a data set that has {what} but got {self.path!r}{at} "
            f"({why}); correct the id or the revision"
        )


def _patterns(data_files: Any) -> list[str]:
    """Returns the files of the split "train", or of a table that has no splits."""
    from datasets.data_files import sanitize_patterns

    return list(map(str, sanitize_patterns(data_files or []).get("train", [])))


def _first_line(error: Exception) -> str:
    lines = filter(None, map(str.strip, str(error).splitlines()))
    return shown(next(lines, type(error).__name__), limit=300)[1:-1]
