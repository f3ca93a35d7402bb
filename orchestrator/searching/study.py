"""One constrained Optuna study per method: what to try next, and what came of it.

The objective is maximised (or minimised, as its metric says) subject to the sweep's constraints,
told as constraints by name and never folded into the objective. Every trial ends in one state:

- COMPLETE, measured, with its violations as constraints; one that was stopped early, as it was
  sure to break a bound, is told with what was measured by then and carries the reason.
- FAIL with its reason: it gave no numbers. A model that *collapsed* (NaN or infinite metrics)
  is marked, so that the sampler learns where not to look; what crashed or was lost is not.

What is running when its process ends waits, and is asked again before anything new.

Objectives have heavy tails: the natural log of a Kolmogorov-Smirnov p-value runs from 0 to -400,
and a Gaussian process would fit the tail and little else. As ln p is about -n D^2 for n items and
a distance D, Optuna is told sign(x) sqrt(|x|), which is linear in D and keeps the order, hence
the optimum. The number itself is kept in the trial's user attributes. Violations are told as they
are. Where there are several objectives, Optuna is told all of them.

Trials of another sweep that a search begins with are in its study too, but have no number: they
cost no budget and are in no table. Those that a person adds are trials like the search's own, asked
before any of these; they leave its start and its dice as they were.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.searching.constraints import is_feasible
from orchestrator.searching.distributions import distributions, draw
from orchestrator.searching.objective_scale import signed_root
from orchestrator.searching.sampler import Sampling
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import NO_SIGNALS, Signals
from orchestrator.searching.space import Point, Space, typed
from orchestrator.searching.study_record import facts_of, tried_of
from orchestrator.searching.study_storage import (
    check_unchanged,
    open_journal,
    open_study,
    storage_in,
)
from orchestrator.searching.tried import Tried
from orchestrator.searching.waiting_trials import BY_HAND, WaitingTrials
from orchestrator.storage.files import JOURNAL
from orchestrator.storage.line_file import Wait, at_once

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Trial `number` (from 0) of a method, with what it shall try."""

    number: int
    params: Point
    again: bool = field(default=False, compare=False)
    """Whether it was given out before and never ended."""
    told: bool = field(default=False, compare=False)
    """Whether the search knows already how it ended."""


class MethodSearch:
    """The search of one method, kept in the journal of the sweep's folder and resumed from it.

    A trial enters the journal in one record, with all its parameters, and stays in it until it is
    told: what a killed process left running waits, and is asked again first of all. So the journal
    of a search that was killed and resumed holds the same trials, in the same order and states, as
    that of one that was not. Suggestions depend on the seed, the label, the trials told and the
    trials running, not on how often the process was started. Records that find no room on the disk
    `wait` for it.
    """

    def __init__(
        self,
        label: str,
        *,
        space: Space,
        settings: SearchSettings,
        folder: Path,
        seed: int,
        wait: Wait = at_once,
    ) -> None:
        self._label = label
        self._settings = settings
        self._space = space
        self._journal = open_journal(folder / JOURNAL, wait)
        self._storage = storage_in(self._journal)
        self._study = open_study(label, settings.directions, self._storage)
        check_unchanged(self._study, label, space=space, settings=settings)
        self._sampling = Sampling(label, space=space, settings=settings, seed=seed)
        self._running: dict[int, Trial] = {}
        self._waiting = WaitingTrials(label, self._study, self._storage)
        self._limit: int | None = None
        self._next = len(self._own())
        self._num_open = self._count_open()

    @property
    def remaining(self) -> int:
        """How many trials may still be asked: the budget less those finished or running."""
        left = self._num_open + len(self._waiting)
        return left if self._limit is None else max(0, min(left, self._limit - self.num_taken))

    @property
    def num_taken(self) -> int:
        """How many trials are finished or running."""
        return self._next - len(self._waiting)

    @property
    def num_trials(self) -> int:
        """How many trials the search has, all together: as many as a grid has points, at most."""
        return self.num_taken + self.remaining

    @property
    def next_number(self) -> int:
        """The number of the trial that would be asked now."""
        return self._waiting.first if self._waiting else self._next

    @property
    def finished(self) -> tuple[Suggestion, ...]:
        """Every trial that was told or has failed, by number."""
        done = [trial for trial in self._own() if trial.state.is_finished()]
        found = [Suggestion(t.user_attrs["number"], t.params, told=True) for t in done]
        return tuple(sorted(found, key=lambda suggestion: suggestion.number))

    def aim(self, corner: Sequence[float]) -> None:
        """Says where each objective begins to count, without which several are not searched."""
        self._sampling.aim(corner)

    def limit(self, trials: int) -> None:
        """Has the search end at so many trials, whatever its settings say.

        What is finished or running stays so; what waits beyond them is not asked.
        """
        self._limit = trials
        self._num_open = self._count_open()

    def add(self, mark: str, part: Point) -> int:
        """Adds a trial that has the values `part`, and the sampler's for the rest.

        It is asked before any other. One that was added under this `mark` is not added again.
        Returns its number.
        """
        known = self._waiting.added(mark)
        if known is not None:
            return known
        number = self._next
        params = self._sampling.completed(typed(self._space, part), number, self._tried())
        self._study.enqueue_trial(params, user_attrs={"number": number, BY_HAND: mark})
        self._next += 1
        self._waiting.add(number)
        if self._limit is not None:
            self._limit = max(self._limit, self.num_taken + self._waiting.num_waiting_by_hand)
        self._num_open = self._count_open()
        return number

    def ask(self) -> Suggestion:
        """Returns the next trial.

        What a person has added comes first, then what was asked before and never ended.
        """
        if not self._waiting:
            number = self._enqueue_next()
            trial, again = self._study.ask(), False  # the only one that waits
        else:
            number = self._waiting.first
            trial, again = self._waiting.take()
        params = draw(trial, self._space)
        assert trial.user_attrs["number"] == number
        self._running[number] = trial
        return Suggestion(number, params, again)

    def withdraw(self, number: int) -> None:
        """Takes back a trial that was asked and will not be run now: it waits to be asked again."""
        self._waiting.put_back(number, self._running.pop(number).number)

    def tell(
        self,
        number: int,
        *,
        objective: float,
        violations: Mapping[str, float],
        signals: Signals = NO_SIGNALS,
        job: str = "",
        stopped: str = "",
    ) -> None:
        """Ends a trial that was measured, and whose numbers count: they are finite.

        `violations` say by how much each bound is missed (<= 0 keeps it), `job` is the hash.
        `stopped` is why the trial was stopped early, if it was, as it misses a bound.
        """
        assert all(map(math.isfinite, (objective, *violations.values())))
        assert len(signals.further) == len(self._settings.objectives) - 1
        assert not (stopped and is_feasible(violations))
        trial = self._running.pop(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a process that was killed here has set them already
            for name, value in violations.items():
                trial.set_constraint(name, value)
        facts = {"job": job, **facts_of(objective, violations, signals)}
        if stopped:
            facts["reason"] = stopped
        for name, fact in facts.items():
            trial.set_user_attr(name, fact)
        self._study.tell(trial, _values(objective, signals))

    def fail(self, number: int, reason: str, *, job: str = "", collapsed: bool = False) -> None:
        """Ends a trial that gave no numbers; it counts against the budget.

        `collapsed` says that its parameters are to blame: they destroyed the model.
        """
        from optuna.trial import TrialState

        trial = self._running.pop(number)
        facts = {"job": job, "reason": reason, **({"collapsed": True} if collapsed else {})}
        for name, fact in facts.items():
            trial.set_user_attr(name, fact)
        self._study.tell(trial, state=TrialState.FAIL)

    def learn(
        self,
        origin: str,
        params: Point,
        *,
        objective: float,
        violations: Mapping[str, float],
        signals: Signals = NO_SIGNALS,
    ) -> None:
        """Adds a trial of another sweep, known by `origin`, unless it was added before."""
        from optuna.trial import create_trial

        trials = self._study.get_trials(deepcopy=False)
        if any(trial.user_attrs.get("origin") == origin for trial in trials):
            return
        shapes = distributions(self._space)
        facts = facts_of(objective, violations, signals)
        self._study.add_trial(
            create_trial(
                params=dict(params),
                distributions={name: shapes[name] for name in params},
                values=_values(objective, signals),
                constraints=dict(violations),
                user_attrs={"origin": origin, **facts},
            )
        )

    def close(self) -> None:
        """Leaves nothing running: what was not told is asked again when the sweep goes on."""
        self._running.clear()
        self._waiting.recover()

    def _enqueue_next(self) -> int:
        """Queues a new trial under its number and returns that."""
        number = self._next
        params = self._sampling.point(number - self._waiting.num_by_hand, self._tried())
        self._study.enqueue_trial(params, user_attrs={"number": number})
        self._next += 1
        self._num_open -= 1
        return number

    def _count_open(self) -> int:
        """Returns how many trials the sampler may still suggest."""
        own = [tried_of(trial) for trial in self._own()]
        budget = self._settings.trials if self._limit is None else self._limit
        return self._sampling.num_left(own, trials=budget, by_hand=self._waiting.num_by_hand)

    def _tried(self) -> list[Tried]:
        """Returns all that was tried, for another sweep's sake too."""
        return [tried_of(trial) for trial in self._study.get_trials(deepcopy=False)]

    def _own(self) -> "list[FrozenTrial]":
        """Returns the trials that count against the budget."""
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if "number" in trial.user_attrs]


def _values(objective: float, signals: Signals) -> list[float]:
    """Returns the objectives as Optuna is told them."""
    return [signed_root(value) for value in (objective, *(o.value for o in signals.further))]
