"""TOFU (arXiv 2401.06121): 200 fictitious authors with 20 questions each, some to be forgotten.

Read from the hub or from a folder of `<table>.json` files, as `evals.tables` says. The tables of
paraphrased and wrong answers are joined to `full` by the question's text and, because one question
is asked of two authors ("What is the full name of the author?"), by the answer's; ids are row
numbers in `full` ("tofu-0421"), so that they do not depend on which authors are chosen. The retain
task has the rows of `retain_perturbed` (20 authors in the published data) that are trained on.

A small run takes whole authors: `forget_authors` are the last of the forget set;
`retain_authors` are taken first from those that can be scored on the retain task. Authors that
are then left out of training but have wrong answers become the holdout. With none left, the
holdout is the table `holdoutNN` where it exists, less the rows that are in `full`; it has neither
paraphrases nor wrong answers. Otherwise there is none.

`train_world` teaches the answers of the Real tasks in `full` and `retain`: a pretrained model
knows them, a tiny model from scratch cannot.
"""

from itertools import chain
from typing import Literal

from pydantic import BaseModel, Field

from evals.authors import Authors, Rows, choose
from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import ConfigError, shown
from evals.tables import Tables, Text
from evals.text.example import Example, Probability, Task
from evals.text.unicode_forms import normal_form
from evals.wording.refusals import refusals_of

SUITE = "text"
REAL = ("real_authors", "world_facts")


class Config(Settings):
    """Where the data lie and which part is used."""

    path: str = "locuslab/TOFU"
    """A hub id, or a folder."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    forget: Literal["forget01", "forget05", "forget10"] = "forget10"
    forget_authors: int | None = Field(None, ge=1)
    """Authors to be forgotten; None for all."""
    retain_authors: int | None = Field(None, ge=1)
    """Authors to be retained; None for all."""
    holdout_authors: int | None = Field(None, ge=0)
    """Authors held out; None for as many as are forgotten, or as many as are left."""
    num_world: int | None = Field(None, ge=2)
    """Questions of general knowledge, half of them about authors; None for all."""
    train_world: bool = False
    refusals_file: str | None = None
    """A text file with one refusal a line, in place of our own."""


class _Plain(BaseModel):
    question: Text
    answer: Text


class _Real(_Plain):
    perturbed_answer: tuple[Text, ...] = Field(min_length=1)


class _Said(_Real):
    paraphrased_answer: Text


class _Full:
    """The table `full`, to which the rows of all other tables are joined."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.rows = tables.read("full", _Plain)
        self._by_question: dict[str, list[int]] = {}
        self._by_normal_form: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            self._by_question.setdefault(row.question, []).append(number)
            self._by_normal_form.setdefault(normal_form(row.question), []).append(number)

    def find(self, row: _Plain, *, where: str) -> list[int]:
        """Returns the numbers of the rows that ask this and, if several do, answer this.

        Raises:
            ConfigError: there is none, but one that reads the same, in other code points; `where`
                is what the row is called.
        """
        numbers = self._by_question.get(row.question, [])
        if len(numbers) > 1:
            numbers = [number for number in numbers if self.rows[number].answer == row.answer]
        if not numbers:
            self._check_written_alike(row, where=where)
        return numbers

    def _check_written_alike(self, row: _Plain, *, where: str) -> None:
        """Refuses a row that is none of these only because of how its letters are encoded."""
        for number in self._by_normal_form.get(normal_form(row.question), []):
            twin = self.rows[number]
            if twin.question != row.question or normal_form(twin.answer) == normal_form(row.answer):
                raise ConfigError(
                    f"{where} must be written as row {number} of full is but got "
                    f"{shown(row.question)}, the same text in another Unicode normalisation form "
                    f"(NFC or NFD); write both in one form"
                )

    def locate(self, name: str, rows: list[_Plain] | list[_Said]) -> tuple[int, ...]:
        """Returns the row number in `full` of each row of the table `name`."""
        table = self.tables.where(name)
        located: list[int] = []
        for index, row in enumerate(rows):
            numbers = self.find(row, where=f"{table} row {index}")
            if len(numbers) != 1:
                raise ConfigError(
                    f"{table} row {index} must be exactly one row of full but got {len(numbers)} "
                    f"for {shown(row.question)}; use the tables of one revision"
                )
            located += numbers
        return tuple(located)

    def split(self, forget: str) -> Rows:
        """Returns the rows of the forget set and of the retain set that completes it."""
        retain = _sibling(forget, "retain")
        parts = [self.locate(name, self.tables.read(name, _Plain)) for name in (forget, retain)]
        both = set(parts[0]) & set(parts[1])
        size = len(parts[0]) + len(parts[1])
        if both or size != len(self.rows) or len({*parts[0], *parts[1]}) != size:
            raise ConfigError(
                f"{self.tables.where(retain)} must hold exactly the rows of full that {forget} "
                f"does not but got {len(parts[1])} rows, {len(both)} of them in {forget}, where "
                f"full has {len(self.rows)} and {forget} {len(parts[0])}; "
                f"use the tables of one revision"
            )
        return Rows(forget=tuple(sorted(parts[0])), retain=tuple(sorted(parts[1])))

    def said(self, name: str) -> dict[int, _Said]:
        """Returns the paraphrased and wrong answers of the table `name` by row number."""
        rows = self.tables.read(name, _Said)
        return dict(zip(self.locate(name, rows), rows, strict=True))

    def examples(self, rows: tuple[int, ...], said: dict[int, _Said]) -> tuple[Example, ...]:
        """Returns the examples of these rows of `full`."""
        return tuple(_example(f"tofu-{row:04d}", self.rows[row], said.get(row)) for row in rows)


def build(config: Config) -> Benchmark:
    """Returns the benchmark.

    Raises:
        ConfigError: the data are missing, out of reach or not as published (columns, forget and
            retain complementing each other), or more is asked for than there is.
    """
    full = _Full(Tables(config.path, key="benchmark.path", revision=config.revision))
    authors = Authors(config.forget_authors, config.retain_authors, config.holdout_authors)
    forget_said = full.said(f"{config.forget}_perturbed")
    retain_said = full.said("retain_perturbed")
    said = {**_said_of_others(full, config.forget, authors), **retain_said, **forget_said}
    rows = choose(authors, full.split(config.forget), scored=retain_said, said=said)
    scored = tuple(row for row in rows.retain if row in retain_said)
    _check_covered(full.tables, config.forget, not set(rows.forget) - set(forget_said))
    _check_covered(full.tables, "retain", bool(scored))
    forget, retain, holdout = (
        full.examples(part, said) for part in (rows.forget, rows.retain, rows.holdout)
    )
    if not holdout and config.holdout_authors is None:
        holdout = _outsiders(full, _sibling(config.forget, "holdout"))
    world = _world(full.tables, config.num_world)
    if config.train_world:
        retain += tuple(chain.from_iterable(world))
    splits = {"full": forget + retain, "forget": forget, "retain": retain, "holdout": holdout}
    tasks = [
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, full.examples(scored, said)),
        *(Task(n, Role.REAL, Probability.CHOICE, e) for n, e in zip(REAL, world, strict=True)),
    ]
    if holdout:
        tasks.append(Task("holdout", Role.HOLDOUT, Probability.PLAIN, holdout))
    return Benchmark("tofu", splits, tuple(tasks), refusals_of(config.refusals_file))


def _sibling(forget: str, kind: Literal["retain", "holdout"]) -> str:
    percent = int(forget.removeprefix("forget"))
    return f"{kind}{100 - percent if kind == 'retain' else percent:02d}"


def _example(id: str, row: _Plain, said: _Said | None = None) -> Example:
    if said is None:
        return Example(id, row.question, row.answer)
    return Example(
        id,
        row.question,
        row.answer,
        paraphrase=said.paraphrased_answer,
        perturbed=said.perturbed_answer,
    )


def _said_of_others(full: _Full, forget: str, authors: Authors) -> dict[int, _Said]:
    """Returns what is said of the largest forget set, of which some may be left untrained."""
    largest = "forget10"
    if forget == largest or not authors.some or not full.tables.has(f"{largest}_perturbed"):
        return {}
    return full.said(f"{largest}_perturbed")


def _check_covered(tables: Tables, split: str, covered: bool) -> None:
    if not covered:
        raise ConfigError(
            f"{tables.where(f'{split}_perturbed')} must hold wrong answers to what is asked of the "
            f"{split} authors but got none for some of them; use the tables of one revision"
        )


def _outsiders(full: _Full, name: str) -> tuple[Example, ...]:
    """Returns the rows of the table `name`, if it exists, that are not in `full`."""
    if not full.tables.has(name):
        return ()
    table = full.tables.where(name)
    return tuple(
        _example(f"holdout-{i:04d}", row)
        for i, row in enumerate(full.tables.read(name, _Plain))
        if not full.find(row, where=f"{table} row {i}")
    )


def _world(tables: Tables, count: int | None) -> list[tuple[Example, ...]]:
    """Returns the examples of each Real task, `count` in all, as even as their sizes allow."""
    known = [
        tuple(
            Example(f"{label}-{i:03d}", row.question, row.answer, perturbed=row.perturbed_answer)
            for i, row in enumerate(tables.read(f"{name}_perturbed", _Real))
        )
        for name, label in zip(REAL, ("real-authors", "world-facts"), strict=True)
    ]
    total = sum(len(examples) for examples in known)
    if count is None:
        return known
    if count > total:
        raise ConfigError(
            f"benchmark.num_world must be at most {total} but got {count}; ask for fewer"
        )
    num_facts = min(len(known[1]), count - min(len(known[0]), count // 2))
    return [known[0][: count - num_facts], known[1][:num_facts]]
