"""The search: the methods take turns, each asking its own study, until every budget is spent."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evals.scores import ScoreSheet
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.stages.stage import ReferenceSource, Request, Retry, StageContext
from orchestrator.driver.stages.turns import Turns
from orchestrator.jobs.build import trial_job
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import collapsed, judged
from orchestrator.results.measuring import compared_if_needed, seen_here
from orchestrator.results.seed_spread import seed_spread
from orchestrator.results.signals import signals_of
from orchestrator.searching.signals import Signals
from orchestrator.searching.study import MethodSearch, Suggestion
from orchestrator.storage.line_file import Wait
from orchestrator.storage.result import Result


@dataclass(frozen=True, slots=True)
class Trial:
    """What the study of the method `label` has suggested."""

    label: str
    suggestion: Suggestion


class SearchStage:
    """Asks for the trials that the studies suggest, and tells each study what came of its own.

    At its beginning the studies learn from the plan's trials of another sweep, and every trial
    that an earlier run has finished is told of. One whose result is gone from storage, as people
    delete what is damaged, is asked for again.
    """

    failure: str | None = None
    may_start = True
    """Turns ask the budget before they ask a study, as a study remembers what it was asked."""

    def __init__(
        self,
        context: StageContext,
        baselines: ReferenceSource,
        *,
        searches: Mapping[str, MethodSearch],
    ) -> None:
        self._plan = context.plan
        self._config = context.plan.config
        self._baselines = baselines
        self._searches = searches
        self._storage = context.storage
        self._turns = Turns(searches, context.ledger)
        self._callbacks = context.callbacks
        self._gone: list[Trial] = []
        self._seeds: Mapping[str, float] = {}
        """What metrics differ by from seed to seed, as far as is known when the search begins."""
        self.entries: list[Entry] = []
        """What came of every trial so far."""

    @property
    def finished(self) -> bool:
        """Whether no method may ask for another trial, now or later."""
        return self._turns.over and not self._gone

    def begin(self) -> None:
        """Has the studies learn from another sweep, and tells of what this one has done before."""
        self._seeds = seed_spread(self._config, self._storage)
        self._learn()
        self._recall()

    def next(self) -> Request[Trial] | None:
        """Returns the trial of the method whose turn it is."""
        if self._turns.used_up:
            return None
        if self._gone:
            return self._request(self._gone.pop(0))
        label = self._turns.next()
        if label is None:
            return None
        return self._request(Trial(label, self._searches[label].ask()))

    def take(self, request: Request[Trial], result: Result, *, cached: bool) -> None:
        """Tells the trial's study of the result, unless it knows, and then everybody else."""
        trial = request.subject
        search, number = self._searches[trial.label], trial.suggestion.number
        result = compared_if_needed(result, self._storage, gold=self._reference.gold)
        job_hash, destroyed = result.job.hash, collapsed(result, self._config.search)
        result, missed = self._judged(result)
        if trial.suggestion.told:
            pass
        elif missed is None:
            search.fail(number, result.reason, job=job_hash, collapsed=destroyed)
        else:
            objective = result.metrics[self._config.search.objective]
            told = {"job": job_hash, "stopped": result.stopped}
            signals = self._signals(result)
            search.tell(number, objective=objective, violations=missed, signals=signals, **told)
        self._tell(trial, result, missed, cached=cached)

    def withdraw(self, requests: Sequence[Request[Trial]]) -> None:
        """Takes back trials: they are asked for again before anything new."""
        for request in requests:
            trial = request.subject
            if trial.suggestion.told:
                self._gone.append(trial)
            else:
                self._searches[trial.label].withdraw(trial.suggestion.number)

    @property
    def _reference(self) -> Reference:
        reference = self._baselines.reference
        assert reference is not None
        return reference

    def _request(self, trial: Trial) -> Request[Trial]:
        label, suggestion = trial.label, trial.suggestion
        job = trial_job(
            self._config,
            self._plan.benchmark,
            label=label,
            params=suggestion.params,
            original=self._reference.original.job,
        )
        return Request(
            job,
            trial,
            account=label,
            trial=suggestion.number,
            basis=self._reference.basis,
            retry=Retry.NONE if suggestion.again else Retry.BY_CHANCE,
            again=suggestion.again,
        )

    def _learn(self) -> None:
        """Gives the searches what another sweep has measured, held against this one's bounds."""
        gold: ScoreSheet | None = None
        for earlier in self._plan.warm_start:
            result = earlier.result
            if result.job.data == self._plan.benchmark.fingerprint:
                gold = gold or self._storage.sheet(self._reference.gold.job.hash)
                result = seen_here(result, earlier.storage, gold, config=self._config)
            result, missed = self._judged(result)
            if missed is not None:
                objective = result.metrics[self._config.search.objective]
                self._searches[earlier.label].learn(
                    earlier.origin,
                    earlier.params,
                    objective=objective,
                    violations=missed,
                    signals=self._signals(result),
                )

    def _recall(self) -> None:
        """Tells of every trial that an earlier run of this sweep has finished."""
        for label, search in self._searches.items():
            for suggestion in search.finished:
                request = self._request(Trial(label, suggestion))
                found = self._storage.find(request.job)
                if found is not None and request.stands(found):
                    self.take(request, found, cached=True)
                else:
                    self._gone.append(request.subject)

    def _judged(self, result: Result) -> tuple[Result, dict[str, float] | None]:
        """Returns the result and by how much it misses each bound; FAILED, None if not ranked."""
        return judged(result, self._config.search, self._reference.bounds)

    def _signals(self, result: Result) -> Signals:
        reference, objective = self._reference, self._config.search.objective
        return signals_of(
            result, objective, reference.bounds, original=reference.original, seeds=self._seeds
        )

    def _tell(
        self, trial: Trial, result: Result, missed: dict[str, float] | None, *, cached: bool
    ) -> None:
        number, params = trial.suggestion.number, trial.suggestion.params
        entry = Entry(trial.label, result, number, params, missed, cached)
        self.entries.append(entry)
        self._callbacks.on_entry(entry, bounds=self._reference.bounds)


def open_searches(config: SweepConfig, folder: Path, *, wait: Wait) -> dict[str, MethodSearch]:
    """Returns the search of each method, by label, as far as it has come in the sweep's folder."""
    return {
        label: MethodSearch(
            label,
            space=config.space(label),
            settings=config.search_for(label),
            folder=folder,
            seed=config.seed,
            wait=wait,
        )
        for label in config.methods
    }


def close_searches(searches: Iterable[MethodSearch]) -> None:
    """Leaves nothing running, for as long as there is room to write that down."""
    for search in searches:
        with suppress(OutOfRoom):  # what is left running waits when the sweep goes on
            search.close()
