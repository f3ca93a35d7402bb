"""How much disk a sweep will write to its storage, and whether that is free."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from evals.selection import selected_tasks
from orchestrator.planning.anatomies import Anatomies
from orchestrator.planning.lengths import BYTES_PER_TOKEN, answers
from orchestrator.planning.plan import Plan

if TYPE_CHECKING:  # imports torch
    from trainers.anatomy import Anatomy

ADAPTER_ENTRY_BYTES = 4
"""Adapters are saved in float32."""
TOKEN_BYTES, ANSWER_BYTES, ITEM_BYTES = 28, 46, 150
"""Of a score sheet: for a token of a true answer, for any answer, and for an item itself."""
JOB_BYTES = 8_000
"""Of a job's other files."""
RUN_BYTES = 100_000
"""Of MLflow's own database for a job."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes still to be written, and those that are free where they go."""

    models: int
    adapters: int
    records: int
    free: int

    @property
    def total(self) -> int:
        """Everything that is still to be written."""
        return self.models + self.adapters + self.records


def disk(plan: Plan, anatomies: Anatomies) -> Disk:
    """Returns what the jobs that are not finished will leave behind.

    MLflow, where it keeps its artifacts in the storage folder, has everything but the baselines'
    models a second time.
    """
    config = plan.config
    local = config.tracking.uri is None
    trained = [each for each in plan.baselines if each.num_steps and not each.finished]
    jobs = sum(not each.finished for each in plan.baselines) + plan.num_trials - plan.num_finished
    adapters = (plan.num_trials - plan.num_finished) * _adapter_bytes(anatomies.trial)
    return Disk(
        models=sum(_model_bytes(anatomies.baseline) for _ in trained),
        adapters=adapters * (2 if local and config.tracking.log_adapters else 1),
        records=jobs * _record_bytes(plan, local=local),
        free=shutil.disk_usage(_existing(config.folder)).free,
    )


def require_disk(folder: Path, found: Disk) -> None:
    """Refuses a storage folder in which not even the baselines' models would find room.

    Less room than for everything may do: results can be removed while a sweep runs.

    Raises:
        ConfigError: there is too little.
    """
    if found.models > found.free:
        raise ConfigError(
            f"storage must be a folder with room for the baselines' models "
            f"({_size(found.models)}) but got {str(folder)!r} with "
            f"{_size(found.free)} free; choose another with storage=<folder>"
        )


def disk_line(found: Disk) -> str:
    """Returns the need and what is free in words."""
    verdict = "" if found.total <= found.free else ", which is too little"
    return (
        f"Disk: about {_size(found.total)} (models {_size(found.models)}, adapters "
        f"{_size(found.adapters)}, records {_size(found.records)}); {_size(found.free)} are "
        f"free{verdict}"
    )


def _model_bytes(anatomy: "Anatomy | None") -> int:
    """Returns the size of a saved model; an adapter is merged into weights as they were loaded."""
    assert anatomy is not None, "a baseline that is trained"
    weights = anatomy.weights
    if weights.trained == weights.total:
        return weights.total * weights.entry_bytes
    return (weights.total - weights.trained) * weights.loaded_bytes


def _adapter_bytes(anatomy: "Anatomy") -> int:
    return anatomy.weights.trained * ADAPTER_ENTRY_BYTES


def _record_bytes(plan: Plan, *, local: bool) -> int:
    """Returns about what a job's JSON files take, and MLflow's copy of them if it is `local`."""
    tasks = selected_tasks(plan.benchmark, plan.config.evaluation)
    items = [example for task in tasks for example in task.examples]
    truth_bytes = sum(len(item.answer.encode()) for item in items)
    num_answers = sum(len(answers(item)) for item in items)
    # A true answer stands there twice: as it should be, and as it was generated.
    sheet = (2 + TOKEN_BYTES / BYTES_PER_TOKEN) * truth_bytes
    files = int(sheet) + ANSWER_BYTES * num_answers + ITEM_BYTES * len(items) + JOB_BYTES
    return 2 * files + RUN_BYTES if local else files


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
