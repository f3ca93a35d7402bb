"""What another sweep has measured that this one's searches can begin with."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.feasibility import not_finite
from orchestrator.searching.shared_parameters import point_of, shared_values, values_of
from orchestrator.searching.space import Point, holds
from orchestrator.storage.files import sweep_path
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job

if TYPE_CHECKING:
    from orchestrator.searching.past_trials import PastTrial

KEY = "search.warm_start"


@dataclass(frozen=True, slots=True)
class WarmStartTrial:
    """A trial of another sweep: `origin` names it, `storage` holds its result."""

    origin: str
    label: str
    params: Point
    result: Result
    storage: Storage


def warm_start(config: SweepConfig) -> tuple[WarmStartTrial, ...]:
    """Returns the trials that the sweep in `search.warm_start` has for this one, if it is set.

    A trial fits if it has a label and method of this sweep, values within what is searched here,
    this sweep's values for what is not, and a result with the objective and every constrained
    metric. Model, data and recipe may be others: that is what a warm start is for, and why its
    trials guide the search but are in no table.

    Raises:
        ConfigError: it is not a sweep's folder, or nothing in it fits.
    """
    given = config.search.warm_start
    if given is None:
        return ()
    folder = given.expanduser().resolve()
    if folder == config.folder / sweep_path(config.name):
        raise ConfigError(
            f"{KEY} must be another sweep's folder but got this one's, {str(given)!r}; leave it "
            "out: a sweep goes on by itself"
        )
    storage = Storage(folder.parent.parent)
    jobs = {job.hash: job for job in storage.jobs()}
    taken, why = list[WarmStartTrial](), Counter[str]()
    for trial in _past_trials(folder, given=given):
        job = jobs.get(trial.job)
        result = None if job is None else storage.find(job)
        reason = _unfit(config, trial.label, result)
        if result is None or reason:
            why[reason] += 1
            continue
        origin = f"{folder.name}/{trial.number}@{trial.job}"
        params = point_of(result.job, config.space(trial.label))
        taken.append(WarmStartTrial(origin, trial.label, params, result, storage))
    if not taken:
        raise ConfigError(
            f"{KEY} must be a sweep with trials that fit this one but got {str(given)!r} with "
            f"{_said(why)}; name another sweep or leave it out"
        )
    return tuple(taken)


def _past_trials(folder: Path, *, given: Path) -> "tuple[PastTrial, ...]":
    from orchestrator.searching.past_trials import past_trials

    try:
        return past_trials(folder)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{KEY} must be the folder of a sweep, <storage>/sweeps/<name>, but got {str(given)!r} "
            f"({getattr(error, 'strerror', None) or error}); correct the path or leave it out"
        ) from None


def _unfit(config: SweepConfig, label: str, result: Result | None) -> str:
    """Says why a trial does not fit, or nothing if it does."""
    method = config.methods.get(label)
    if method is None:
        return "of a label that is not in this sweep"
    if result is None:
        return "without a result in its storage, or with one of another version"
    job = result.job
    if job.method is None or job.method.name != method.method:
        return "of another method under the same label"
    space = config.space(label)
    if not holds(space, point_of(job, space)):
        return "with values outside what is searched here"
    if not _same_fixed(config, label, job):
        return "with other values for what is not searched here"
    if result.stopped:
        return "stopped early under another floor"
    if result.state != State.DONE or not_finite(result, config.search):
        return "without a number for the objective or a constrained metric"
    return ""


def _same_fixed(config: SweepConfig, label: str, job: Job) -> bool:
    here = {**shared_values(config.recipe(label)), **config.methods[label].settings}
    there = values_of(job)
    fixed = [name for name in here if name not in config.space(label)]
    same_rows = job.forget == config.methods[label].split
    return same_rows and all(here[name] == there.get(name) for name in fixed)


def _said(why: Counter[str]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in why.items()) or "no measured trial"
