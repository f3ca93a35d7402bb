"""CLEAR's pictures of fictitious authors (arXiv 2410.18057), to be recognised.

The table `default` of the data set, from the hub or from a folder of its Parquet files: a picture
and a person's name each row (captions repeat and are not read). People are numbered by first
appearance, wherever their rows stand; ids are row numbers ("clear-0421"). As in the published code
a person's first five pictures enrol, and all but these are scored.

`split` is one of the 128 published ones, of which 0 to 63 hold models that were trained on the
forget set and 64 to 127 such that were trained on the holdout in its place
(`evals.faces.clear_splits`). With `forget_people` the roles are yours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from evals.benchmark import Benchmark
from evals.choice import Settings
from evals.errors import ConfigError, FieldError, shown
from evals.faces.clear_splits import NUM_SPLITS, published_roles
from evals.faces.example import Face
from evals.faces.naming import check_names_differ, normal_name, numbers_of
from evals.faces.people import Person, face_benchmark, memorised_people, named_faces
from evals.faces.roles import Roles
from evals.pictures.collection import read_pictures
from evals.pictures.left_out import tell_left_out
from evals.pictures.store import CACHE, cache_folder
from evals.table_formats import parquet_file
from evals.tables import Tables

SUITE = "faces"
TABLE, PICTURE, NAME = "default", "image", "name"
BATCH = 16
"""Pictures in memory at once, as files: a few megabytes."""


class Config(Settings):
    """Where the pictures lie, and who has which role."""

    path: str = "therem/CLEAR"
    """A hub id, or a folder of Parquet files."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    forget: Literal["forget01", "forget05", "forget10"] = "forget10"
    """The published forget set; the holdout is the one of the same size."""
    split: int = Field(0, ge=0, lt=NUM_SPLITS)
    """Which of the published splits it is."""
    forget_people: tuple[str, ...] = ()
    """People to be forgotten, by name, in place of a published split."""
    retain_people: tuple[str, ...] = ()
    """People to be retained beside `forget_people`; empty for all others."""
    holdout_people: tuple[str, ...] = ()
    """People nobody trains on, beside `forget_people`."""
    enrolled: int = Field(5, ge=1)
    """Pictures that a person is enrolled by; these are not scored."""
    size: int = Field(224, ge=16, le=1024)
    """Pixels a side."""
    skip_unreadable: bool = False
    """Whether to go on without pictures that cannot be used."""
    cache: str | None = CACHE
    """A folder in which pictures are kept once they are read; null reads them anew each time."""

    @model_validator(mode="after")
    def _roles_are_published_or_named(self) -> "Config":
        for key in ("retain_people", "holdout_people"):
            if getattr(self, key) and not self.forget_people:
                raise FieldError(
                    f"{key} must be empty without forget_people but got "
                    f"{shown(list(getattr(self, key)))}; name who is to be forgotten"
                )
        if self.forget_people and self.split:
            raise FieldError(
                f"split must be 0 with forget_people, whose roles are no published ones, but got "
                f"{self.split}; leave one of them out"
            )
        return self


def build(config: Config) -> Benchmark:
    """Returns the benchmark.

    Raises:
        ConfigError: the data are missing, out of reach or damaged, or do not hold who is asked for.
    """
    tables = Tables(config.path, key="benchmark.path", revision=config.revision)
    shards = tables.shards(TABLE)
    where = config.path
    names = _names(shards)
    people = list(dict.fromkeys(names))
    check_names_differ(people, where=where)
    roles = _roles(config, people, where)
    faces = _faces(config.model_copy(update={"split": 0}), tuple(map(_as_it_is, shards)))
    return face_benchmark("clear_faces", _people(config, people, faces, where), roles)


def num_splits(config: Config) -> int:
    """Returns how many splits there are; none where the roles are given by hand."""
    return 0 if config.forget_people else NUM_SPLITS


def _names(shards: Sequence[Path]) -> list[str]:
    """Returns the person of each row, over all files.

    Raises:
        ConfigError: one has none; the message names file and row.
    """
    names = []
    for shard in shards:
        for row, values in enumerate(parquet_file.rows(shard, (NAME,))):
            name = values[NAME]
            if not isinstance(name, str) or not name.strip():
                raise ConfigError(
                    f"{shard} row {row}.{NAME} must be a person's name but got {shown(name)}; "
                    "download the data set again"
                )
            names.append(normal_name(name))
    return names


def _files(shards: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for shard in shards:
        found = parquet_file.rows(shard, (PICTURE,), pictures=(PICTURE,), batch=BATCH)
        for row, values in enumerate(found):
            yield f"{shard} row {row}.{PICTURE}", values[PICTURE] or b""


@dataclass(frozen=True, slots=True)
class _Shard:
    """A file as it is now: another one of the same name has another time, size or place."""

    path: Path
    marks: tuple[int, int, int]


def _as_it_is(path: Path) -> _Shard:
    found = path.stat()
    return _Shard(path, (found.st_mtime_ns, found.st_size, found.st_ino))


@lru_cache(maxsize=1)
def _faces(config: Config, shards: tuple[_Shard, ...]) -> tuple[Face, ...]:
    """Returns all pictures, whatever the split: read once for all splits of a process."""
    paths = [shard.path for shard in shards]
    names = _names(paths)
    pictures = read_pictures(
        lambda: _files(paths),
        size=config.size,
        skip_unreadable=config.skip_unreadable,
        folder=cache_folder(config.cache, key="benchmark.cache"),
    )
    tell_left_out([f"row {row}" for row, picture in enumerate(pictures) if picture is None])
    return tuple(named_faces([f"clear-{row:04d}" for row in range(len(names))], names, pictures))


def _people(
    config: Config, people: Sequence[str], faces: Sequence[Face], where: str
) -> list[Person]:
    def refusal(name: str, count: int) -> ConfigError:
        return ConfigError(
            f"{where} must hold more pictures of {name} than the {config.enrolled} that enrol a "
            f"person but got {count}; download the data set again, or lower benchmark.enrolled"
        )

    return memorised_people(people, faces, enrolled=config.enrolled, refusal=refusal)


def _roles(config: Config, people: Sequence[str], where: str) -> Roles:
    if not config.forget_people:
        percent = int(config.forget.removeprefix("forget"))
        return published_roles(people, percent=percent, split=config.split, where=where)
    known = {name: number for number, name in enumerate(people)}
    forget, retain, holdout = (
        numbers_of(getattr(config, key), known, key=f"benchmark.{key}", where=where)
        for key in ("forget_people", "retain_people", "holdout_people")
    )
    retain = retain or tuple(k for k in known.values() if k not in {*forget, *holdout})
    twice = sorted(
        {*forget} & {*retain} or {*forget} & {*holdout} or {*retain} & {*holdout},
    )
    if twice or not retain:
        got = f"{shown(people[twice[0]])} twice" if twice else "nobody to retain"
        raise ConfigError(
            f"benchmark.forget_people, retain_people and holdout_people must be different people, "
            f"some of them retained, but got {got}; correct them"
        )
    return Roles(forget, retain, holdout)
