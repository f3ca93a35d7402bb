"""What a study keeps of a trial for itself, and a trial of it as its sampling sees it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.searching.constraints import is_feasible
from orchestrator.searching.signals import Signals, read, recorded
from orchestrator.searching.space import Value
from orchestrator.searching.tried import Ending, Tried

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def facts_of(
    objective: float, violations: Mapping[str, float], signals: Signals
) -> dict[str, object]:
    """Returns what a measured trial is kept with beside what Optuna asks for."""
    facts: dict[str, object] = {"feasible": is_feasible(violations), "objective": objective}
    if told := recorded(signals):
        facts["signals"] = told
    return facts


def tried_of(trial: "FrozenTrial") -> Tried:
    """Returns the trial as its sampling sees it."""
    number, params = trial.user_attrs.get("number"), _params(trial)
    if trial.state.name == "COMPLETE":
        signals = read(trial.user_attrs.get("signals", {}))
        value = trial.values[0]
        return Tried(number, params, Ending.MEASURED, value, trial.constraints, signals)
    if trial.state.name == "FAIL":
        collapsed = trial.user_attrs.get("collapsed", False)
        return Tried(number, params, Ending.COLLAPSED if collapsed else Ending.FAILED)
    return Tried(number, params, Ending.RUNNING)


def _params(trial: "FrozenTrial") -> dict[str, Value]:
    """Returns what the trial was queued with: a process may be killed while it asks for them."""
    queued: dict[str, Value] = trial.system_attrs.get("fixed_params", trial.params)
    return queued
