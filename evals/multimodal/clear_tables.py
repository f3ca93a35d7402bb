"""Reads the tables of CLEAR (arXiv 2410.18057): pictures with captions, questions with answers.

A row of a table "...+tofu" holds a picture with its caption or a question with its answer, and
never both. Pictures are known by the SHA-256 of their files until their pixels are wanted.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals.errors import ConfigError, shown
from evals.table_formats import parquet_file
from evals.tables import Tables
from evals.text.unicode_forms import is_blank

PICTURE = "image"
LISTS = ("perturbed_captions", "perturbed_names", "options")
TEXTS = ("caption", "question", "answer", "name", "paraphrased_caption")
BATCH = 16
"""Pictures in memory at once, as files: a few megabytes."""
CURE = "correct it there, or download the data set again"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of any of the tables; what it has not got is empty."""

    where: str
    """How errors call it."""
    digest: str
    caption: str
    question: str
    answer: str
    name: str
    paraphrased_caption: str
    perturbed_captions: tuple[str, ...]
    perturbed_names: tuple[str, ...]
    options: tuple[str, ...]

    def require(self, *columns: str) -> None:
        """Refuses a row in which one of the columns is empty, of a picture with `digest`."""
        for column in columns:
            if not getattr(self, column):
                what = "a picture" if column == "digest" else "something"
                place = PICTURE if column == "digest" else column
                raise ConfigError(f"{self.where}.{place} must hold {what} but is empty; {CURE}")


def rows(tables: Tables, name: str) -> list[Row]:
    """Returns the rows of the table `name`.

    Raises:
        ConfigError: there is no such table, or it has no row, or one cannot be read.
    """
    found = [
        _row(f"{file} row {number}", values)
        for file in tables.parquet(name)
        for number, values in enumerate(_read(file))
    ]
    if not found:
        raise ConfigError(
            f"{tables.where(name)} must hold at least one row but got none; "
            "download the data set again"
        )
    return found


def mixed_rows(tables: Tables, name: str) -> list[Row]:
    """Returns the rows of a table of captions and questions.

    Raises:
        ConfigError: as `rows`, or one holds neither a picture nor a question, both, or half of one.
    """
    found = rows(tables, name)
    for row in found:
        _check_one_kind(row)
    return found


def with_wrong(rows: Sequence[Row], column: str, *, num_wrong: int | None) -> list[Row]:
    """Returns the rows with the first `num_wrong` wrong answers of `column`, or all.

    Raises:
        ConfigError: one has none, or fewer than that, or where all are taken not as many as others.
    """
    counts = [len(getattr(row, column)) for row in rows]
    for row, count in zip(rows, counts, strict=True):
        wanted = counts[0] if num_wrong is None else num_wrong
        if not count or count < wanted or (num_wrong is None and count != wanted):
            fewest = min(counts)
            cure = f"set benchmark.num_wrong={fewest}" if fewest else CURE
            raise ConfigError(
                f"{row.where}.{column} must hold {wanted or 'some'} wrong answers, as others do, "
                f"but got {count}; {cure}"
            )
    return [replace(row, **{column: getattr(row, column)[:num_wrong]}) for row in rows]


def pictures(tables: Tables, name: str) -> Iterator[tuple[str, bytes]]:
    """Yields what each picture of the table is called and its file, row by row."""
    for file in tables.parquet(name):
        for number, values in enumerate(_read(file)):
            if values.get(PICTURE):
                yield f"{file} row {number}.{PICTURE}", values[PICTURE]


def _read(file: Path) -> Iterator[dict[str, Any]]:
    columns = (PICTURE, *TEXTS, *LISTS)
    return parquet_file.rows(file, columns, pictures=(PICTURE,), batch=BATCH)


def _row(where: str, values: Mapping[str, Any]) -> Row:
    file = values.get(PICTURE)
    digest = hashlib.sha256(file).hexdigest() if file else ""
    texts = {column: _text(where, column, values.get(column)) for column in TEXTS}
    lists = {column: _list(where, column, values.get(column)) for column in LISTS}
    held: dict[str, Any] = {**texts, **lists}
    return Row(where=where, digest=digest, **held)


def _text(where: str, column: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConfigError(f"{where}.{column} must be a text but got {shown(value)}; {CURE}")
    return "" if is_blank(value) else value


def _list(where: str, column: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) and not is_blank(text) for text in texts):
        raise ConfigError(
            f"{where}.{column} must be a list of texts that are not blank but got "
            f"{shown(value)}; {CURE}"
        )
    return tuple(texts)


def _check_one_kind(row: Row) -> None:
    shows, asks = bool(row.digest or row.caption), bool(row.question or row.answer)
    if shows and asks:
        raise _not_one(row, "both")
    if not shows and not asks:
        raise _not_one(row, "neither")
    row.require(*(("digest", "caption") if shows else ("question", "answer")))


def _not_one(row: Row, got: str) -> ConfigError:
    return ConfigError(
        f"{row.where} must hold a picture with its caption, or a question with its answer, but got "
        f"{got}; {CURE}"
    )
