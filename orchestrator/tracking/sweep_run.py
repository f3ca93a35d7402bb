"""What is recorded about the sweep itself: its config as parameters, and what it has come to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.config.resume import FREE
from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import corner_of, dominated, feasible_metrics
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import trials_of
from orchestrator.searching.constraints import bounds_of
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import State
from orchestrator.tracking.child_run import leaves
from orchestrator.tracking.run_note import NOTE, sweep_note
from trainers.job import Phase

ORIGINAL, GOLD = str(Phase.ORIGINAL), str(Phase.GOLD)

LEFT_OUT = ("tracking.", "plan.", "disk.", "cache", "storage", "checkpoint.")
"""Keys that have no part in what a sweep finds."""


def sweep_params(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the config's leaves by dotted name, but for empty ones and those that may change."""
    fixed = {name: value for name, value in leaves(config) if not name.startswith(FREE)}
    return {name: value for name, value in fixed.items() if value != "[]"}


def sweep_tags(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Returns the note, and what may change from one run of the sweep to the next."""
    changing = {
        name: value
        for name, value in leaves(config)
        if name.startswith(FREE) and not name.startswith(LEFT_OUT)
    }
    methods = ", ".join(config["methods"])
    return {**changing, "methods": methods, NOTE: sweep_note(config, folder)}


class SweepTally:
    """Counts what a sweep has come to, one entry after another."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._search = SearchSettings.model_validate(config["search"])
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Counts a job; one that came before is counted as it is now."""
        self._entries[entry.result.job.hash] = entry

    def metrics(self) -> dict[str, float]:
        """Returns numbers of trials, and each method's best feasible value of each objective.

        Of several objectives what its feasible trials dominate is there, too.
        """
        trials = [entry for entry in self._entries.values() if _is_trial(entry)]
        failed = [entry for entry in trials if entry.result.state == State.FAILED]
        counts = {
            "trials": len(trials),
            "trials_feasible": sum(entry.feasible for entry in trials),
            "trials_failed": len(failed),
            "trials_stopped": sum(bool(entry.result.stopped) for entry in trials),
            "job_hours": sum(e.result.wall_s for e in self._entries.values()) / 3600,
        }
        numbers = {name: float(count) for name, count in counts.items()}
        return {**numbers, **self._best(trials), **self._volumes(trials)}

    def _best(self, trials: list[Entry]) -> dict[str, float]:
        best: dict[str, float] = {}
        for entry in (entry for entry in trials if entry.feasible):
            for objective in self._search.objectives:
                sign, name = gain(objective, 1.0), f"best/{entry.label}/{objective}"
                value = entry.result.metrics[objective]
                best[name] = sign * max(sign * value, sign * best.get(name, value))
        return best

    def _volumes(self, trials: list[Entry]) -> dict[str, float]:
        search = self._search
        known = {entry.label: entry.result.metrics for entry in self._entries.values()}
        if len(search.objectives) == 1 or not {ORIGINAL, GOLD} <= known.keys():
            return {}
        original, gold = known[ORIGINAL], known[GOLD]
        bounds = bounds_of(search.constraints, original=original, gold=gold)
        corner = corner_of(search, bounds, original)
        feasible = {
            entry.label: feasible_metrics(trials_of(trials, entry.label)) for entry in trials
        }
        return {
            f"hypervolume/{label}": dominated(found, search, corner)
            for label, found in feasible.items()
            if found
        }


def _is_trial(entry: Entry) -> bool:
    """Tells the search's own jobs from baselines and finalists."""
    return entry.number is not None and not entry.final
