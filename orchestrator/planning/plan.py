"""What a sweep would do: its jobs, which of them are done already, and the gang it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from evals.attackable import check_attackable
from evals.benchmark import Benchmark, Task
from evals.errors import ConfigError
from evals.measurable import check_held_out, check_measurable
from evals.selection import selected_tasks
from evals.splits import World, splits_of
from evals.suite import Suite, suite_of
from orchestrator.config.gang import GangSettings
from orchestrator.config.method_requirements import possible_requirements
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, starting_weights
from orchestrator.jobs.finalists import gold_again_job
from orchestrator.jobs.search_splits import search_splits
from orchestrator.jobs.shadows import Kinds, SplitJobs, attack_splits, check_baselines
from orchestrator.planning.finished import finished_finals, finished_trials, shadows_left
from orchestrator.results.warm_start import WarmStartTrial, warm_start
from orchestrator.searching.space import Space
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from trainers.job import Job
from trainers.requirements import Requirements, Source

if TYPE_CHECKING:  # imports torch
    from trainers.family import Family


@dataclass(frozen=True, slots=True)
class PlannedBaseline:
    """A baseline to be trained in `num_steps` optimizer steps (0: a given checkpoint)."""

    job: Job
    num_steps: int
    finished: bool


@dataclass(frozen=True, slots=True)
class PlannedMethod:
    """One study: `trials` are its budget, `finished` those whose results are in storage."""

    label: str
    method: str
    space: Space
    trials: int
    finished: int
    num_steps: int
    """Optimizer steps of each trial."""
    possible: tuple[Requirements, ...]
    """What it may ask for, whatever the search picks for it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything starts.

    Who needs one of its jobs, or what else is made of the config here, takes it from here: building
    a job again would hash a given checkpoint again.
    """

    config: SweepConfig
    benchmark: Benchmark
    suite: Suite
    tasks: tuple[Task, ...]
    """What every model is scored on."""
    family: "Family"
    starting_weights: str
    """The fingerprint of what baselines are fine-tuned from; "" where both are given."""
    baselines: tuple[PlannedBaseline, ...]
    methods: tuple[PlannedMethod, ...]
    search_splits: tuple[SplitJobs, ...] = ()
    """The splits that the search sees beside the benchmark's own."""
    split_baselines: tuple[PlannedBaseline, ...] = ()
    """The baselines of these."""
    gold_again: PlannedBaseline | None = None
    """The gold model under another seed, if there is to be one."""
    finals_finished: int = 0
    """Runs of finalists whose results are in storage."""
    warm_start: tuple[WarmStartTrial, ...] = ()
    """Trials of another sweep that the searches begin with."""
    attack_splits: Mapping[World, Kinds] = field(default_factory=dict)
    """The splits that models for attacks are trained at."""
    few_models: str = ""
    """Which numbers of models tell little, in words."""
    shadows_left: Mapping[str, int] = field(default_factory=dict)
    """Models for attacks that are still to be trained, by label, at most."""

    def on(self, gang: GangSettings) -> "Plan":
        """Returns the same plan for gangs of another shape: no job says by which it is run."""
        return replace(self, config=self.config.model_copy(update={"gang": gang}))

    @property
    def num_trials(self) -> int:
        """Trials of all methods together."""
        return sum(method.trials for method in self.methods)

    @property
    def num_finished(self) -> int:
        """Trials whose results are in storage."""
        return sum(method.finished for method in self.methods)

    @property
    def num_final_trials(self) -> int:
        """Runs of the methods' finalists, at most: whose they are is known after the search."""
        finalists = self.config.finalists
        if finalists is None:
            return 0
        return len(self.methods) * self.config.num_points * finalists.seeds

    @property
    def models(self) -> tuple[PlannedBaseline, ...]:
        """The baselines of all splits, and the gold model under another seed if there is one."""
        return (*self.baselines, *self.split_baselines, *filter(None, [self.gold_again]))

    @property
    def num_splits(self) -> int:
        """At how many splits every trial is trained."""
        return 1 + len(self.search_splits)

    @property
    def num_models(self) -> int:
        """The baselines that leave a model behind, finished or not."""
        return sum(bool(each.num_steps) for each in self.models)

    @property
    def num_models_left(self) -> int:
        """Those of them that are still to be trained."""
        return sum(bool(each.num_steps) and not each.finished for each in self.models)

    @property
    def num_final_trials_left(self) -> int:
        """Runs of finalists that are still to be done."""
        return self.num_final_trials - self.finals_finished


def plan(config: SweepConfig, benchmark: Benchmark, *, storage: Storage) -> Plan:
    """Returns the plan of the sweep, having looked into `storage` for what is done already.

    Raises:
        ConfigError: the benchmark lacks what a metric or a method needs, a given checkpoint is
            not one of this benchmark, or there is nothing to begin the searches with.
    """
    from trainers.family import build_family  # imports transformers

    possible = dict[str, tuple[Requirements, ...]]()
    for label, settings in config.methods.items():
        possible[label] = possible_requirements(settings)
    family = build_family(config.model)
    suite = suite_of(config.benchmark.name)
    tasks = selected_tasks(benchmark, config.evaluation)
    splits = splits_of(config.benchmark)
    few_models = _check(config, benchmark, suite, tasks)
    check_trainable(config, benchmark, suite, possible)
    attacked = attack_splits(config.attacks, splits, searched=config.search.splits)
    weights = starting_weights(config, family)
    original = original_job(config, benchmark, weights=weights)
    gold = gold_job(config, benchmark, weights=weights)
    again = gold_again_job(config, benchmark, weights=weights)
    further = tuple(search_splits(config, splits, weights=weights))
    finished = finished_trials(config, benchmark, storage=storage, original=original)
    return Plan(
        config=config,
        benchmark=benchmark,
        suite=suite,
        tasks=tasks,
        family=family,
        starting_weights=weights,
        baselines=tuple(_planned(job, benchmark, storage) for job in (original, gold)),
        methods=tuple(
            PlannedMethod(
                label=label,
                method=settings.method,
                space=config.space(label),
                trials=config.num_trials(label),
                finished=min(finished[label], config.num_trials(label)),
                num_steps=config.recipe(label).num_steps(len(benchmark.splits[settings.split])),
                possible=possible[label],
            )
            for label, settings in config.methods.items()
        ),
        search_splits=further,
        split_baselines=tuple(
            _planned(each.job, split.benchmark, storage)
            for split in further
            for each in split.baselines
        ),
        gold_again=_planned(again, benchmark, storage) if again is not None else None,
        finals_finished=finished_finals(config, storage),
        warm_start=warm_start(config),
        attack_splits=attacked,
        few_models=few_models,
        shadows_left=shadows_left(config, attacked, storage),
    )


def _check(config: SweepConfig, benchmark: Benchmark, suite: Suite, tasks: Sequence[Task]) -> str:
    """Refuses what the benchmark cannot be measured by; returns which numbers of models are few."""
    check_measurable(benchmark, config.evaluation, suite)
    check_held_out(benchmark, config.evaluation, config.held_out, key="finalists.held_out")
    check_baselines(config)
    if config.attacks is None:
        return ""
    return check_attackable(
        config.benchmark,
        config.evaluation,
        tasks,
        num_models=config.attacks.num_models,
        searched=config.search.splits,
    )


def check_trainable(
    config: SweepConfig,
    benchmark: Benchmark,
    suite: Suite,
    possible: Mapping[str, Sequence[Requirements]],
) -> None:
    """Refuses a method that the benchmark has not the rows for.

    Raises:
        ConfigError: it needs refusals or twins and there are none, or forgets a part that is none.
    """
    check_parts(config, benchmark)
    missing = {} if benchmark.refusals else {Source.IDK: "refusals"}
    missing |= {} if suite.has_twins else {Source.TWIN: "mirror images of its rows"}
    for label, settings in config.methods.items():
        for source, what in missing.items():
            if any(source in asked.drawn for asked in possible[label]):
                raise ConfigError(
                    f"methods.{label} must be trainable on {benchmark.name} but got "
                    f"{settings.method!r}, which needs {what} and there are none; leave it out"
                )


def check_parts(config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses a method that forgets a part which the benchmark has not.

    Raises:
        ConfigError: names the key, the value and the parts.
    """
    parts = benchmark.forget_parts
    cure = f"choose {', '.join(parts)}" if parts else "leave it out"
    for label, settings in config.methods.items():
        if settings.split not in benchmark.splits:
            raise ConfigError(
                f"methods.{label}.forget must be a part of what {benchmark.name} has to be "
                f"forgotten, which is {' or '.join(parts) or 'not divided'}, but got "
                f"{settings.forget!r}; {cure}"
            )


def _planned(job: Job, benchmark: Benchmark, storage: Storage) -> PlannedBaseline:
    found = storage.find(job)
    steps = job.training.num_steps(len(benchmark.splits[job.split]))
    return PlannedBaseline(
        job=job,
        num_steps=steps if job.checkpoint is None else 0,
        finished=found is not None and found.state == State.DONE,
    )
