"""What a sweep would do: its jobs, which of them are done already, and the gang it needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.metric import Need, load_metric
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from orchestrator.baselines import gold_job, original_job, trial_job
from orchestrator.config import SweepConfig
from orchestrator.constraints import SIGNS
from orchestrator.gang_settings import GangSettings
from orchestrator.result import State
from orchestrator.searching.settings import Constraint
from orchestrator.searching.space import Searched, SearchRange, Space, Value, active_part, holds
from orchestrator.storing.records import Storage
from orchestrator.warm_start import Past, warm_start
from trainers.job import Job, Phase


@dataclass(frozen=True, slots=True)
class PlannedBaseline:
    """A baseline to be trained in `num_steps` optimizer steps (0: a given checkpoint)."""

    phase: Phase
    job_hash: str
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


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything starts."""

    config: SweepConfig
    benchmark: Benchmark
    baselines: tuple[PlannedBaseline, ...]
    methods: tuple[PlannedMethod, ...]
    steps_per_trial: int
    past: tuple[Past, ...] = ()
    """Trials of another sweep that the searches begin with."""

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
    def has_gold_again(self) -> bool:
        """Whether the gold model is trained under a second seed."""
        return self.config.finalists is not None and self.config.baselines.gold is None


def plan(config: SweepConfig, benchmark: Benchmark, *, storage: Storage) -> Plan:
    """Returns the plan of the sweep, having looked into `storage` for what is done already.

    Raises:
        ConfigError: the benchmark lacks what a metric or a method needs, a given checkpoint is
            not one of this benchmark, or there is nothing to begin the searches with.
    """
    check_needs(config, benchmark)
    original, gold = original_job(config, benchmark), gold_job(config, benchmark)
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
            )
            for label, settings in config.methods.items()
        ),
        steps_per_trial=config.training.num_steps(len(benchmark.splits["forget"])),
        past=warm_start(config),
    )


def check_needs(config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses a metric or a method that the benchmark has not the data for.

    Raises:
        ConfigError: a metric needs a holdout, or a method refusals, and there are none.
    """
    has_holdout = any(task.role == Role.HOLDOUT and task.examples for task in benchmark.tasks)
    for name in config.evaluation.metrics:
        if Need.HOLDOUT in load_metric(name).needs and not has_holdout:
            raise ConfigError(
                f"evaluation.metrics must be measurable on {benchmark.name} but got {name!r}, "
                "which needs a holdout; set the benchmark's holdout or leave the metric out"
            )
    if benchmark.refusals:
        return
    from trainers.method import Source, build_method  # imports torch

    for label, settings in config.methods.items():
        if Source.IDK in build_method(settings.choice({})).needs:
            raise ConfigError(
                f"methods.{label} must be trainable on {benchmark.name} but got "
                f"{settings.method!r}, which needs refusals and there are none; leave it out"
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


def render(plan: Plan) -> str:
    """Returns the plan as the text that --plan prints."""
    config = plan.config
    lines = [
        f"Sweep {config.name} (seed {config.seed}) in {config.folder}",
        f"Benchmark {plan.benchmark.name}: {_splits(plan.benchmark, plan.config.evaluation)}",
        f"Model {config.model.name}, {config.engine.dtype}, ZeRO stage {config.engine.zero_stage}",
        f"Gang: {_gang(config.gang)}",
        f"Objective: {config.search.direction} {config.search.objective} "
        f"{_constraints(config.search.constraints)}",
        "",
        f"{'baseline':<10} {'job':<16} {'steps':>6}  state",
        *(_baseline_line(baseline) for baseline in plan.baselines),
        "",
        f"{'method':<{_width(plan)}} {'trials':>6} {'done':>5} {'steps':>6}  searched",
        *(_method_line(plan, method) for method in plan.methods),
        "",
        f"{plan.num_trials} trials of {plan.steps_per_trial} optimizer steps, "
        f"{plan.num_finished} of them finished already",
        *_finalists(plan),
        *_warm(plan.past),
    ]
    return "\n".join(lines)


def _planned(job: Job, benchmark: Benchmark, storage: Storage) -> PlannedBaseline:
    split = "full" if job.phase == Phase.ORIGINAL else "retain"
    found = storage.find(job)
    steps = job.training.num_steps(len(benchmark.splits[split]))
    return PlannedBaseline(
        phase=job.phase,
        job_hash=job.hash,
        num_steps=steps if job.checkpoint is None else 0,
        finished=found is not None and found.state == State.DONE,
    )


def _asks_for(
    config: SweepConfig, benchmark: Benchmark, job: Job, *, label: str, original: Job
) -> bool:
    assert job.method is not None
    if job.method.name != config.methods[label].method:
        return False
    given = {"lr": job.training.lr, "l1": job.training.l1, **job.method.settings}
    space = config.space(label)
    params = active_part(space, {n: v for n, v in given.items() if isinstance(v, Value)})
    if not holds(space, params):
        return False
    made = trial_job(config, benchmark, label=label, params=params, original=original)
    return made.hash == job.hash


def _splits(benchmark: Benchmark, settings: EvaluationSettings) -> str:
    sizes = [f"{name} {len(examples)}" for name, examples in benchmark.splits.items()]
    tasks = [f"{task.name} {len(task.examples)}" for task in selected_tasks(benchmark, settings)]
    return f"{', '.join(sizes)} rows; scored on {', '.join(tasks)}"


def _gang(gang: GangSettings) -> str:
    gpus = f" and {gang.gpus_per_rank:g} GPU" if gang.gpus_per_rank else ""
    together = gang.ranks_per_node
    placed = (
        gang.strategy if together is None else f"{together} on each of {gang.ranks // together}"
    )
    nodes = "" if together is None else " nodes"
    return f"{gang.ranks} ranks of {gang.cpus_per_rank:g} CPU{gpus}, {placed}{nodes}"


def _constraints(constraints: Mapping[str, Constraint]) -> str:
    """Returns the bounds as far as they are known before the baselines are."""
    parts = [
        f"{metric} {SIGNS[side]} {value:g}{_unit(constraint)}"
        for metric, constraint in constraints.items()
        for side, value in constraint.sides.items()
    ]
    return f"with {' and '.join(parts)}" if parts else "without constraints"


def _unit(constraint: Constraint) -> str:
    if constraint.relative_to == "absolute":
        return ""
    return f" x the {constraint.relative_to}'s"


def _width(plan: Plan) -> int:
    return max(len("method"), *(len(method.label) for method in plan.methods))


def _baseline_line(baseline: PlannedBaseline) -> str:
    state = "finished" if baseline.finished else "to do"
    return f"{baseline.phase:<10} {baseline.job_hash:<16} {baseline.num_steps:>6}  {state}"


def _method_line(plan: Plan, method: PlannedMethod) -> str:
    searched = ", ".join(_searched(name, found) for name, found in method.space.items())
    return (
        f"{method.label:<{_width(plan)}} {method.trials:>6} {method.finished:>5} "
        f"{plan.steps_per_trial:>6}  {searched}"
    )


def _finalists(plan: Plan) -> list[str]:
    """Returns a line that says what follows the search, if anything does."""
    settings = plan.config.finalists
    if settings is None:
        return []
    gold = " and gold once more" if plan.has_gold_again else ""
    where = f"the {settings.held_out:.0%} of all items that the search does not see"
    reported = where if settings.held_out else "all items"
    return [
        f"Then finalists: each method's best trial under {settings.seeds} more seeds{gold}, "
        f"reported on {reported}"
    ]


def _warm(past: Sequence[Past]) -> list[str]:
    """Returns a line that says where the searches begin, if it is not at nothing."""
    if not past:
        return []
    counts = Counter(trial.label for trial in past)
    said = ", ".join(f"{label} {number}" for label, number in counts.items())
    return [f"Warm start: trials of {past[0].origin.partition('/')[0]} ({said})"]


def _searched(name: str, searched: Searched) -> str:
    if isinstance(searched, SearchRange):
        scale = " log" if searched.log else ""
        said = f"{name} {searched.low:g}..{searched.high:g}{scale}"
    else:
        said = f"{name} {'|'.join(map(str, searched.choices))}"
    where = [f"{parent} {'|'.join(map(str, of))}" for parent, of in searched.when.items()]
    return f"{said} if {' and '.join(where)}" if where else said
