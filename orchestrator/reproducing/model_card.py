"""The card of a model that is taken elsewhere: what was done to it, and what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evals.benchmark import Role
from evals.metric import load_metric, measurable
from evals.scores import ScoreSheet
from evals.suite import Suite, suite_of
from orchestrator.reporting.estimates.finals import finals_of
from orchestrator.reporting.estimates.samples import measured
from orchestrator.reporting.formats.markdown_text import escaped
from orchestrator.reporting.sweep_record import read_record
from orchestrator.reproducing.compare import said_of_items, shown_items
from orchestrator.reproducing.find_row import Row
from orchestrator.searching.shared_parameters import shared_values
from orchestrator.storage.address import NO_ENVIRONMENT

CARD = "README.md"
NUM_ANSWERS = 5
WRITTEN = ("truth", "generation")
"""Columns of a table of items that hold an answer as it should be, and as the model gave it."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a model card says: what machines read, and what people do."""

    front: Mapping[str, Any]
    text: str

    def rendered(self) -> str:
        """Returns the card as the hub has it: YAML between dashes, then Markdown."""
        front = yaml.safe_dump(dict(self.front), sort_keys=False, allow_unicode=True)
        return f"---\n{front}---\n\n{self.text}"


@dataclass(frozen=True, slots=True)
class Base:
    """The model that a sweep began with, and under which licence it is, if that is known."""

    name: str
    license: str | None = None
    is_given: bool = True
    """Whether it was somebody's own before the sweep."""


def base_model(settings: Mapping[str, Any], family: str) -> Base:
    """Returns the base of a model of `family`, whose card is read if it lies on this machine."""
    path = settings.get("path")
    if not isinstance(path, str):
        return Base(f"a {family} from random weights", is_given=False)
    return Base(path, _license(path))


def card_of(row: Row, *, whole: bool, environment: Mapping[str, str] = NO_ENVIRONMENT) -> Card:
    """Returns the card of a row's model, `whole` or its adapter alone."""
    job = row.result.job
    base = base_model(job.model.settings, job.model.name)
    front: dict[str, Any] = {"library_name": "transformers" if whole else "peft"}
    if base.is_given:
        front["base_model"] = base.name
    if base.license is not None:
        front["license"] = base.license
    front["tags"] = ["machine-unlearning", "lethe"]
    parts = [*_intro(row, base, whole=whole), *_figures(row, environment), *_answers(row)]
    return Card(front, "\n\n".join(parts) + "\n")


def _intro(row: Row, base: Base, *, whole: bool) -> Iterator[str]:
    job = row.result.job
    what = str(job.phase) if job.method is None else job.method.name
    yield f"# {row.config.name}: {what}"
    yield f"Base model: {base.name}.{_licence_note(base)}"
    settings = {
        **({} if job.method is None else {**shared_values(job.training), **job.method.settings}),
        "epochs": job.training.epochs,
        "batch_size": job.training.batch_size,
        "seed": job.seed,
    }
    yield _table(("Setting", "Value"), [(name, _said(value)) for name, value in settings.items()])
    yield (
        f"Benchmark {job.benchmark.name}, whose content is {job.data[:12]}; job {job.hash} of the "
        f"sweep {row.config.name}, Lethe {job.version}."
    )
    if not whole:
        yield (
            "This is the adapter alone. It belongs on the sweep's Original, which was fine-tuned "
            f"on everybody (job {row.original}), not on the base model itself."
        )


def _figures(row: Row, environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the metrics of the model, of Original and of Gold, and how sure they are."""
    yield "## Metrics"
    sheets = [row.storage.sheet(job) for job in (row.result.job.hash, row.original, row.gold)]
    ours, originals, golds = (shown_items(row, sheet) for sheet in sheets)
    names = measurable(row.result.job.evaluation.metrics, has_gold=True)
    values = [measured(sheet, golds, names) for sheet in (ours, originals, golds)]
    lines = [
        (load_metric(name).heading, *(_number(each.get(name), name) for each in values))
        for name in names
        if name in values[0]
    ]
    yield _table(("Metric", "This model", "Original", "Gold"), lines)
    yield f"Over {said_of_items(row)}. Gold never saw who is to be forgotten."
    if intervals := _intervals(row, environment):
        yield (
            f"The same setting under {intervals.num_seeds} seeds, on items that no search has "
            "seen, with 95 % intervals:"
        )
        yield _table(("Metric", "Mean", "From", "To"), intervals.lines)


@dataclass(frozen=True, slots=True)
class _Intervals:
    num_seeds: int
    lines: list[tuple[str, ...]] = field(default_factory=list)


def _intervals(row: Row, environment: Mapping[str, str]) -> _Intervals | None:
    """Returns what the table of finalists says of the row's setting; None where it is not there."""
    folder = row.storage.sweep_path(row.config.name)
    try:
        found = finals_of(read_record(str(folder), environment=environment))
    except ValueError:  # no finalists yet, or of other items
        return None
    for final in () if found is None else found.finals:
        jobs = {result.job.hash for result in final.results}
        if row.result.job.hash in jobs or (final.label, final.number) == _place(row):
            lines = [
                (load_metric(name).heading, *(_number(v, name) for v in (i.mean, i.low, i.high)))
                for name, i in final.metrics.items()
            ]
            return _Intervals(len(final.results), lines) if lines else None
    return None


def _place(row: Row) -> tuple[str, int | None]:
    return row.member.label, row.member.number


def _answers(row: Row) -> Iterator[str]:
    """Yields what Original, the model and Gold answer to a few questions about the forgotten."""
    suite = suite_of(row.result.job.benchmark.name)
    if not set(WRITTEN) <= set(suite.columns):
        return
    jobs = (row.original, row.result.job.hash, row.gold)
    before, after, golds = (_written(row.storage.sheet(job), suite) for job in jobs)
    ids = [each for each in sorted(after) if each in before and each in golds][:NUM_ANSWERS]
    if ids:
        yield "## Answers about those to be forgotten"
        columns = ("Right answer", "Original", "This model", "Gold")
        yield _table(columns, [(after[i][0], before[i][1], after[i][1], golds[i][1]) for i in ids])


def _written(sheet: ScoreSheet, suite: Suite) -> dict[str, tuple[str, str]]:
    """Returns the right and the given answer of every item to be forgotten that has one, by id."""
    at = [list(suite.columns).index(name) for name in WRITTEN]
    found = {}
    for task in sheet.by_role(Role.FORGET):
        for item in task.items:
            cells = suite.cells(task, item)
            truth, given = (cells[index] for index in at)
            if isinstance(truth, str) and isinstance(given, str):
                found[item.id] = truth, given
    return found


def _license(path: str) -> str | None:
    """Returns what the base's own card says, from its folder or the hub's cache."""
    from huggingface_hub import ModelCard, try_to_load_from_cache

    file: Any = Path(path).expanduser() / CARD
    if not file.is_file():
        file = try_to_load_from_cache(path, CARD) if path.count("/") == 1 else None
    if not isinstance(file, str | Path):
        return None
    try:
        return getattr(ModelCard.load(file).data, "license", None)
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _licence_note(base: Base) -> str:
    if not base.is_given:
        return ""
    if base.license is None:
        return " Its licence is not known here; it holds for this model, too."
    return f" Its licence, {base.license}, holds for this model, too."


def _said(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: float | None, name: str) -> str:
    return "" if value is None else f"{value:.{load_metric(name).digits}f}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(escaped, line))} |" for line in lines)
