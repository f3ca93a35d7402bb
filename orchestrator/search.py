"""One constrained Optuna study per method: what to try next, and what came of it.

The objective is maximised (or minimised, as its metric says) subject to one constraint, the
distance below the floor, told as a constraint and never folded into the objective. Every trial
ends in one state: COMPLETE with finite numbers, or FAIL with its reason, which the samplers
never look at.

Objectives have heavy tails: the natural log of a Kolmogorov-Smirnov p-value runs from 0 to -400,
and a Gaussian process would fit the tail and little else. As ln p is about -n D^2 for n items and
a distance D, Optuna is told sign(x) sqrt(|x|), which is linear in D and keeps the order, hence
the optimum. The number itself is kept in the trial's user attributes. The violation of a floor
is at most the floor's own size and is told as it is.
"""

import hashlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from evals.metric import load_metric
from orchestrator.config import SearchSettings
from orchestrator.line_file import mend
from orchestrator.space import SearchRange
from orchestrator.startup import spread

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.storages import JournalStorage
    from optuna.trial import Trial

JOURNAL = "search.journal"
CONSTRAINT = "floor"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Trial `number` (from 0) of a method, with what it shall try."""

    number: int
    params: Mapping[str, float | int | str]
    again: bool = field(default=False, compare=False)
    """Whether it was given out before and never ended."""


class MethodSearch:
    """The search of one method, kept in the journal of the sweep's folder and resumed from it.

    A trial enters the journal in one record, with all its parameters, and stays in it until it is
    told: what a killed process left running waits, and is asked again first of all. So the journal
    of a search that was killed and resumed holds the same trials, in the same order and states, as
    that of one that was not. Suggestions depend on the seed, the label, the trials told and the
    trials running, not on how often the process was started.
    """

    def __init__(
        self,
        label: str,
        *,
        space: Mapping[str, SearchRange],
        settings: SearchSettings,
        folder: Path,
        seed: int,
    ) -> None:
        self._label = label
        self._settings = settings
        self._seed = seed
        self._distributions = {name: _distribution(space[name]) for name in sorted(space)}
        self._storage = _open_storage(folder / JOURNAL)
        self._study = _open_study(label, settings.objective, self._storage)
        self._check_unchanged(space)
        self._start = self._first_points(space)
        self._running: dict[int, Trial] = {}
        self._again = self._recover()
        self._next = len(self._study.get_trials(deepcopy=False))

    @property
    def remaining(self) -> int:
        """How many trials may still be asked: the budget less those finished or running."""
        return max(0, self._settings.trials - self._next) + len(self._again)

    @property
    def next_number(self) -> int:
        """The number of the trial that would be asked now."""
        return self._again[0] if self._again else self._next

    @property
    def finished(self) -> tuple[Suggestion, ...]:
        """Every trial that was told or has failed, by number."""
        trials = self._study.get_trials(deepcopy=False)
        done = [trial for trial in trials if trial.state.is_finished()]
        found = [Suggestion(trial.user_attrs["number"], trial.params) for trial in done]
        return tuple(sorted(found, key=lambda suggestion: suggestion.number))

    def ask(self) -> Suggestion:
        """Returns the next trial; those that were asked before and never ended come first."""
        again = bool(self._again)
        if again:
            self._again.pop(0)
        else:
            self._study.enqueue_trial(self._point(), user_attrs={"number": self._next})
            self._next += 1
        trial = self._study.ask(self._distributions)  # the first one that waits
        number = trial.user_attrs["number"]
        self._running[number] = trial
        return Suggestion(number, trial.params, again)

    def withdraw(self, number: int) -> None:
        """Takes back a trial that was asked and will not be run now: it waits to be asked again."""
        self._wait(self._running.pop(number).number)
        self._again = sorted([*self._again, number])

    def tell(self, number: int, *, objective: float, violation: float, job: str = "") -> None:
        """Ends a trial that was measured; a number that is not finite makes it a failure.

        `violation` is the distance below the floor (<= 0 is feasible), `job` the job's hash.
        """
        wrong = {"objective": objective, "violation": violation}
        reasons = [f"{name} is {x}" for name, x in wrong.items() if not math.isfinite(x)]
        if reasons:
            self.fail(number, " and ".join(reasons), job=job)
            return
        trial = self._running.pop(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a process that was killed here has set it already
            trial.set_constraint(CONSTRAINT, violation)
        facts = {"job": job, "feasible": violation <= 0, "objective": objective}
        for name, value in facts.items():
            trial.set_user_attr(name, value)
        self._study.tell(trial, signed_root(objective))

    def fail(self, number: int, reason: str, *, job: str = "") -> None:
        """Ends a trial that gave no measurement; it counts against the budget."""
        from optuna.trial import TrialState

        trial = self._running.pop(number)
        trial.set_user_attr("job", job)
        trial.set_user_attr("reason", reason)
        self._study.tell(trial, state=TrialState.FAIL)

    def _recover(self) -> list[int]:
        """Lets wait what a killed process left running; returns the numbers of all that wait."""
        from optuna.trial import TrialState

        for orphan in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._wait(orphan.number)
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        return sorted(trial.user_attrs["number"] for trial in waiting)

    def _wait(self, optuna_number: int) -> None:
        from optuna.trial import TrialState

        study_id = self._storage.get_study_id_from_name(self._label)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, optuna_number)
        self._storage.set_trial_state_values(trial_id, TrialState.WAITING)

    def _point(self) -> dict[str, float | int | str]:
        """Returns the parameters of the next new trial.

        They are drawn in a copy of the study, as Optuna would write them to the journal one by
        one: a process killed in between would leave half a trial, which the sampler, asked for
        the other half, would complete to another one.
        """
        import optuna

        if self._next < len(self._start):
            return dict(self._start[self._next])
        copy = optuna.create_study(
            direction=self._study.direction, sampler=self._sampler(self._next)
        )
        copy.add_trials(self._study.get_trials(deepcopy=False))
        with warnings.catch_warnings():
            # The Gaussian process's own arithmetic on a flat objective; it copes.
            warnings.simplefilter("ignore", RuntimeWarning)
            return copy.ask(self._distributions).params

    def _sampler(self, number: int) -> "BaseSampler":
        """Returns a fresh sampler for one trial, so that a resumed search goes on unchanged."""
        from optuna import samplers

        seed = self._derived_seed(number)
        startup = self._settings.startup_trials
        if self._settings.sampler == "random":
            return samplers.RandomSampler(seed=seed)
        if self._settings.sampler == "tpe":
            return samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)
        return samplers.GPSampler(
            seed=seed, n_startup_trials=startup, warn_independent_sampling=False
        )

    def _first_points(self, space: Mapping[str, SearchRange]) -> tuple[dict[str, float | int], ...]:
        """Returns what a sampler that learns is started with; random search stays random."""
        if self._settings.sampler == "random":
            return ()
        return spread(space, self._settings.startup_trials, seed=self._derived_seed("start"))

    def _derived_seed(self, purpose: object) -> int:
        text = f"{self._seed}/{self._label}/{purpose}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])

    def _check_unchanged(self, space: Mapping[str, SearchRange]) -> None:
        """Refuses a journal of another search: old trials would silently mislead the sampler."""
        described = {name: interval.model_dump() for name, interval in sorted(space.items())}
        now = {"objective": self._settings.objective, "space": described}
        before = self._study.user_attrs.get("search")
        if before is None:
            self._study.set_user_attr("search", now)
        elif before != now:
            raise ConfigError(
                f"the search of {self._label!r} must be the one this sweep began with, {before}, "
                f"but got {now}; restore it or give the sweep another name"
            )


def signed_root(value: float) -> float:
    """Returns sign(x) sqrt(|x|): the same order, with tails that a Gaussian process can fit."""
    return math.copysign(math.sqrt(abs(value)), value)


def _open_storage(journal: Path) -> "JournalStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    journal.parent.mkdir(parents=True, exist_ok=True)
    # A sweep's folder has one driver at a time: a lock that is there is a dead one's.
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    mend(journal)
    return JournalStorage(JournalFileBackend(str(journal)))


def _open_study(label: str, objective: str, storage: "JournalStorage") -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    lower = load_metric(objective, key="search.objective").better == "lower"
    return optuna.create_study(
        study_name=label,
        storage=storage,
        direction="minimize" if lower else "maximize",
        load_if_exists=True,
    )


def _distribution(interval: SearchRange) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    if interval.integer:
        return IntDistribution(int(interval.low), int(interval.high), log=interval.log)
    return FloatDistribution(interval.low, interval.high, log=interval.log)
