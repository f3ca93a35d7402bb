"""CLEAR (arXiv 2410.18057): fictitious authors in pictures with captions, and TOFU's questions.

The tables `full+tofu`, `forgetNN+tofu`, `retainNN+tofu`, `forgetNN_perturbed`, `retain_perturbed`,
`real_faces` and `real_world` of the data set, from the hub or from a folder of Parquet files. Rows
of all tables are found in `full+tofu`, by caption and picture or by question and answer; ids are
row numbers there ("clear-0421"). Published tables do not complement each other exactly: rows of
`full+tofu` that are neither forgotten nor retained are trained on by nobody, and a caption to be
forgotten that has no wrong ones is trained on and not scored.

`forget_modality` says which rows are to be forgotten, questions (text), captions (visual) or both,
and a method's own `forget` says it for that method; for all three as many are forgotten in a pass
(`evals.multimodal.forgetting`). Gold has seen neither.

Which of the caption questions is put to a picture its id decides, for training and scoring alike;
the published code draws one anew each time. They are in our own words; `caption_questions` takes
others. Scored are captions (`forget`, `retain`) and real faces and scenes, and for metrics that
name them the names as a choice, the same with grey pictures, and the answers to TOFU's questions.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import ConfigError, shown
from evals.multimodal import clear_tables
from evals.multimodal import task_names as names
from evals.multimodal.clear_tables import Row, mixed_rows, rows, with_wrong
from evals.multimodal.example import Example
from evals.multimodal.forgetting import Modality, forget_splits
from evals.pictures.collection import read_pictures
from evals.pictures.left_out import tell_left_out
from evals.pictures.picture import Picture
from evals.pictures.store import CACHE, cache_folder
from evals.tables import Tables, Text
from evals.text.example import Probability, Task
from evals.wording.captions import CAPTION_QUESTIONS, NAMING_QUESTION, question_of
from evals.wording.refusals import refusals_of

SUITE = "multimodal"
FULL = "full+tofu"
GREY = 127


class Config(Settings):
    """Where the data lie, and what is to be forgotten."""

    path: str = "therem/CLEAR"
    """A hub id, or a folder of Parquet files, `<table>.parquet` or `<table>/*.parquet`."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    forget: Literal["forget01", "forget05", "forget10"] = "forget10"
    forget_modality: Modality = Modality.BOTH
    """Rows of those to be forgotten that are unlearned: text, visual, or both."""
    num_wrong: int | None = Field(None, ge=1)
    """Wrong answers of each item, the first ones; None for all, as many in each row of a table."""
    caption_questions: tuple[Text, ...] = Field(CAPTION_QUESTIONS, min_length=1)
    """What is asked of a picture that has a caption; a row's id decides which."""
    naming_question: Text = NAMING_QUESTION
    refusals_file: str | None = None
    """A text file with one refusal a line, in place of our own."""
    size: int = Field(336, ge=16, le=1024)
    """Pixels a side."""
    skip_unreadable: bool = False
    """Whether to go on without pictures that cannot be used."""
    cache: str | None = CACHE
    """A folder in which pictures are kept once they are read; null reads them anew each time."""


def build(config: Config) -> Benchmark:
    """Returns the benchmark.

    Raises:
        ConfigError: the data are missing, out of reach, damaged or inconsistent; it names the row.
    """
    tables = Tables(config.path, key="benchmark.path", revision=config.revision)
    full = _Full(tables, config)
    retain_name = f"retain{100 - int(config.forget.removeprefix('forget')):02d}"
    forget = full.numbers(f"{config.forget}+tofu")
    retain = full.numbers(f"{retain_name}+tofu")
    full.check_apart(forget, retain, retain_name)
    full.tell_unused({*forget, *retain})
    forget_said, retain_said = (
        full.said(f"{config.forget}_perturbed"),
        full.said("retain_perturbed"),
    )
    said = {**retain_said, **forget_said}

    told = [full.example(k, said) for k in forget if not full.rows[k].digest]
    shown_rows = full.examples([k for k in forget if full.rows[k].digest], said)
    kept = full.examples(retain, said)
    splits = {
        "full": (*told, *shown_rows, *kept),
        **forget_splits(told, shown_rows, config.forget_modality),
        "retain": kept,
        "holdout": (),
    }
    asked = [k for k in forget if k in forget_said and k in full.pictures]
    checked = [k for k in retain if k in retain_said and k in full.pictures]
    for name, found in ((f"{config.forget}_perturbed", asked), ("retain_perturbed", checked)):
        if not found:
            raise ConfigError(
                f"{tables.where(name)} must hold captions that are trained on but got none; "
                "use the tables of one revision"
            )
    tasks = (
        Task("forget", Role.FORGET, Probability.PLAIN, full.examples(asked, said)),
        Task("retain", Role.RETAIN, Probability.PLAIN, full.examples(checked, said)),
        *(_real(tables, config, name) for name in ("real_faces", "real_world")),
        _aside(names.FORGET_NAMING, [full.naming(k, said[k]) for k in asked]),
        _aside(names.RETAIN_NAMING, [full.naming(k, said[k]) for k in checked]),
        _aside(names.FORGET_BLANKED, [full.naming(k, said[k], grey=True) for k in asked]),
        Task(names.FORGET_BY_TEXT, Role.AUXILIARY, Probability.PLAIN, tuple(told)),
        Task(
            names.RETAIN_BY_TEXT,
            Role.AUXILIARY,
            Probability.PLAIN,
            tuple(each for each in kept if each.picture is None),
        ),
    )
    return Benchmark("clear", splits, tasks, refusals_of(config.refusals_file))


def _aside(name: str, examples: Sequence[Example]) -> Task:
    return Task(name, Role.AUXILIARY, Probability.CHOICE, tuple(examples))


class _Full:
    """The table of all captions and questions, in which the rows of all other tables are found."""

    def __init__(self, tables: Tables, config: Config) -> None:
        self._tables = tables
        self._config = config
        self.rows = mixed_rows(tables, FULL)
        self.pictures = self._read_pictures()
        self._exact: dict[tuple[str, str], int] = {}
        self._by_caption: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            self._exact.setdefault(_content(row), number)
            if row.digest:
                self._by_caption.setdefault(row.caption, []).append(number)

    def numbers(self, name: str) -> tuple[int, ...]:
        """Returns the row numbers of the table `name`, ascending."""
        return tuple(sorted({self._find(row) for row in mixed_rows(self._tables, name)}))

    def said(self, name: str) -> dict[int, Row]:
        """Returns what the table `name` says of captions, wrong ones and names, by row number."""
        found = rows(self._tables, name)
        for row in found:
            row.require("digest", "caption", "name", "paraphrased_caption")
        for column in ("perturbed_captions", "perturbed_names"):
            found = with_wrong(found, column, num_wrong=self._config.num_wrong)
        return {self._find(row): row for row in found}

    def example(self, number: int, said: Mapping[int, Row]) -> Example:
        """Returns a row with what is said of it."""
        row, row_id = self.rows[number], f"clear-{number:04d}"
        if not row.digest:
            return Example(row_id, row.question, row.answer)
        question = question_of(row_id, self._config.caption_questions)
        picture = self.pictures[number]
        if number not in said:
            return Example(row_id, question, row.caption, row.name or None, picture=picture)
        more = said[number]
        return Example(
            row_id,
            question,
            row.caption,
            more.name,
            more.paraphrased_caption,
            more.perturbed_captions,
            picture,
        )

    def examples(self, numbers: Sequence[int], said: Mapping[int, Row]) -> tuple[Example, ...]:
        """Returns the rows of these numbers, less those whose pictures are left out."""
        there = (k for k in numbers if not self.rows[k].digest or k in self.pictures)
        return tuple(self.example(k, said) for k in there)

    def naming(self, number: int, said: Row, *, grey: bool = False) -> Example:
        """Returns who is in the picture of a row, or in a grey one in its place."""
        picture = self.pictures[number]
        return Example(
            f"clear-{number:04d}/{'grey' if grey else 'name'}",
            self._config.naming_question,
            said.name,
            said.name,
            perturbed=said.perturbed_names,
            picture=Picture(np.full_like(picture.pixels, GREY)) if grey else picture,
        )

    def check_apart(self, forget: Sequence[int], retain: Sequence[int], retain_name: str) -> None:
        """Refuses a table to be retained that holds what is to be forgotten."""
        both = sorted({*forget} & {*retain})
        if both:
            row = self.rows[both[0]]
            raise ConfigError(
                f"{self._tables.where(f'{retain_name}+tofu')} must hold nothing that is to be "
                f"forgotten but got {shown(row.caption or row.question)}; use the tables of one "
                "revision"
            )

    def tell_unused(self, used: set[int]) -> None:
        """Warns of rows that are neither forgotten nor retained."""
        unused = len(self.rows) - len(used)
        if unused:
            warnings.warn(
                f"{unused} of the {len(self.rows)} rows of {self._tables.where(FULL)} are neither "
                "to be forgotten nor retained; nobody is trained on them",
                stacklevel=2,
            )

    def _find(self, row: Row) -> int:
        """Returns the number of a row of another table: by all it holds, or by a caption alone."""
        number = self._exact.get(_content(row))
        if number is not None:
            return number
        alike = self._by_caption.get(row.caption, []) if row.digest else []
        if len(alike) != 1:
            raise ConfigError(
                f"{row.where} must be a row of {self._tables.where(FULL)}, too, but got "
                f"{shown(row.caption or row.question)}, which "
                f"{'is not there' if not alike else 'has another picture there'}; "
                "use the tables of one revision"
            )
        return alike[0]

    def _read_pictures(self) -> dict[int, Picture]:
        shown_rows = [number for number, row in enumerate(self.rows) if row.digest]
        return dict(_readable(self._tables, FULL, self._config, shown_rows))


def _content(row: Row) -> tuple[str, str]:
    return (row.caption, row.digest) if row.digest else (row.question, row.answer)


def _readable(
    tables: Tables, name: str, config: Config, numbers: Sequence[int]
) -> Iterator[tuple[int, Picture]]:
    """Yields the pictures of a table by the numbers of their rows, and tells which are left out."""
    found = read_pictures(
        lambda: clear_tables.pictures(tables, name),
        size=config.size,
        skip_unreadable=config.skip_unreadable,
        folder=cache_folder(config.cache, key="benchmark.cache"),
    )
    pairs = list(zip(numbers, found, strict=True))
    tell_left_out([f"{name} row {number}" for number, picture in pairs if picture is None])
    return ((number, picture) for number, picture in pairs if picture is not None)


def _real(tables: Tables, config: Config, name: str) -> Task:
    """Returns the task of real faces, which are asked for by name, or of real scenes."""
    found = rows(tables, name)
    faces = name == "real_faces"
    for row in found:
        row.require(*(("digest", "answer") if faces else ("digest", "question", "answer")))
    found = with_wrong(found, "options", num_wrong=config.num_wrong)
    pictures = dict(_readable(tables, name, config, range(len(found))))
    return Task(
        name,
        Role.REAL,
        Probability.CHOICE,
        tuple(
            Example(
                f"{name.replace('_', '-')}-{k:03d}",
                row.question or config.naming_question,
                row.answer,
                row.answer if faces else None,
                perturbed=tuple(option for option in row.options if option != row.answer),
                picture=pictures[k],
            )
            for k, row in enumerate(found)
            if k in pictures
        ),
    )
