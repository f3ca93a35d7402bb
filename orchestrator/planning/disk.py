"""How much disk a sweep will write to its storage, and whether that is free."""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.planning.model_sizes import ModelSizes
from orchestrator.planning.plan import Plan
from orchestrator.storage.byte_size import size_text
from trainers.memory.model_size import ModelSize

ADAPTER_ENTRY_BYTES = 4
"""Adapters are saved in float32."""
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
    weights: "Weights | None" = None
    """What there is a quota for, if there is one."""
    whole: bool = False
    """Whether trials leave whole models in place of adapters."""
    shadows: int = 0
    """What models for attacks leave; of a split whose models are all done the weights may go."""
    cache: int = 0
    """What a model keeps elsewhere, in its cache, unless an earlier sweep has left it there."""

    @property
    def trained(self) -> str:
        """What trials leave, in a word."""
        return "trials' models" if self.whole else "adapters"

    @property
    def total(self) -> int:
        """Everything that is still to be written, and stays."""
        trained = self.adapters + self.shadows
        if self.weights is not None:
            trained = min(trained, self.weights.room)
        return self.models + trained + self.records


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes that all weights of the sweep would take, finished or not, under a quota.

    `least` is what stays in any case: the baselines' models, an adapter of each method, and the
    finalists' runs.
    """

    models: int
    adapters: int
    least: int
    quota: int

    @property
    def room(self) -> int:
        """What of the quota is left for adapters."""
        return max(self.least, self.quota) - self.models


def disk(plan: Plan, sizes: ModelSizes) -> Disk:
    """Returns what the jobs that are not finished will leave behind.

    MLflow, where it keeps its artifacts in the storage folder, has everything but models a second
    time.
    """
    config = plan.config
    local = config.tracking.uri is None
    searched = plan.num_splits * (plan.num_trials - plan.num_finished)
    trials = searched + plan.num_final_trials_left
    jobs = sum(not each.finished for each in plan.models) + trials
    tuned = config.adapter is not None
    once = _adapter_bytes(sizes.trial) if tuned else _model_bytes(sizes.trial, merged=False)
    copies = 2 if tuned and config.tracking.copies_here else 1
    baseline = _model_bytes(sizes.baseline, merged=config.baselines.adapter is not None)
    trained = once * copies
    shadows = Counter[bool]()
    for label, left in plan.shadows_left.items():
        shadows[label in config.methods] += left
    return Disk(
        models=plan.num_models_left * baseline,
        adapters=trials * trained,
        records=jobs * _record_bytes(plan, local=local)
        + shadows.total() * _record_bytes(plan, local=False),
        free=shutil.disk_usage(_existing(config.folder)).free,
        weights=_weights(plan, baseline, trained=trained),
        whole=config.adapter is None,
        shadows=shadows[True] * once + shadows[False] * baseline,
        cache=sizes.trial.cache_bytes,
    )


def require_disk(folder: Path, found: Disk) -> None:
    """Refuses a storage folder in which not even the baselines' models would find room.

    Less room than for everything may do: results can be removed while a sweep runs.

    Raises:
        ConfigError: there is too little, or a quota that can never be kept.
    """
    weights = found.weights
    if weights is not None and weights.least > weights.quota:
        raise ConfigError(
            "disk.quota must have room for the baselines' models, "
            f"{'a model' if found.whole else 'an adapter'} of each method and the finalists' "
            f"({size_text(weights.least)}) but got {size_text(weights.quota)}; raise it"
        )
    if found.models > found.free:
        raise ConfigError(
            f"storage must be a folder with room for the baselines' models "
            f"({size_text(found.models)}) but got {str(folder)!r} with "
            f"{size_text(found.free)} free; choose another with storage=<folder>"
        )


def disk_line(found: Disk) -> str:
    """Returns the need, what is free, and what a quota means, in words."""
    verdict = "" if found.total <= found.free else ", which is too little"
    shadows = f", models for attacks {size_text(found.shadows)}" if found.shadows else ""
    return (
        f"Disk: about {size_text(found.total)} (models {size_text(found.models)}, {found.trained} "
        f"{size_text(found.adapters)}{shadows}, records {size_text(found.records)}); "
        f"{size_text(found.free)} are free{verdict}{_cache_line(found)}{_quota_line(found)}"
    )


def _weights(plan: Plan, baseline: int, *, trained: int) -> Weights | None:
    quota = plan.config.disk.quota
    if quota is None:
        return None
    models = plan.num_models * baseline
    least = models + (len(plan.methods) + plan.num_final_trials) * trained
    trials = plan.num_splits * plan.num_trials + plan.num_final_trials
    return Weights(models, trials * trained, least, quota)


def _cache_line(found: Disk) -> str:
    """Returns a line for what a model keeps in its cache, if it keeps anything."""
    if not found.cache:
        return ""
    return f"\nDisk beside it: about {size_text(found.cache)} of features in model.cache"


def _quota_line(found: Disk) -> str:
    """Returns a line for a quota, if there is one."""
    weights = found.weights
    if weights is None:
        return ""
    whole = weights.models + weights.adapters
    verdict = "all are kept"
    if whole > weights.quota:
        excess = size_text(whole - weights.quota)
        removed = found.trained if found.whole else f"trials' {found.trained}"
        verdict = f"{excess} of dominated {removed} will be removed"
    return (
        f"\nQuota of disk: {size_text(weights.quota)} (disk.quota); all weights take "
        f"{size_text(whole)}, so {verdict}"
    )


def _model_bytes(size: ModelSize | None, *, merged: bool) -> int:
    """Returns the size of a saved model; a `merged` one is of weights as they were loaded.

    Nothing, where both baselines are given.
    """
    if size is None:
        return 0
    weights = size.weights
    if not merged:
        return weights.total * weights.entry_bytes
    return (weights.total - weights.trained) * weights.loaded_bytes


def _adapter_bytes(size: ModelSize) -> int:
    return size.weights.trained * ADAPTER_ENTRY_BYTES


def _record_bytes(plan: Plan, *, local: bool) -> int:
    """Returns about what a job's JSON files take, and MLflow's copy of them if it is `local`."""
    files = plan.suite.sizes.sheet_bytes(plan.tasks) + JOB_BYTES
    return 2 * files + RUN_BYTES if local else files


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
