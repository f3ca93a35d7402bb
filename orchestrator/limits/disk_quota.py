"""Keeps a sweep's weights within its quota of disk: what is dominated goes, the worst first.

Only adapters go (whole models, where those are trained), only of trials that this sweep has made
and no other one has to do with. Results, scores, baselines, checkpoints and jobs that are running
are never touched.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits.adapter_retention import Held, to_remove
from orchestrator.limits.full_disk import SpaceSources, is_storages
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.other_sweeps import OtherSweeps
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound
from orchestrator.storage.byte_size import size_text
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result
from orchestrator.storage.weights import adapter_bytes, model_bytes, remove_weights
from trainers.job import ADAPTER, MODEL, Phase


class Quota:
    """Looks after the weights of the sweep's entries.

    `space_sources` ask it for room when the disk is full. `say` gets a line for people,
    `on_removed` the hash of a job whose adapter has gone.
    """

    def __init__(
        self,
        config: SweepConfig,
        storage: Storage,
        ledger: Ledger,
        *,
        space_sources: SpaceSources,
        say: Callable[[str], None],
        on_removed: Callable[[str], None],
    ) -> None:
        self._config = config
        self._storage = storage
        self._ledger = ledger
        self._say = say
        self._on_removed = on_removed
        self._others = OtherSweeps(storage.sweep_path(config.name))
        self._copies = 2 if config.tracking.copies_here else 1
        self._kind = MODEL if config.adapter is None else ADAPTER
        self._bounds: tuple[Bound, ...] = ()
        self._models: dict[str, int] = {}
        self._trained: dict[str, int] = {}
        self._shadows: dict[str, int] = {}
        self._free: list[str] = []
        self._warned = self._told = False
        self.entries: list[Entry] = []
        """Every entry of the sweep so far; of those whose adapters have gone it says so."""
        space_sources.add(self.free_space)

    @property
    def used(self) -> int:
        """The bytes that the weights of the sweep's jobs take."""
        return sum(sum(held.values()) for held in (self._models, self._trained, self._shadows))

    def enter(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        """Takes in a finished job."""
        self.entries.append(entry)
        self._bounds = tuple(bounds)
        job = entry.result.job
        folder = self._storage.job_folder(job.hash)
        if job.phase != Phase.TRIAL:
            self._models[job.hash] = model_bytes(folder)
        elif entry.result.weights_removed:
            remove_weights(folder, "")  # goes on with a removal that was cut off
        elif size := self._bytes(folder):
            self._trained[job.hash] = size

    def protect(self, job_hash: str) -> None:
        """Takes in a finalist's job, whose weights count and stay."""
        folder = self._storage.job_folder(job_hash)
        self._models[job_hash] = self._bytes(folder)

    def enter_shadow(self, result: Result) -> None:
        """Takes in a model for attacks, whose weights count and stay until they are released."""
        job_hash = result.job.hash
        if job_hash in self._models or job_hash in self._trained:
            return
        if size := self._bytes(self._storage.job_folder(job_hash)):
            self._shadows[job_hash] = size

    def release(self, jobs: Sequence[str]) -> None:
        """Lets the weights of models for attacks go, which have left their scores."""
        self._free += [job for job in jobs if job in self._shadows]

    def keep(self) -> None:
        """Removes what is beyond the quota, or in the reserve; says so once where that fails."""
        quota = self._config.disk.quota
        excess = max(0 if quota is None else self.used - quota, self._missing())
        if excess <= 0:
            self._warned = False
            return
        freed = self._remove(excess, why=f"disk.quota {_said(quota)}")
        if freed < excess and not self._warned:
            self._warned = True
            self._say(self._warning(quota))

    def free_space(self, reason: str) -> None:
        """Removes the worst adapter that is dominated, for want of room on the disk.

        Unless it would not help, as the disk that `reason` speaks of is another one.
        """
        if self._config.disk.when_full == "remove" and is_storages(reason, self._storage.root):
            self._remove(1, why="the disk is full")

    def _bytes(self, folder: Path) -> int:
        """Returns what a trial's weights take, with the copy of an adapter that MLflow has."""
        return model_bytes(folder) + adapter_bytes(folder) * self._copies

    def _missing(self) -> int:
        """Returns how much less than the reserve is free."""
        reserve = self._config.disk.reserve
        return reserve - shutil.disk_usage(self._storage.root).free if reserve else 0

    def _remove(self, excess: int, *, why: str) -> int:
        """Removes at least `excess` bytes, if as much may go, and returns how much that was.

        Models for attacks go first.
        """
        freed = self._remove_shadows(excess, why=why)
        return freed if freed >= excess else freed + self._remove_trials(excess - freed, why=why)

    def _remove_shadows(self, excess: int, *, why: str) -> int:
        others = self._jobs_of_others() if self._free else None
        freed = 0
        while others is not None and self._free and freed < excess:
            job_hash = self._free.pop(0)
            note = f"Removed by the sweep {self._config.name}: {why}, and its scores are there."
            if job_hash not in others and self._take_weights(job_hash, note):
                freed += self._shadows.pop(job_hash)
        if freed and not self._told:  # once: there are hundreds of them, and more room every time
            self._told = True
            self._say(f"lethe: models for attacks go when their splits are done ({why})")
        return freed

    def _remove_trials(self, excess: int, *, why: str) -> int:
        chosen = to_remove(
            self._removable(),
            [entry for entry in self.entries if entry.result.job.phase == Phase.TRIAL],
            search=self._config.search,
            bounds=self._bounds,
            excess=excess,
        )
        chosen = tuple(held for held in chosen if self._take_away(held, why))
        freed = sum(held.size for held in chosen)
        if chosen:
            trials = f"{len(chosen)} dominated trial" + "s" * (len(chosen) > 1)
            self._say(f"lethe: removed the {self._kind}s of {trials}, {size_text(freed)} ({why})")
        return freed

    def _removable(self) -> list[Held]:
        """Returns what may go at all, each job once."""
        made = {
            entry.result.job.hash: entry
            for entry in reversed(self.entries)
            if entry.result.job.hash in self._trained
            and self._ledger.made(entry.label, entry.number)
        }
        others = self._jobs_of_others() if made else None
        if others is None:
            return []
        return [Held(e, self._trained[job]) for job, e in made.items() if job not in others]

    def _jobs_of_others(self) -> frozenset[str] | None:
        """Returns the jobs that other sweeps have to do with; None, and says so, if unreadable."""
        try:
            return self._others.jobs_of_others()
        except OSError as error:
            self._say(
                f"lethe: no {self._kind} is removed, as another sweep cannot be read: {error}"
            )
            return None

    def _take_weights(self, job_hash: str, note: str) -> bool:
        """Removes the weights of a job, or says why they cannot be removed."""
        try:
            remove_weights(self._storage.job_folder(job_hash), note)
        except OSError as error:
            what = "an adapter" if self._kind == ADAPTER else "a model"
            self._say(f"lethe: {what} could not be removed: {error}")
            return False
        return True

    def _take_away(self, held: Held, why: str) -> bool:
        """Removes a trial's weights, or says why they cannot be removed."""
        note = f"Removed by the sweep {self._config.name}: {why}, and the trial is dominated."
        if not self._take_weights(held.job, note):
            return False
        del self._trained[held.job]
        self.entries[:] = [
            replace(entry, result=replace(entry.result, weights_removed=True))
            if entry.result.job.hash == held.job
            else entry
            for entry in self.entries
        ]
        self._on_removed(held.job)
        return True

    def _warning(self, quota: int | None) -> str:
        reserve = self._config.disk.reserve
        over = quota is not None and self.used > quota
        key = f"disk.quota ({_said(quota)})" if over else f"disk.reserve ({size_text(reserve)})"
        trained = "adapters" if self._kind == ADAPTER else "trials' models"
        return (
            f"lethe: {key} cannot be kept: models {size_text(sum(self._models.values()))} and "
            f"{trained} {size_text(sum(self._trained.values()))} are baselines, on a front, the "
            "best of a method, or another sweep's too; the sweep goes on, raise or lower the key "
            "to have it kept"
        )


def _said(quota: int | None) -> str:
    return "none" if quota is None else size_text(quota)
