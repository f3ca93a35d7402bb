"""What to run next, and what a result means: the sweep's logic, without Ray.

First the two baselines; once both are done they are the Reference that bounds and forget quality
need. Then the methods take turns, each asking its own study, until every budget is spent. A job
whose Result is in storage already is told to its study at once and never scheduled.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from evals.benchmark import Benchmark
from evals.scores import ScoreSheet
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
from orchestrator.jobs.ticket import Ticket, ticket_for
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.limits.ledger import Ledger
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import collapsed, judged, without_result
from orchestrator.results.measuring import compared_if_needed, reference_of, seen_here
from orchestrator.results.warm_start import Past
from orchestrator.searching.study import MethodSearch, Suggestion
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job, Phase


class Agenda:
    """Gives out tickets one by one and takes results back; `on_entry` sees every result once."""

    def __init__(
        self,
        config: SweepConfig,
        benchmark: Benchmark,
        *,
        storage: Storage,
        searches: Mapping[str, MethodSearch],
        ledger: Ledger,
        on_entry: Callable[[Entry], None],
    ) -> None:
        self._config = config
        self._benchmark = benchmark
        self._storage = storage
        self._searches = dict(searches)
        self._ledger = ledger
        self._turns = Turns(searches, ledger)
        self._on_entry = on_entry
        self._baselines = {
            Phase.GOLD: gold_job(config, benchmark),
            Phase.ORIGINAL: original_job(config, benchmark),
        }
        self._unasked = list(self._baselines.values())
        self._running: dict[str, list[tuple[str, Suggestion]]] = {}
        self._held: list[tuple[str, Suggestion, Result]] = []
        self._gone: list[tuple[str, Suggestion]] = []
        self._done: dict[Phase, Result] = {}
        self._on_baseline: Callable[[Result], None] = lambda _: None
        self._trained: set[Phase] = set()
        self._past: tuple[Past, ...] = ()
        self.reference: Reference | None = None
        self.failure: str | None = None
        """Why the sweep cannot go on: without both baselines nothing can be compared."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; jobs may still be running."""
        if self.failure is not None or self._turns.used_up:
            return True
        return self.reference is not None and self._turns.over and not self._gone

    @property
    def complete(self) -> bool:
        """Whether everything was given out and has come back."""
        return self.failure is None and self.finished and not self._running

    def begin_with(self, past: Sequence[Past]) -> None:
        """Has the searches begin with trials of another sweep, once the baselines are known."""
        self._past = tuple(past)

    def tell_of_baselines(self, on_baseline: Callable[[Result], None]) -> None:
        """Has a baseline that was trained told of at once; its entry comes with the other one's."""
        self._on_baseline = on_baseline

    def next(self) -> Ticket | None:
        """Returns the next ticket; None if there is none now (see `finished`)."""
        self._tell_held()
        ticket = self._next_baseline() or self._next_trial()
        if ticket is None:
            self._tell_held()
        return ticket

    def finish(self, job: Job, *, error: str) -> None:
        """Takes in the job's result, which its trainable has written to storage.

        Without a result there, the job failed for the reason `error`.
        """
        result = self._standing(job) or self._without_result(job, error)
        self._ledger.end(job.hash, result.wall_s)
        if job.phase in self._baselines:
            self._finish_baseline(result, cached=False)
            return
        assert self.reference is not None
        result = compared_if_needed(result, self._storage, gold=self.reference.gold)
        for label, suggestion in self._running.pop(job.hash):
            self._finish_trial(label, suggestion, result, cached=False)

    def withdraw(self, job: Job) -> None:
        """Takes back a ticket whose job has not begun and will not be run now."""
        if job.phase in self._baselines:
            self._unasked.insert(0, job)
        for label, suggestion in self._running.pop(job.hash, []):
            if suggestion.told:
                self._gone.append((label, suggestion))
            else:
                self._searches[label].withdraw(suggestion.number)

    def leave(self) -> None:
        """Counts what running jobs have left in storage, and takes back the others."""
        self._tell_held()
        for waiting in list(self._running.values()):
            job = self._job(*waiting[0])
            if self._standing(job) is None:
                self.withdraw(job)
            else:
                self.finish(job, error="")

    def _next_baseline(self) -> Ticket | None:
        while self._unasked and self.failure is None:
            job = self._unasked[0]
            found = self._storage.find(job)
            if found is None or found.state == State.FAILED:
                if self._turns.used_up:
                    return None
                self._ledger.give(str(job.phase), None, job.hash)
                return self._ticket(self._unasked.pop(0))
            self._ledger.end(job.hash, found.wall_s)
            self._unasked.pop(0)
            self._finish_baseline(found, cached=True)
        return None

    def _next_trial(self) -> Ticket | None:
        if self._gone and not self._turns.used_up:
            lost, suggestion = self._gone.pop(0)
            return self._given(lost, suggestion, self._job(lost, suggestion))
        while self.reference is not None and (label := self._turns.next()) is not None:
            ticket = self._suggested(label)
            if ticket is not None:
                return ticket
        return None

    def _finish_baseline(self, result: Result, *, cached: bool) -> None:
        if result.state == State.FAILED:
            self.failure = f"the {result.job.phase} model failed: {result.reason}"
            return
        self._done[result.job.phase] = result
        if not cached:
            self._trained.add(result.job.phase)
            self._on_baseline(result)
        if len(self._done) == len(self._baselines):
            original, gold = self._done[Phase.ORIGINAL], self._done[Phase.GOLD]
            try:
                self.reference = reference_of(
                    original, gold, self._storage, config=self._config, benchmark=self._benchmark
                )
            except ValueError as error:
                self.failure = f"the baselines cannot be compared: {error}"
                return
            for done in (self.reference.original, self.reference.gold):
                cached = done.job.phase not in self._trained
                self._on_entry(Entry(str(done.job.phase), done, cached=cached))
            self._teach()
            self._recall()

    def _teach(self) -> None:
        """Gives the searches what another sweep has measured, held against this one's bounds."""
        assert self.reference is not None
        gold: ScoreSheet | None = None
        for past in self._past:
            result = past.result
            if result.job.data == self._benchmark.fingerprint:
                gold = gold or self._storage.sheet(self.reference.gold.job.hash)
                result = seen_here(result, past.storage, gold, config=self._config)
            result, missed = self._judged(result)
            if missed is not None:
                objective = result.metrics[self._config.search.objective]
                self._searches[past.label].learn(
                    past.origin, past.params, objective=objective, violations=missed
                )

    def _recall(self) -> None:
        """Tells of every trial that an earlier run of this sweep has finished.

        One whose result is gone from storage, as people delete what is damaged, is run again.
        """
        for label, search in self._searches.items():
            for suggestion in search.finished:
                found = self._found(self._job(label, suggestion))
                if found is None:
                    self._gone.append((label, suggestion))
                    continue
                result, missed = self._judged(found)
                self._on_entry(
                    Entry(label, result, suggestion.number, suggestion.params, missed, cached=True)
                )

    def _suggested(self, label: str) -> Ticket | None:
        """Asks the study; returns None if the job's result is known or on its way already."""
        suggestion = self._searches[label].ask()
        job = self._job(label, suggestion)
        found = self._found(job)
        if found is not None and (suggestion.again or not found.by_chance):
            self._take_found(label, suggestion, found)
            return None
        return self._given(label, suggestion, job)

    def _given(self, label: str, suggestion: Suggestion, job: Job) -> Ticket | None:
        """Returns the job's ticket; None if another trial has asked for the same job."""
        waiting = self._running.setdefault(job.hash, [])
        waiting.append((label, suggestion))
        if len(waiting) > 1:
            return None
        self._ledger.give(label, suggestion.number, job.hash)
        return self._ticket(job)

    def _take_found(self, label: str, suggestion: Suggestion, found: Result) -> None:
        """Tells the study of a result that is in storage already.

        One that an earlier run of this sweep has left there untold is held back until the next
        job is wanted: that one is then suggested as it was, or would have been, while the trial
        ran.
        """
        self._ledger.end(found.job.hash, found.wall_s)
        self._held.append((label, suggestion, found))
        if not suggestion.again:
            self._tell_held()

    def _tell_held(self) -> None:
        held, self._held = self._held, []
        for label, suggestion, found in held:
            self._finish_trial(label, suggestion, found, cached=True)

    def _job(self, label: str, suggestion: Suggestion) -> Job:
        assert self.reference is not None
        original = self.reference.original.job
        return trial_job(
            self._config, self._benchmark, label=label, params=suggestion.params, original=original
        )

    def _finish_trial(
        self, label: str, suggestion: Suggestion, result: Result, *, cached: bool
    ) -> None:
        search, job_hash = self._searches[label], result.job.hash
        destroyed = collapsed(result, self._config.search)
        result, missed = self._judged(result)
        if suggestion.told:
            pass
        elif missed is None:
            search.fail(suggestion.number, result.reason, job=job_hash, collapsed=destroyed)
        else:
            objective = result.metrics[self._config.search.objective]
            told = {"job": job_hash, "stopped": result.stopped}
            search.tell(suggestion.number, objective=objective, violations=missed, **told)
        self._on_entry(Entry(label, result, suggestion.number, suggestion.params, missed, cached))

    def _without_result(self, job: Job, error: str) -> Result:
        """Returns the failure of a job that left no result, and puts it on record.

        Otherwise a sweep that goes on would not know why the trial failed.
        """
        failed = without_result(job, error)
        self._storage.note_failure(failed)
        return failed

    def _found(self, job: Job) -> Result | None:
        """Returns a trial's result in storage, held against this sweep's gold model."""
        found = self._standing(job)
        if found is None:
            return None
        assert self.reference is not None
        return compared_if_needed(found, self._storage, gold=self.reference.gold)

    def _standing(self, job: Job) -> Result | None:
        """Returns the job's result in storage, unless it was stopped as this sweep would not."""
        found = self._storage.find(job)
        guard = None if self.reference is None else self.reference.guard
        return found if found is not None and found.stands(guard) else None

    def _judged(self, result: Result) -> tuple[Result, dict[str, float] | None]:
        """Returns the result and by how much it misses each bound; FAILED, None if not ranked."""
        assert self.reference is not None
        return judged(result, self._config.search, self.reference.bounds)

    def _ticket(self, job: Job) -> Ticket:
        return ticket_for(job, self.reference, config=self._config, storage=self._storage)


class Turns:
    """Chooses the next method from the studies and the ledger alone.

    So a sweep that goes on keeps the order that it would have had.
    """

    def __init__(self, searches: Mapping[str, MethodSearch], ledger: Ledger) -> None:
        self._searches = searches
        self._ledger = ledger

    @property
    def used_up(self) -> bool:
        """Whether the sweep's budget is used up, so that nothing may start any more."""
        return self._ledger.limit is not None

    @property
    def over(self) -> bool:
        """Whether no method may ask for another trial, now or once what is running has ended."""
        return self.used_up or not self._unspent()

    def next(self) -> str | None:
        """Returns the method that is furthest behind, the first of them; None if none may ask."""
        if self.used_up:
            return None
        ready = [label for label in self._unspent() if self._ledger.has_room(label)]
        return min(ready, key=lambda label: self._searches[label].next_number, default=None)

    def _unspent(self) -> list[str]:
        """Returns the methods that have trials left and have not used up what else they have."""
        return [
            label
            for label, search in self._searches.items()
            if search.remaining > 0 and self._ledger.method_limit(label) is None
        ]


def open_searches(config: SweepConfig, folder: Path) -> dict[str, MethodSearch]:
    """Returns the search of each method, by label, as far as it has come in the sweep's folder."""
    return {
        label: MethodSearch(
            label,
            space=config.space(label),
            settings=config.search_for(label),
            folder=folder,
            seed=config.seed,
        )
        for label in config.methods
    }


def close_searches(searches: Iterable[MethodSearch]) -> None:
    """Leaves nothing running, for as long as there is room to write that down."""
    for search in searches:
        with suppress(OutOfRoom):  # what is left running waits when the sweep goes on
            search.close()
