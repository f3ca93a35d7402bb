"""The models for attacks, once the finalists are known: at each split baselines and methods."""

from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.config.budget import ATTACKS
from orchestrator.driver.stages.finalists import FinalistStage
from orchestrator.driver.stages.stage import Request, StageContext
from orchestrator.jobs.shadows import Shadow, num_attack_splits, shadows_at
from orchestrator.results.entry import Basis, Entry
from orchestrator.results.ranking import best_trials
from orchestrator.storage.result import Result


class AttackStage:
    """Asks for the models for attacks on those that are the best of `trials`, split by split.

    Whole splits go to a gang together, until they are `attacks.pack` models: what starts from a
    split's Original comes after it there, and no gang waits for another. A sweep whose budget is
    used up has none.
    """

    failure: str | None = None

    def __init__(
        self,
        context: StageContext,
        *,
        trials: Sequence[Entry],
        finalists: FinalistStage | None = None,
    ) -> None:
        self._plan = context.plan
        self._config = context.plan.config
        self._weights = context.plan.starting_weights
        self._trials = trials
        self._finalists = finalists
        self._storage = context.storage
        self._ledger = context.ledger
        self._callbacks = context.callbacks
        settings = context.plan.config.attacks
        self._pack_size = 1 if settings is None else settings.pack
        self._best: dict[str, Entry] = {}
        self._splits: list[int] = []
        self._left: list[Shadow] = []
        self._pack = 0
        self._open: Counter[int] = Counter()
        self.asked: set[str] = set()
        """The hashes of all jobs that were asked for so far."""
        self.found: list[tuple[Shadow, Result]] = []
        """What came of every model so far."""

    @property
    def finished(self) -> bool:
        """Whether every model was asked for."""
        return not (self._splits or self._left)

    @property
    def may_start(self) -> bool:
        """Whether another model takes no more than the sweep's budget has left."""
        return self._ledger.sweep_has_room

    def begin(self) -> None:
        """Chooses whom to attack."""
        self._callbacks.on_search_end()
        if self._ledger.limit is not None:
            return
        config = self._config
        self._best = best_trials(self._trials, config.methods, search=config.search)
        standing = {} if self._finalists is None else self._finalists.standing
        self._best |= {t.label: t for t in self._trials if standing.get(t.label, -1) == t.number}
        kinds = self._plan.attack_splits.values()
        self._splits = sorted(split for kind in kinds for split in kind.all)
        total = (2 + len(self._best)) * num_attack_splits(config)
        self._callbacks.on_attacks(total)

    def next(self) -> Request[Shadow] | None:
        """Returns the next model; it says how many of the following go to the same gang."""
        if self._ledger.limit is not None:
            return None
        if not self._pack:
            self._fill()
        if not self._left:
            return None
        shadow = self._left.pop(0)
        self._pack -= 1
        return self._request(shadow, more=self._pack)

    def take(self, request: Request[Shadow], result: Result, *, cached: bool) -> None:
        """Tells of a model, and of a split once all of its models are back."""
        shadow = request.subject
        self.found.append((shadow, result))
        self._open[shadow.split] -= 1
        self._callbacks.on_shadow(shadow, result, cached=cached)
        if not self._open[shadow.split]:
            own = [each.job.hash for each, _ in self.found if each.split == shadow.split]
            self._callbacks.on_split_end(own)

    def withdraw(self, requests: Sequence[Request[Shadow]]) -> None:
        """Takes back models: they come next again."""
        self._left[:0] = [request.subject for request in requests]
        self._left.sort(key=lambda each: (each.split, each.original is not None))
        self._pack = 0

    def _fill(self) -> None:
        """Decides on the next pack: whole splits, of what is left first."""
        self._left += () if self._left else self._drawn()
        self._pack = len(self._left)

    def _drawn(self) -> Iterator[Shadow]:
        num = 0
        while self._splits and num < self._pack_size:
            split = self._splits.pop(0)
            shadows = list(shadows_at(self._config, split, self._best, weights=self._weights))
            num += len(shadows)
            for shadow in shadows:
                self._open[shadow.split] += 1
            yield from shadows

    def _request(self, shadow: Shadow, *, more: int) -> Request[Shadow]:
        self.asked.add(shadow.job.hash)
        basis = None
        if shadow.original is not None and shadow.gold is not None:
            # Without a guard: what is attacked is a whole training's.
            basis = Basis(shadow.original, shadow.gold)
        return Request(
            shadow.job,
            shadow,
            ATTACKS,
            basis=basis,
            with_weights=shadow.number is None and self._is_started_from(shadow),
            more=more,
        )

    def _is_started_from(self, shadow: Shadow) -> bool:
        """Returns whether a model is still to be made that starts from this one."""
        return any(
            each.original is not None
            and each.original.hash == shadow.job.hash
            and self._storage.find(each.job) is None
            for each in self._left
        )
