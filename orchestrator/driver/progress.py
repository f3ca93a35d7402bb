"""Tells a person how a sweep goes: one line for each finished job, in a terminal or a log file.

No cursor movements and no colours, so that both read the same.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from evals.metric import load_metric
from orchestrator.config.gang import GangSettings
from orchestrator.driver.attack_progress import AttackProgress
from orchestrator.driver.callbacks import SweepCallback
from orchestrator.jobs.shadows import Shadow
from orchestrator.limits.steering import Steered
from orchestrator.reporting.duration import duration
from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import corner_of, dominated, undominated
from orchestrator.results.pareto import gain
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.storage.result import Result, State
from trainers.job import Job, Phase, Report

PACE_OVER = 20
"""Trials that the remaining time is estimated from: the latest ones, as they say most."""


class Progress(SweepCallback):
    """Writes a header, then one line per entry: what was tried, what came out, how far along.

    `write` gets each line without its end. `trials` are the methods' numbers of trials, by label,
    `num_finals` how many runs of finalists there are at most. Of models for attacks a line comes
    now and then.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        trials: Mapping[str, int],
        search: SearchSettings,
        num_baselines: int,
        num_finals: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._search = search
        self._clock = clock
        self._trials = dict(trials)
        self._num_baselines = num_baselines
        self._num_finals = num_finals
        self._attacks = AttackProgress(write, clock=clock)
        self._total = num_baselines + sum(trials.values()) + num_finals
        self._width = max(map(len, ("original", *trials)))
        self._num_done = 0
        self._best: dict[str, float] = {}
        self._original: Mapping[str, float] = {}
        self._fronts: dict[str, list[Mapping[str, float]]] = {}
        self._ended: deque[float] = deque(maxlen=PACE_OVER)
        self._begun: float | None = None

    def begin(
        self,
        name: str,
        *,
        gang: GangSettings,
        num_gangs: int,
        num_shadows: int = 0,
        begun: float | None = None,
    ) -> None:
        """Writes what will run, in the end up to `num_shadows` models for attacks.

        The command was given at the time `begun`.
        """
        self._begun = begun
        numbers = sorted(set(self._trials.values()))
        trials = f"{' to '.join(map(str, numbers[:1] + numbers[1:][-1:]))} trials"
        methods = f"{len(self._trials)} method" + "s" * (len(self._trials) > 1)
        baselines = f"{self._num_baselines} baseline" + "s" * (self._num_baselines != 1)
        ranks = f"{gang.ranks} rank" + "s" * (gang.ranks > 1)
        gangs = f"{num_gangs} gang" + "s" * (num_gangs > 1)
        finals = f", {self._num_finals} runs of finalists at most" if self._num_finals else ""
        shadows = f", then {num_shadows} models for attacks at most"
        self._write(
            f"Sweep {name}: {self._total} jobs, {baselines} and {trials} for "
            f"each of {methods}{finals}{shadows if num_shadows else ''}; {gangs} of {ranks}"
        )

    def say(self, line: str) -> None:
        """Writes a line."""
        self._write(line)

    def under_way(self) -> None:
        """Writes how long it took from the command until ranks were at work."""
        if self._begun is not None:
            self._write(f"First job under way after {self._clock() - self._begun:.1f} s")

    def on_report(self, job: Job, report: Report) -> None:
        """Writes how far a baseline is; a trial is over too soon to be worth it."""
        if job.phase != Phase.TRIAL:
            loss = f"loss {report.metrics['loss']:.3f}"
            self._write(f"{job.phase}: step {report.step} of {report.num_steps}, {loss}")

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        """Writes the line of a finished job, held against `bounds` if it is a trial."""
        self._num_done += 1
        if entry.result.job.phase == Phase.ORIGINAL:
            self._original = entry.result.metrics
        if entry.final:
            self._final(entry)
        else:
            self._searched(entry, bounds)

    def on_steered(self, steered: Steered) -> None:
        """Writes what a person has had done, and counts with it."""
        self._write(f"By hand: {steered.said}")
        if steered.trials is not None and steered.label in self._trials:
            self._total += steered.trials - self._trials[steered.label]
            self._trials[steered.label] = steered.trials
        self._ended.clear()  # the pace of what was there before, or of a pause, says nothing

    def on_attacks(self, total: int) -> None:
        """Begins to count the models for attacks."""
        self._attacks.begin(total)

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:  # noqa: ARG002
        """Counts one of them."""
        self._attacks.count(result, cached=cached)

    def _searched(self, entry: Entry, bounds: Sequence[Bound]) -> None:
        parts = [self._count(), entry.label.ljust(self._width), *_params(entry.params or {})]
        parts += self._outcome(entry, bounds)
        if entry.cached:
            parts.append("found in storage")
        else:
            parts.append(f"{entry.result.wall_s:.1f} s{_attempts(entry.result)}")
            if entry.number is not None:
                self._ended.append(self._clock())
        self._write("  ".join([*parts, *self._left()]))

    def _final(self, entry: Entry) -> None:
        """Writes the line of a finalist's run, or of the gold model's second one."""
        seed = f"seed {entry.result.job.seed}"
        parts = [self._count(), entry.label.ljust(self._width), "final", seed]
        if entry.result.state == State.FAILED:
            parts.append(f"FAILED: {entry.result.reason}")
        elif self._search.primary in entry.result.metrics:
            parts += self._objectives(entry.result)
        parts.append("found in storage" if entry.cached else f"{entry.result.wall_s:.1f} s")
        self._write("  ".join([*parts, *self._left()]))

    def _count(self) -> str:
        total = str(self._total)
        return f"[{self._num_done:>{len(total)}}/{total}]"

    def _outcome(self, entry: Entry, bounds: Sequence[Bound]) -> list[str]:
        if entry.result.state == State.FAILED:
            return [f"FAILED: {entry.result.reason}"]
        parts = [*_kept(entry, bounds), *self._objectives(entry.result)]
        if entry.number is not None:
            several = len(self._search.objectives) > 1
            parts.append(self._volume(entry, bounds) if several else self._best_so_far(entry))
        if entry.result.facts.get("moved") == 0.0:
            parts.append("did not move")
        if entry.result.stopped:
            parts.append(entry.result.stopped.partition(":")[0])
        return parts

    def _objectives(self, result: Result) -> list[str]:
        primary, *others = self._search.objectives
        told = [f"{load_metric(primary).short} {result.metrics[primary]:z7.2f}"]
        # What is constrained stands there already, with its bounds.
        bare = [name for name in others if name not in self._search.constraints]
        return told + [f"{load_metric(n).short} {result.metrics[n]:z.3f}" for n in bare]

    def _volume(self, entry: Entry, bounds: Sequence[Bound]) -> str:
        """Returns what the method's feasible trials dominate so far."""
        front, search = self._fronts.setdefault(entry.label, []), self._search
        if entry.feasible:
            front[:] = undominated([*front, entry.result.metrics], search)
        if not front:
            return "hypervolume none"
        corner = corner_of(search, bounds, self._original)
        return f"hypervolume {dominated(front, search, corner):.4g}"

    def _best_so_far(self, entry: Entry) -> str:
        name, label = self._search.primary, entry.label
        value = entry.result.metrics[name]
        known = self._best.get(label)
        if entry.feasible and (known is None or gain(name, value) > gain(name, known)):
            self._best[label] = value
        return f"best {self._best[label]:z7.2f}" if label in self._best else "best    none"

    def _left(self) -> list[str]:
        """Returns the time that is left at the pace of the latest trials, if there is a pace."""
        if len(self._ended) < 2 or self._num_done >= self._total:
            return []
        pace_s = (self._ended[-1] - self._ended[0]) / (len(self._ended) - 1)
        return [f"about {duration(pace_s * (self._total - self._num_done))} left"]


def _attempts(result: Result) -> str:
    """Says that a job was done, though not at once; a failure's reason says so itself."""
    attempts = result.facts.get("attempts", 1.0)
    return f" in {attempts:.0f} attempts" if attempts > 1 and result.state == State.DONE else ""


def _params(params: Mapping[str, float | int | str]) -> list[str]:
    """Returns those first that are searched for every method."""
    first = {name: params[name] for name in SHARED if name in params}
    return [f"{name} {_number(value)}" for name, value in {**first, **params}.items()]


def _kept(entry: Entry, bounds: Sequence[Bound]) -> list[str]:
    """Returns what the bounds are about: each metric with its bounds, and whether all are kept."""
    said = []
    for metric in dict.fromkeys(bound.metric for bound in bounds):
        value = f"{load_metric(metric).short} {entry.result.metrics[metric]:z.3f}"
        limits = [f"{b.sign} {b.value:z.3f}" for b in bounds if b.metric == metric]
        trial = entry.violations is not None
        said.append(f"{value} ({', '.join(limits)})" if trial else value)
    if said and entry.violations is not None:
        said.append("feasible  " if entry.feasible else "infeasible")
    return said


def _number(value: float | int | str) -> str:
    return f"{value:.1e}" if isinstance(value, float) else str(value)
