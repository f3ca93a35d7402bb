"""What is recorded about the sweep itself: its config as parameters, and what it has come to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.config.resume import FREE
from orchestrator.results.entry import Entry
from orchestrator.results.pareto import gain
from orchestrator.storage.result import State
from orchestrator.tracking.child_run import leaves
from orchestrator.tracking.run_note import NOTE, objectives_in, sweep_note

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
        self._objectives = objectives_in(config)
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Counts a job; one that came before is counted as it is now."""
        self._entries[entry.result.job.hash] = entry

    def metrics(self) -> dict[str, float]:
        """Returns numbers of trials, and each method's best feasible of each objective."""
        trials = [entry for entry in self._entries.values() if _is_trial(entry)]
        failed = [entry for entry in trials if entry.result.state == State.FAILED]
        counts = {
            "trials": len(trials),
            "trials_feasible": sum(entry.feasible for entry in trials),
            "trials_failed": len(failed),
            "trials_stopped": sum(bool(entry.result.stopped) for entry in trials),
            "job_hours": sum(e.result.wall_s for e in self._entries.values()) / 3600,
        }
        return {**{name: float(count) for name, count in counts.items()}, **self._best(trials)}

    def _best(self, trials: list[Entry]) -> dict[str, float]:
        best: dict[str, float] = {}
        for entry in (entry for entry in trials if entry.feasible):
            for objective in self._objectives:
                sign, name = gain(objective, 1.0), f"best/{entry.label}/{objective}"
                value = entry.result.metrics[objective]
                best[name] = sign * max(sign * value, sign * best.get(name, value))
        return best


def _is_trial(entry: Entry) -> bool:
    """Tells the search's own jobs from baselines and finalists."""
    return entry.number is not None and not entry.final
