"""What a sweep would do: its jobs, which of them are done already, and the gang it needs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from evals.measurable import check_held_out, check_measurable
from evals.suite import suite_of
from orchestrator.config.method_requirements import possible_requirements
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
from orchestrator.jobs.finalists import final_seeds, gold_again_job
from orchestrator.jobs.shadows import attack_splits, check_attacks
from orchestrator.results.warm_start import WarmStartTrial, warm_start
from orchestrator.searching.shared_parameters import point_of
from orchestrator.searching.space import Space, holds
from orchestrator.storage.members import MemberRole, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from trainers.job import Job, Phase
from trainers.requirements import Source


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


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything starts.

    Its jobs are those that the sweep runs: who needs one takes it from here, as building it again
    would hash a given checkpoint again.
    """

    config: SweepConfig
    benchmark: Benchmark
    baselines: tuple[PlannedBaseline, ...]
    methods: tuple[PlannedMethod, ...]
    gold_again: PlannedBaseline | None = None
    """The gold model under another seed, if there is to be one."""
    finals_finished: int = 0
    """Runs of finalists whose results are in storage."""
    warm_start: tuple[WarmStartTrial, ...] = ()
    """Trials of another sweep that the searches begin with."""
    shadows_left: Mapping[str, int] = field(default_factory=dict)
    """Models for attacks that are still to be trained, by label, at most."""

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
        return 0 if finalists is None else len(self.methods) * finalists.seeds

    @property
    def models(self) -> tuple[PlannedBaseline, ...]:
        """The baselines, and the gold model under another seed if there is to be one."""
        return (*self.baselines, *filter(None, [self.gold_again]))

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
    check_needs(config, benchmark)
    check_attacks(config, benchmark)
    original, gold = original_job(config, benchmark), gold_job(config, benchmark)
    again = gold_again_job(config, benchmark)
    finished = finished_trials(config, benchmark, storage=storage, original=original)
    return Plan(
        config=config,
        benchmark=benchmark,
        baselines=tuple(_planned(job, benchmark, storage) for job in (original, gold)),
        methods=tuple(
            PlannedMethod(
                label=label,
                method=settings.method,
                space=config.space(label),
                trials=config.num_trials(label),
                finished=min(finished[label], config.num_trials(label)),
                num_steps=config.recipe(label).num_steps(len(benchmark.splits["forget"])),
            )
            for label, settings in config.methods.items()
        ),
        gold_again=_planned(again, benchmark, storage) if again is not None else None,
        finals_finished=_finished_finals(config, storage),
        warm_start=warm_start(config),
        shadows_left=_shadows_left(config, storage),
    )


def check_needs(config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses what the benchmark has not the data for.

    Raises:
        ConfigError: a metric cannot be measured, a task has too few items to hold some out, or a
            method needs refusals or twins and there are none.
    """
    suite = suite_of(config.benchmark.name)
    check_measurable(benchmark, config.evaluation, suite)
    check_held_out(benchmark, config.evaluation, config.held_out, key="finalists.held_out")
    missing = {} if benchmark.refusals else {Source.IDK: "refusals"}
    missing |= {} if suite.has_twins else {Source.TWIN: "mirror images of its rows"}
    for label, settings in config.methods.items():
        for source, what in missing.items():
            if any(source in asked.drawn for asked in possible_requirements(settings)):
                raise ConfigError(
                    f"methods.{label} must be trainable on {benchmark.name} but got "
                    f"{settings.method!r}, which needs {what} and there are none; leave it out"
                )


def finished_trials(
    config: SweepConfig, benchmark: Benchmark, *, storage: Storage, original: Job
) -> Counter[str]:
    """Counts, by label, the results in storage that this sweep's search could ask for.

    A stored trial belongs to a label when the job made anew from its own hyperparameters has the
    same hash. Another sweep over the same space counts too: its results are found again whenever
    the search suggests the same point.
    """
    counts: Counter[str] = Counter()
    for job in storage.jobs():
        if job.phase != Phase.TRIAL or job.base != original.hash:
            continue
        for label in config.methods:
            if _asks_for(config, benchmark, job, label=label, original=original):
                counts[label] += 1
    return counts


def _finished_finals(config: SweepConfig, storage: Storage) -> int:
    """Counts the finalists' runs that the sweep has; whose will be wanted is known at its end."""
    if config.finalists is None:
        return 0
    seeds, done = final_seeds(config), Counter[str]()
    for member in read_members(storage.sweep_path(config.name)):
        if member.role == MemberRole.FINAL and member.seed in seeds:
            done[member.label] += storage.job_folder(member.job).is_dir()
    return sum(min(done[label], len(seeds)) for label in config.methods)


def _shadows_left(config: SweepConfig, storage: Storage) -> dict[str, int]:
    """Counts the models for attacks that are missing; whose are wanted is known at the end."""
    labels = (*map(str, (Phase.ORIGINAL, Phase.GOLD)), *config.methods)
    splits = {split for kinds in attack_splits(config).values() for split in kinds.all}
    done = {
        (member.label, member.split)
        for member in read_members(storage.sweep_path(config.name))
        if member.role == MemberRole.SHADOW
        and member.split in splits
        and storage.job_folder(member.job).is_dir()
    }
    if not splits:
        return {}
    return {label: sum((label, split) not in done for split in splits) for label in labels}


def _planned(job: Job, benchmark: Benchmark, storage: Storage) -> PlannedBaseline:
    found = storage.find(job)
    steps = job.training.num_steps(len(benchmark.splits[job.split]))
    return PlannedBaseline(
        job=job,
        num_steps=steps if job.checkpoint is None else 0,
        finished=found is not None and found.state == State.DONE,
    )


def _asks_for(
    config: SweepConfig, benchmark: Benchmark, job: Job, *, label: str, original: Job
) -> bool:
    assert job.method is not None
    if job.method.name != config.methods[label].method:
        return False
    space = config.space(label)
    params = point_of(job, space)
    if not holds(space, params):
        return False
    made = trial_job(config, benchmark, label=label, params=params, original=original)
    return made.hash == job.hash
