"""A finished job once more: found from its record, run again, and held against what it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.metric import measurable
from evals.portion import searched_part
from evals.scores import AnswerScore, ItemScore, ScoreSheet
from evals.suites.text import measure
from orchestrator.comparison import reference_of
from orchestrator.config import SweepConfig
from orchestrator.continuity import CONFIG_FILE
from orchestrator.loading import load_resumed
from orchestrator.result import Result, State
from orchestrator.storing.members import MEMBERS_FILE, Member, MemberRole, read_members
from orchestrator.storing.records import Storage
from orchestrator.storing.weights import ADAPTER
from trainers.guard import Guard
from trainers.job import Phase


@dataclass(frozen=True, slots=True)
class Row:
    """A job on record: its result, its sweep, and that sweep's baselines by their hashes."""

    result: Result
    storage: Storage
    config: SweepConfig
    original: str
    gold: str

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.storage.job_folder(self.result.job.hash)

    @property
    def base(self) -> Path | None:
        """The folder of the model that a trial starts from; None for a baseline."""
        if self.result.job.phase != Phase.TRIAL:
            return None
        original = self.storage.recorded(self.original)
        if original is None:
            raise _gone("the original model's record", self.storage.job_folder(self.original))
        return self.storage.model_folder(original.job)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far two score sheets of one job are apart.

    `worst_nats` is the largest difference of any answer's likelihood, in nats a token;
    `metrics` has each metric as recorded and as repeated.
    """

    num_answers: int
    worst_nats: float
    metrics: dict[str, tuple[float, float]]

    def is_same(self, tolerance: float) -> bool:
        """Whether every answer is as likely as it was, within `tolerance` nats a token."""
        return self.worst_nats <= tolerance


def find_row(job_hash: str, storage: Storage) -> Row:
    """Returns the finished job of that hash, with the sweep of `storage` that it belongs to.

    Raises:
        ConfigError: there is no such job, it failed, or it belongs to no sweep that is there.
    """
    result = storage.recorded(job_hash)
    if result is None:
        raise ConfigError(
            f"RUN must be a job in {storage.root} but got {job_hash!r}, which is not there; see "
            "the column Job of trials.csv, or name another folder with --storage"
        )
    if result.state == State.FAILED:
        raise ConfigError(
            f"RUN must be a job that was measured but got {job_hash!r}, which failed "
            f"({result.reason}); run the sweep again, or name another job"
        )
    for file in sorted((storage.root / "sweeps").glob(f"*/{MEMBERS_FILE}")):
        members = read_members(file.parent)
        if any(member.job == job_hash for member in members) and _has_config(file.parent):
            config = load_resumed(str(file.parent), ())
            return Row(result, storage, config, *_baselines(members, file))
    raise ConfigError(
        f"RUN must be a job of a sweep in {storage.root} but got {job_hash!r}, which no "
        f"{MEMBERS_FILE} there names; run its sweep again, which takes a moment"
    )


def check_data(row: Row) -> None:
    """Refuses a benchmark whose content is no longer what the job was measured on.

    Raises:
        ConfigError: names both fingerprints.
    """
    job = row.result.job
    now = build_benchmark(job.benchmark).fingerprint
    if now != job.data:
        raise ConfigError(
            f"benchmark must have the content that the job {job.hash} was run on "
            f"({job.data[:12]}) but got {now[:12]}; restore the data"
        )


def saved_weights(row: Row) -> tuple[Path, Path | None]:
    """Returns the folders of the model and, for a trial, of its adapter.

    Raises:
        ConfigError: they are not there any more.
    """
    job, base = row.result.job, row.base
    model = row.storage.model_folder(job) if base is None else base
    if not model.is_dir():
        raise _gone("the model", model)
    if base is None:
        return model, None
    adapter = row.folder / ADAPTER
    if not adapter.is_dir():
        raise _gone("the adapter", adapter)
    return model, adapter


def guard_of_row(row: Row) -> Guard | None:
    """Returns what the training was stopped under; None if it was not stopped.

    Raises:
        ConfigError: the sweep's guard is another one by now.
    """
    if not row.result.stopped:
        return None
    original, gold = (row.storage.recorded(each) for each in (row.original, row.gold))
    if original is None or gold is None:
        raise _gone("a baseline's record", row.storage.root / "jobs")
    benchmark = build_benchmark(row.config.benchmark)
    guard = reference_of(original, gold, row.storage, config=row.config, benchmark=benchmark).guard
    if guard is None or guard.hash != row.result.guard:
        raise ConfigError(
            f"search.stopping must be what stopped the job {row.result.job.hash} but got another "
            "setting or other baselines; re-evaluate it without --retrain"
        )
    return guard


def likeness(row: Row, repeated: ScoreSheet) -> Likeness:
    """Returns how `repeated` differs from the scores on record, answer by answer."""
    recorded = row.storage.sheet(row.result.job.hash)
    pairs = list(_pairs(recorded, repeated))
    differences = np.array([abs(a.mean_nll - b.mean_nll) for a, b in pairs])
    worst = float(np.max(np.where(np.isnan(differences), np.inf, differences)))
    before, after = (_measured(row, sheet) for sheet in (recorded, repeated))
    return Likeness(len(pairs), worst, {name: (before[name], after[name]) for name in before})


def _measured(row: Row, sheet: ScoreSheet) -> dict[str, float]:
    """Returns the metrics over the items that the search sees, as tables show them."""
    job = row.result.job
    gold = searched_part(row.storage.sheet(row.gold), job.held_out)
    names = measurable(job.evaluation.metrics, has_gold=True)
    return measure(searched_part(sheet, job.held_out), gold, names)


def _pairs(a: ScoreSheet, b: ScoreSheet) -> Iterator[tuple[AnswerScore, AnswerScore]]:
    for mine, theirs in zip(a.tasks, b.tasks, strict=True):
        found = {item.id: item for item in theirs.items}
        for item in mine.items:
            yield from zip(_answers(item), _answers(found[item.id]), strict=True)


def _answers(item: ItemScore) -> list[AnswerScore]:
    paraphrase = [] if item.paraphrase is None else [item.paraphrase]
    return [item.answer, *paraphrase, *item.perturbed]


def _baselines(members: list[Member], file: Path) -> tuple[str, str]:
    last = {member.role: member.job for member in members}
    if MemberRole.ORIGINAL not in last or MemberRole.GOLD not in last:
        raise ConfigError(
            f"{file} must name both baselines but got {', '.join(last)}; let the sweep run on "
            "until both are done"
        )
    return last[MemberRole.ORIGINAL], last[MemberRole.GOLD]


def _has_config(folder: Path) -> bool:
    return (folder / CONFIG_FILE).is_file()


def _gone(what: str, where: Path) -> ConfigError:
    return ConfigError(
        f"{where} must hold {what} but got nothing, as it was removed; train it again with "
        "--retrain"
    )
