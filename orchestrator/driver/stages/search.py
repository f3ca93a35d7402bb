"""The search: the methods take turns, each asking its own study, until every budget is spent."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from evals.scores import ScoreSheet
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.stages.stage import ReferenceSource, Request, Retry, StageContext
from orchestrator.driver.stages.turns import Turns
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.shadows import Shadow
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import collapsed, judged
from orchestrator.results.hypervolume import corner_in
from orchestrator.results.measuring import compared_if_needed, seen_here
from orchestrator.results.over_splits import mean_result
from orchestrator.results.seed_spread import seed_spread
from orchestrator.results.signals import signals_of
from orchestrator.searching.signals import Signals
from orchestrator.searching.study import MethodSearch, Suggestion
from orchestrator.storage.line_file import Wait
from orchestrator.storage.result import Result
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class Trial:
    """What the study of the method `label` has suggested."""

    label: str
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Part:
    """A trial at one split: the benchmark's own, the number 0, or a further one of the search."""

    trial: Trial
    number: int = 0
    shadow: Shadow | None = None


class SearchStage:
    """Asks for the trials that the studies suggest, and tells each study what came of its own.

    A trial of several splits is a job at each, one after the other on the same gang, and its study
    is told of their mean. At its beginning the studies learn from the plan's trials of another
    sweep, and every trial that an earlier run has finished is told of. One whose result is gone
    from storage, as people delete what is damaged, is asked for again.
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
        self._waiting: list[Request[Part]] = []
        self._come: dict[tuple[str, int], dict[int, tuple[Result, bool]]] = {}
        """By trial, what came of it at each split so far, and whether that was found."""
        self.at_splits: set[str] = set()
        """The hashes of jobs at further splits that were asked for so far."""
        self.entries: list[Entry] = []
        """What came of every trial so far."""

    @property
    def finished(self) -> bool:
        """Whether no method may ask for another trial, now or later."""
        return self._turns.over and not (self._gone or self._waiting)

    def begin(self) -> None:
        """Has the studies learn from another sweep, and tells of what this one has done before."""
        self._seeds = seed_spread(self._config, self._storage)
        if len(self._config.search.objectives) > 1:
            for search in self._searches.values():
                search.aim(corner_in(self._config.search, self._reference))
        self._learn()
        self._recall()
        self._callbacks.on_search_begin()

    def next(self) -> Request[Part] | None:
        """Returns the trial of the method whose turn it is, at its next split."""
        if self._turns.used_up:
            return None
        if not self._waiting:
            if self._gone:
                self._waiting = self._requests(self._gone.pop(0))
            elif (label := self._turns.next()) is not None:
                self._waiting = self._requests(Trial(label, self._searches[label].ask()))
        return self._waiting.pop(0) if self._waiting else None

    def take(self, request: Request[Part], result: Result, *, cached: bool) -> None:
        """Takes in a trial at a split; once it is whole, tells its study, unless that knows."""
        part, trial = request.subject, request.subject.trial
        gold = self._baselines.references[part.number].gold
        result = compared_if_needed(result, self._storage, gold=gold)
        if part.shadow is not None:
            self._callbacks.on_split_job(part.shadow, result)
        come = self._come.setdefault((trial.label, trial.suggestion.number), {})
        come[part.number] = result, cached
        if len(come) == self._plan.num_splits:
            del self._come[trial.label, trial.suggestion.number]
            parts = [come[number] for number in range(self._plan.num_splits)]
            self._take_whole(trial, [each for each, _ in parts], cached=all(c for _, c in parts))

    def _take_whole(self, trial: Trial, results: Sequence[Result], *, cached: bool) -> None:
        search, number = self._searches[trial.label], trial.suggestion.number
        if len(results) > 1:
            self._callbacks.on_split_end([each.job.hash for each in results[1:]])
        result = mean_result(results)
        job_hash, destroyed = result.job.hash, collapsed(result, self._config.search)
        result, missed = self._judged(result)
        if trial.suggestion.told:
            pass
        elif missed is None:
            search.fail(number, result.reason, job=job_hash, collapsed=destroyed)
        else:
            objective = result.metrics[self._config.search.primary]
            told = {"job": job_hash, "stopped": result.stopped}
            signals = self._signals(result)
            search.tell(number, objective=objective, violations=missed, signals=signals, **told)
        self._tell(trial, result, missed, cached=cached)

    def withdraw(self, requests: Sequence[Request[Part]]) -> None:
        """Takes back trials: they are asked for again before anything new."""
        for request in requests:
            trial = request.subject.trial
            if self._plan.search_splits:  # other parts of it may run
                self._waiting.insert(0, replace(request, more=0))
            elif trial.suggestion.told:
                self._gone.append(trial)
            else:
                self._searches[trial.label].withdraw(trial.suggestion.number)

    @property
    def _reference(self) -> Reference:
        reference = self._baselines.reference
        assert reference is not None
        return reference

    def _requests(self, trial: Trial) -> list[Request[Part]]:
        """Returns what is wanted of a trial, split by split."""
        suggestion, further = trial.suggestion, self._plan.search_splits
        own = trial_job(
            self._config,
            self._plan.benchmark,
            label=trial.label,
            params=suggestion.params,
            original=self._reference.original.job,
        )
        shadows = [
            each.trial(trial.label, suggestion.number, suggestion.params) for each in further
        ]
        parts = [Part(trial), *(Part(trial, n, each) for n, each in enumerate(shadows, start=1))]
        jobs = [own, *(each.job for each in shadows)]
        self.at_splits |= {job.hash for job in jobs[1:]}
        return [
            self._request(*pair, more=len(further) - n)
            for n, pair in enumerate(zip(parts, jobs, strict=True))
        ]

    def _request(self, part: Part, job: Job, *, more: int) -> Request[Part]:
        suggestion = part.trial.suggestion
        return Request(
            job,
            part,
            account=part.trial.label,
            trial=suggestion.number,
            basis=self._baselines.references[part.number].basis,
            retry=Retry.NONE if suggestion.again else Retry.BY_CHANCE,
            again=suggestion.again,
            more=more,
        )

    def _learn(self) -> None:
        """Gives the searches what another sweep has measured, held against this one's bounds."""
        baselines: list[ScoreSheet] = []
        for earlier in self._plan.warm_start:
            result = earlier.result
            if result.job.data == self._plan.benchmark.fingerprint:
                baselines = baselines or [
                    self._storage.sheet(each.job.hash)
                    for each in (self._reference.gold, self._reference.original)
                ]
                result = seen_here(result, earlier.storage, *baselines, config=self._config)
            else:  # it shares no items with this sweep's original
                result = replace(result, evidence=replace(result.evidence, with_original={}))
            result, missed = self._judged(result)
            if missed is not None:
                objective = result.metrics[self._config.search.primary]
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
                trial = Trial(label, suggestion)
                requests = self._requests(trial)
                found = [self._storage.find(each.job) for each in requests]
                pairs = list(zip(requests, found, strict=True))
                if all(result is not None and each.stands(result) for each, result in pairs):
                    for each, result in pairs:
                        assert result is not None
                        self.take(each, result, cached=True)
                else:
                    self._gone.append(trial)

    def _judged(self, result: Result) -> tuple[Result, dict[str, float] | None]:
        """Returns the result and by how much it misses each bound; FAILED, None if not ranked."""
        return judged(result, self._config.search, self._reference.bounds)

    def _signals(self, result: Result) -> Signals:
        reference, (primary, *others) = self._reference, self._config.search.objectives
        return signals_of(
            result,
            primary,
            reference.bounds,
            original=reference.original,
            seeds=self._seeds,
            further=others,
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
