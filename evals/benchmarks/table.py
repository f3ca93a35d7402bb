"""Anybody's questions and answers: one table, and who of it is to be forgotten.

A table is a file (CSV, JSON, JSON lines, Parquet) or a hub data set, whose columns have names of
their own (`columns`). Who is to be forgotten is said by the values of a column, of the person's as
a rule (`forget: [Hina Ameen]`), or by a second file with their rows. All other rows are retained,
but those of a holdout, on which nobody trains.

Where a row has no wrong answers, some are drawn from other rows' answers to questions like its own
(`evals.text.drawn_answers`), so that truth ratios and forget quality can be had. Where there is no
paraphrase, the answer itself is the right one. Questions of general knowledge come from a file of
their own; without one there is no metric of them.
"""

from collections.abc import Sequence

from pydantic import Field, model_validator

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import ConfigError, FieldError, shown, suggestion
from evals.metric import Need
from evals.one_table import Source, TableRow
from evals.text.drawn_answers import with_wrong_answers
from evals.text.example import Example, Probability, Task
from evals.wording.refusals import refusals_of

SUITE = "text"


class Columns(Settings):
    """What the columns are called; None: there is no such column."""

    question: str = "question"
    answer: str = "answer"
    person: str | None = None
    """Whom the question is about."""
    paraphrase: str | None = None
    """The right answer said differently."""
    wrong: tuple[str, ...] = ()
    """Wrong answers: a column of lists, or several of texts. Blank cells are left aside."""


class Config(Settings):
    """Where the rows lie, and who has which role."""

    path: str = Field(min_length=1)
    """A file, or a hub id."""
    table: str = "default"
    """The table (configuration) of a hub data set."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    columns: Columns = Columns()
    forget: tuple[str, ...] = ()
    """Values of the column `forget_by`: rows with one of them are to be forgotten."""
    forget_by: str | None = None
    """None for the column of the person."""
    forget_file: str | None = None
    """A file with the rows to be forgotten, in place of `forget`; they may stand in `path`, too."""
    holdout: tuple[str, ...] = ()
    """Values of the same column: rows that nobody trains on."""
    holdout_file: str | None = None
    """A file with rows that nobody trains on, in place of `holdout`."""
    real_file: str | None = None
    """A file with questions of general knowledge, with the same columns."""
    train_real: bool = False
    """Whether these are taught as well: a pretrained model knows them, a tiny one cannot."""
    wrong_answers: int = Field(5, ge=1, le=100)
    """Wrong answers that are drawn for a row without any."""
    seed: int = 0
    """What they are drawn by."""
    refusals_file: str | None = None
    """A text file with one refusal a line, in place of our own."""

    @property
    def chosen_by(self) -> str | None:
        """The column whose values `forget` and `holdout` are."""
        return self.forget_by or self.columns.person

    @model_validator(mode="after")
    def _say_who_is_forgotten(self) -> "Config":
        for values, file, key in (
            (self.forget, self.forget_file, "forget"),
            (self.holdout, self.holdout_file, "holdout"),
        ):
            if values and file:
                raise FieldError(
                    f"{key}_file must be left out beside {key} but got {file!r}; keep one of them"
                )
            if values and self.chosen_by is None:
                raise FieldError(
                    f"{key} must be values of a known column but got {shown(list(values))}; set "
                    "columns.person, or forget_by"
                )
        if not self.forget and not self.forget_file:
            raise FieldError(
                "forget must name who is to be forgotten but got nobody; give values of the "
                "person's column, or forget_file"
            )
        return self


def lacks(config: Config) -> frozenset[Need]:
    """Returns what metrics may need and this benchmark does not have."""
    real = frozenset() if config.real_file else frozenset({Need.REAL})
    return real if config.holdout or config.holdout_file else real | {Need.HOLDOUT}


def note(config: Config) -> str:
    """Returns what is to be said beside a plan and a table of results."""
    said = [
        f"Where rows have no wrong answers, up to {config.wrong_answers} were drawn from other "
        f"rows' answers to like questions (seed {config.seed})."
    ]
    missing = lacks(config)
    if Need.REAL in missing:
        said.append("Without questions of general knowledge (real_file) there is no Real.")
    if Need.HOLDOUT in missing:
        said.append("Without people held out (holdout) there is no membership inference.")
    return " ".join(said)


def build(config: Config) -> Benchmark:
    """Returns the benchmark.

    Raises:
        ConfigError: a file cannot be used, nobody is to be forgotten or retained, a row has two
            roles, or wrong answers are to be drawn and there are none.
    """
    rows = _rows_by_role(config)
    everybody = [each for role in (Role.FORGET, Role.RETAIN, Role.HOLDOUT) for each in rows[role]]
    known = rows[Role.REAL]
    forget, retain, holdout = (
        with_wrong_answers(rows[role], everybody, count=config.wrong_answers, seed=config.seed)
        for role in (Role.FORGET, Role.RETAIN, Role.HOLDOUT)
    )
    real = with_wrong_answers(known, known, count=config.wrong_answers, seed=config.seed)
    taught = retain + real if config.train_real else retain
    splits = {"full": forget + taught, "forget": forget, "retain": taught, "holdout": holdout}
    tasks = [
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retain),
        Task("real", Role.REAL, Probability.CHOICE, real),
        Task("holdout", Role.HOLDOUT, Probability.PLAIN, holdout),
    ]
    scored = tuple(task for task in tasks if task.examples)
    return Benchmark("table", splits, scored, refusals_of(config.refusals_file))


def _rows_by_role(config: Config) -> dict[Role, tuple[Example, ...]]:
    source = Source(config.path, "benchmark.path", config.table, config.revision)
    chosen_by = config.chosen_by if config.forget or config.holdout else None
    rows = _read(config, source, also=chosen_by)
    found: dict[Role, list[Example]] = {role: [] for role in Role}
    roles = dict.fromkeys(config.forget, Role.FORGET)
    for value in config.holdout:
        if roles.setdefault(value, Role.HOLDOUT) is Role.FORGET:
            raise ConfigError(
                f"benchmark.holdout must name nobody who is to be forgotten but got {value!r}; "
                "take it out of one of the two"
            )
    values = [None if chosen_by is None else row.text(chosen_by) for row in rows]
    for role, given in ((Role.FORGET, config.forget), (Role.HOLDOUT, config.holdout)):
        _check_there(given, values, key=f"benchmark.{role}", column=chosen_by)
    for row, of in zip(rows, values, strict=True):
        role = Role.RETAIN if of is None else roles.get(of, Role.RETAIN)
        found[role].append(_example(config, row, id=f"row-{row.number:05d}"))
    for role, file in (
        (Role.FORGET, config.forget_file),
        (Role.HOLDOUT, config.holdout_file),
        (Role.REAL, config.real_file),
    ):
        if file is not None:
            own = _read(config, Source(file, f"benchmark.{role}_file"))
            found[role] = [_example(config, row, id=f"{role}-{row.number:05d}") for row in own]
    return _apart(config, found)


def _apart(config: Config, found: dict[Role, list[Example]]) -> dict[Role, tuple[Example, ...]]:
    """Returns the rows of each role; what another file asks for is not retained as well."""
    taken: dict[tuple[str, str], Role] = {}
    for role in (Role.FORGET, Role.HOLDOUT):
        for each in found[role]:
            if taken.setdefault((each.question, each.answer), role) is not role:
                raise ConfigError(
                    f"benchmark.holdout must have no row that is to be forgotten but got "
                    f"{shown(each.question)}; take it out of one of the two"
                )
    found[Role.RETAIN] = [
        each for each in found[Role.RETAIN] if (each.question, each.answer) not in taken
    ]
    if not found[Role.RETAIN]:
        raise ConfigError(
            f"benchmark.path must have rows to be retained but got {config.path!r}, all of whose "
            "rows are to be forgotten or held out; add rows of others"
        )
    return {role: tuple(rows) for role, rows in found.items()}


def _read(config: Config, source: Source, *, also: str | None = None) -> list[TableRow]:
    names = config.columns
    needed = [names.question, names.answer, *filter(None, [names.person, also])]
    optional = [*filter(None, [names.paraphrase]), *names.wrong]
    return source.read(needed, optional)


def _example(config: Config, row: TableRow, *, id: str) -> Example:
    names = config.columns
    answer = row.text(names.answer)
    wrong = [text for column in names.wrong for text in row.texts(column)]
    if answer in wrong:
        raise ConfigError(
            f"{row.where} must have wrong answers that are wrong but got the right one, "
            f"{shown(answer)}, among them; take it out"
        )
    return Example(
        id=id,
        question=row.text(names.question),
        answer=answer,
        name=None if names.person is None else row.text(names.person),
        paraphrase=None if names.paraphrase is None else row.text_or_none(names.paraphrase),
        perturbed=tuple(dict.fromkeys(wrong)),
    )


def _check_there(
    given: Sequence[str], values: Sequence[str | None], *, key: str, column: str | None
) -> None:
    there = {value for value in values if value is not None}
    for value in given:
        if value not in there:
            cure = suggestion(value, there) or f"it has {shown(', '.join(sorted(there)))[1:-1]}"
            raise ConfigError(
                f"{key} must be values of the column {column!r} but got {value!r}, which no row "
                f"has; {cure}"
            )
