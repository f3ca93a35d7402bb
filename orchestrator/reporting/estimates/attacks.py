"""What attacks come to on the baselines and on each method's best setting."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.attack import Attack, Attacked, Scored, attacks_on
from evals.scores import ScoreSheet
from evals.splits import World, splits_of
from evals.suite import suite_name
from orchestrator.config.attacks import AttackSettings
from orchestrator.jobs.shadows import Kinds, attack_splits
from orchestrator.reporting.sweep_record import ShadowModel, SweepRecord, standing_trials
from orchestrator.storage.result import State
from trainers.job import Phase


def with_attacks(record: SweepRecord) -> SweepRecord:
    """Returns the record with what attacks come to; as it is where there are no models for any.

    So it is where the sweep goes on without attacks that it had begun with.
    """
    settings = record.config.attacks
    if record.attacks or not record.shadows or settings is None:
        return record
    found = [_against(record, label, number) for label, number in _attacked(record)]
    values = {each.label: each.values for each in found}
    notes = (_said_of_all(settings), *_notes(found))
    return replace(record, attacks=values, attack_notes=notes)


def by_job(record: SweepRecord) -> dict[str, Mapping[str, float]]:
    """Returns what attacks came to by the job whose setting they are on: a baseline, a trial."""
    jobs = {
        (entry.label, entry.number): entry.result.job.hash
        for entry in record.entries
        if not entry.final
    }
    own = {jobs[key]: record.attacks.get(key[0]) for key in _attacked(record) if key in jobs}
    return {job: values for job, values in own.items() if values}


@dataclass(frozen=True, slots=True)
class _Found:
    """What attacks by name came to on the models of one label, and what is to be said of it."""

    label: str
    values: Mapping[str, float]
    note: str = ""


@dataclass(slots=True)
class _Models:
    """Score sheets by what models are for, and how many models are not among them, and why."""

    sheets: dict[tuple[World, str], list[ScoreSheet]] = field(default_factory=dict)
    waiting: int = 0
    failed: list[str] = field(default_factory=list)

    def of(self, world: World) -> Scored:
        """Returns the models of a world."""
        return Scored(self.sheets[world, "target"], self.sheets[world, "shadow"])


def _attacked(record: SweepRecord) -> Iterator[tuple[str, int | None]]:
    """Yields what is attacked: a label, and the number of the trial that it stands for."""
    yield from ((str(phase), None) for phase in (Phase.ORIGINAL, Phase.GOLD))
    yield from ((label, trials[0].number) for label, trials in standing_trials(record).items())


def _said_of_all(settings: AttackSettings) -> str:
    return (
        f"Attacks: on {settings.targets} models of a row by means of {settings.shadows} others, "
        "each trained at a split of its own under the row's setting; on all items."
    )


def _notes(found: Sequence[_Found]) -> Iterator[str]:
    """Yields what is to be said, once of all of whom it is to be said."""
    for note in dict.fromkeys(each.note for each in found if each.note):
        labels = ", ".join(each.label for each in found if each.note == note)
        yield f"Attacks on {labels}: {note}."


def _against(record: SweepRecord, label: str, number: int | None) -> _Found:
    attacks = attacks_on(suite_name(record.config.benchmark.name))
    own = {
        each.split: each for each in record.shadows if (each.label, each.number) == (label, number)
    }
    models = _models(record, own, list(attacks.values()))
    found = {name: _value(attack, models) for name, attack in attacks.items()}
    notes = dict.fromkeys(each.note for each in found.values() if each.note)
    values = {name: each.value for name, each in found.items()}
    return _Found(label, values, "; ".join([*_left_out(models), *notes]))


def _models(
    record: SweepRecord, own: Mapping[int, ShadowModel], attacks: Sequence[Attack]
) -> _Models:
    models = _Models()
    config = record.config
    splits = splits_of(config.benchmark)
    at = attack_splits(config.attacks, splits, searched=config.search.splits)
    for world, kinds in at.items():
        for kind, numbers in _by_kind(kinds).items():
            sheets = models.sheets[world, kind] = []
            for model in (own.get(number) for number in numbers):
                if model is None:
                    models.waiting += 1
                elif model.result.state == State.FAILED:
                    models.failed.append(model.result.reason)
                else:
                    sheet = record.storage.sheet(model.result.job.hash)
                    if all(attack.usable(sheet) for attack in attacks):
                        sheets.append(sheet)
                    else:
                        models.failed.append("its scores are not finite")
    return models


def _by_kind(kinds: Kinds) -> dict[str, tuple[int, ...]]:
    return {"target": kinds.targets, "shadow": kinds.shadows}


def _value(attack: Attack, models: _Models) -> Attacked:
    for (world, kind), sheets in models.sheets.items():
        if len(sheets) < attack.least:
            return Attacked(
                math.nan,
                f"of {kind} models of the {world} world {len(sheets)} are left, and "
                f"{attack.least} are the least",
            )
    return attack.compute(models.of(World.FORGET), models.of(World.HOLDOUT))


def _left_out(models: _Models) -> Iterator[str]:
    total = sum(map(len, models.sheets.values())) + models.waiting + len(models.failed)
    if models.failed:
        yield f"{len(models.failed)} of {total} models failed and are left out ({models.failed[0]})"
    if models.waiting:
        yield f"{models.waiting} of {total} models are not done yet"
