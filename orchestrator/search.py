"""One constrained Optuna study per method: what to try next, and what came of it.

The objective is maximised (or minimised, as its metric says) subject to the sweep's constraints,
told as constraints by name and never folded into the objective. Every trial
ends in one state: COMPLETE with finite numbers, or FAIL with its reason, which the samplers
never look at.

Objectives have heavy tails: the natural log of a Kolmogorov-Smirnov p-value runs from 0 to -400,
and a Gaussian process would fit the tail and little else. As ln p is about -n D^2 for n items and
a distance D, Optuna is told sign(x) sqrt(|x|), which is linear in D and keeps the order, hence
the optimum. The number itself is kept in the trial's user attributes. Violations are told as they
are.
"""

import hashlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from evals.metric import load_metric
from orchestrator.constraints import is_feasible
from orchestrator.search_settings import SearchSettings
from orchestrator.space import SearchRange
from orchestrator.startup import spread

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial, Trial

JOURNAL = "search.journal"
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Trial `number` (from 0) of a method, with what it shall try."""

    number: int
    params: Mapping[str, float | int | str]


class MethodSearch:
    """The search of one method, kept in the journal of the sweep's folder and resumed from it.

    A trial that a killed process left running is asked again, first of all, under its old number
    and with its old parameters. Suggestions depend on the seed, the label and the trials told so
    far, not on how often the process was started.
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
        self._next = len(self._counted())

    @property
    def remaining(self) -> int:
        """How many trials may still be asked: the budget less those finished or running."""
        return max(0, self._settings.trials - self._next) + len(self._again)

    @property
    def finished(self) -> tuple[Suggestion, ...]:
        """Every trial that was told or has failed, by number."""
        done = [trial for trial in self._counted() if trial.state.is_finished()]
        found = [Suggestion(trial.user_attrs["number"], trial.params) for trial in done]
        return tuple(sorted(found, key=lambda suggestion: suggestion.number))

    def ask(self) -> Suggestion:
        """Returns the next trial; interrupted ones come first."""
        again = bool(self._again)
        number = self._again.pop(0) if again else self._next
        self._next = max(self._next, number + 1)
        self._study.sampler = self._sampler(number)
        if number < len(self._start) and not again:
            self._study.enqueue_trial(self._start[number], user_attrs={"number": number})
        with warnings.catch_warnings():
            # The Gaussian process's own arithmetic on a flat objective; it copes.
            warnings.simplefilter("ignore", RuntimeWarning)
            trial = self._study.ask(self._distributions)
        if "number" not in trial.user_attrs:
            trial.set_user_attr("number", number)
        assert trial.user_attrs["number"] == number
        self._running[number] = trial
        return Suggestion(number, trial.params)

    def tell(
        self, number: int, *, objective: float, violations: Mapping[str, float], job: str = ""
    ) -> None:
        """Ends a trial that was measured; a number that is not finite makes it a failure.

        `violations` say by how much each bound is missed (<= 0 keeps it), `job` is the hash.
        """
        wrong = {"objective": objective, **violations}
        reasons = [f"{name} is {x}" for name, x in wrong.items() if not math.isfinite(x)]
        if reasons:
            self.fail(number, " and ".join(reasons), job=job)
            return
        trial = self._running.pop(number)
        for name, value in violations.items():
            trial.set_constraint(name, value)
        facts = {"job": job, "feasible": is_feasible(violations), "objective": objective}
        for name, fact in facts.items():
            trial.set_user_attr(name, fact)
        self._study.tell(trial, signed_root(objective))

    def fail(self, number: int, reason: str, *, job: str = "") -> None:
        """Ends a trial that gave no measurement; it counts against the budget."""
        from optuna.trial import TrialState

        trial = self._running.pop(number)
        trial.set_user_attr("job", job)
        trial.set_user_attr("reason", reason)
        self._study.tell(trial, state=TrialState.FAIL)

    def _counted(self) -> "list[FrozenTrial]":
        """Returns the trials that count against the budget: all but interrupted attempts."""
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.user_attrs.get("reason") != INTERRUPTED]

    def _recover(self) -> list[int]:
        """Fails what a killed process left running, queues it again, and returns its numbers.

        The replacement is queued before the attempt is failed, so that being killed in between
        loses nothing; an attempt without a number was killed before it was given out.
        """
        from optuna.trial import TrialState

        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        numbers = [trial.user_attrs["number"] for trial in waiting]
        for orphan in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            number = orphan.user_attrs.get("number")
            if number is not None and number not in numbers:
                self._study.enqueue_trial(orphan.params, user_attrs={"number": number})
                numbers.append(number)
            self._storage.set_trial_user_attr(self._trial_id(orphan), "reason", INTERRUPTED)
            self._study.tell(orphan.number, state=TrialState.FAIL)
        return numbers

    def _trial_id(self, trial: "FrozenTrial") -> int:
        study_id = self._storage.get_study_id_from_name(self._label)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)

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
