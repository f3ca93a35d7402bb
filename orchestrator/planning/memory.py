"""How much memory a rank of a sweep takes, by kind of job and moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.config.method_requirements import most_demanding
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.model_sizes import ModelSizes
from orchestrator.planning.plan import Plan
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.table import Column, Table
from orchestrator.searching.shared_parameters import L1
from trainers.memory.footprint import NOTHING, Footprint, Sharding, Start, footprints
from trainers.memory.model_size import ModelSize
from trainers.requirements import ReferenceUse, Requirements, Source
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

MIB, GIB = 1 << 20, 1 << 30
TRIALS = "trials"
SALIENCY_BYTES = 8
"""For each weight that trains: a gradient, and what it gains on forget rows, in float32."""
FINE_TUNING = Requirements(frozenset({Source.RETAIN}))
"""What training a baseline asks for: its own rows, and no reference."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs of one recipe; what is `asked` by method, or once without a name.

    With `pulls_to_start`, L1 pulls to the weights of the start, and some jobs have L1.
    """

    jobs: str
    size: ModelSize
    training: TrainingSettings
    adapter: AdapterSettings | None
    asked: Mapping[str, Requirements]
    pulls_to_start: bool = False

    @property
    def keeps_start(self) -> bool:
        """Whether the model itself is trained time and again, so that its start is kept."""
        return self.adapter is None and self.jobs == TRIALS


@dataclass(frozen=True, slots=True)
class JobMemory:
    """A rank's memory at the moments of one kind of jobs, of the method that takes most.

    `reference_bytes` of main memory are kept of what the reference says: for a rank on a CPU they
    are in every moment but the first.
    """

    kind: Kind
    method: str
    moments: tuple[Footprint, ...]
    reference_bytes: int = 0

    @property
    def peak(self) -> Footprint:
        """The moment that takes most."""
        return max(self.moments, key=lambda moment: moment.total)

    def at(self, moment: str) -> Footprint:
        """Returns what is held at a moment."""
        return next(each for each in self.moments if each.moment == moment)


def kinds_of(plan: Plan, sizes: ModelSizes) -> list[Kind]:
    """Returns the kinds of jobs that train: baselines, unless both are given, and trials."""
    config = plan.config
    asked = {method.label: most_demanding(method.possible) for method in plan.methods}
    pulls = config.adapter is None and any(
        (recipe.l1 > 0 or L1 in config.space(label)) and recipe.l1_towards == "start"
        for label, recipe in ((label, config.recipe(label)) for label in config.methods)
    )
    trials = Kind(TRIALS, sizes.trial, config.training, config.adapter, asked, pulls)
    if sizes.baseline is None:
        return [trials]
    recipe = config.baselines
    return [
        Kind("baselines", sizes.baseline, recipe.training, recipe.adapter, {"": FINE_TUNING}),
        trials,
    ]


def job_memory(kind: Kind, plan: Plan) -> JobMemory:
    """Returns the memory of a rank under the sweep's engine and gang."""
    config, sizes = plan.config, plan.suite.sizes
    sharding = sharding_of(kind, config, engine=config.engine, ranks=config.gang.ranks)
    evaluation_bytes = _evaluation_bytes(kind, plan)
    max_length = kind.training.max_length
    length = sizes.most_positions(plan.benchmark, max_length=max_length)
    num_labels = sizes.most_labels(plan.benchmark, max_length=max_length)
    reference_bytes = _reference_bytes(kind, plan, sharding, length=length)
    memories = []
    for method, asked in kind.asked.items():
        training_bytes = kind.size.training_bytes(
            asked,
            num_rows=kind.training.micro_batch_size,
            length=length,
            num_labels=num_labels,
        )
        moments = footprints(
            kind.size.weights,
            sharding,
            training_bytes=training_bytes + _saliency_bytes(kind.size, asked),
            evaluation_bytes=evaluation_bytes,
            start=_start(kind, sharding, asked.reference_use),
            kept_bytes=0 if sharding.on_gpu else reference_bytes,
        )
        memories.append(JobMemory(kind, method, moments, reference_bytes))
    return max(memories, key=lambda memory: memory.at("backward").total)


def _reference_bytes(kind: Kind, plan: Plan, sharding: Sharding, *, length: int) -> int:
    """Returns what a rank keeps of the reference for all methods: their trials draw equal rows.

    At stage 3, where ranks must run the model together, nothing is kept.
    """
    if sharding.stage == 3:
        return 0
    steps = {method.label: method.num_steps for method in plan.methods}
    drawn = kind.training.batch_size // sharding.ranks
    rows = [(asked, steps.get(label, 0) * drawn) for label, asked in kind.asked.items()]
    return kind.size.reference_bytes(rows, length=length)


def _saliency_bytes(size: ModelSize, asked: Requirements) -> int:
    """Returns what is held while a method's salient weights are found: whole, on every rank."""
    return SALIENCY_BYTES * size.weights.trained if asked.saliency else 0


def least_bytes(kind: Kind, config: SweepConfig, *, engine: EngineSettings, ranks: int) -> int:
    """Returns what a rank holds at some moment whatever its batches are: known exactly."""
    sharding = sharding_of(kind, config, engine=engine, ranks=ranks)
    return max(
        moment.states
        for use in {asked.reference_use for asked in kind.asked.values()}
        for moment in footprints(
            kind.size.weights,
            sharding,
            training_bytes=0,
            evaluation_bytes=0,
            start=_start(kind, sharding, use),
        )
    )


def sharding_of(kind: Kind, config: SweepConfig, *, engine: EngineSettings, ranks: int) -> Sharding:
    """Returns how the kind's jobs are spread over `ranks` by `engine`."""
    training = kind.training
    return Sharding(
        stage=engine.zero_stage,
        ranks=ranks,
        mixed=engine.dtype == "bf16",
        accumulates=training.batch_size > training.micro_batch_size * ranks,
        on_gpu=config.gang.gpus_per_rank > 0,
        offload_optimizer=engine.offload_optimizer,
        offload_parameters=engine.offload_parameters,
        moments=training.num_moments,
    )


def _start(kind: Kind, sharding: Sharding, use: ReferenceUse) -> Start:
    """Returns what of its start a job keeps on its device; a CPU also keeps what warm ranks do."""
    if not kind.keeps_start:
        return NOTHING
    return Start(
        model=use == ReferenceUse.MODEL, anchors=kind.pulls_to_start or not sharding.on_gpu
    )


def memory_table(memories: Sequence[JobMemory]) -> str:
    """Returns the highest moment of every kind as text."""
    most = max(memory.peak.total for memory in memories)
    unit, name = (GIB, "GiB") if most >= GIB else (MIB, "MiB")
    parts = ("parameters", "gradients", "optimizer", "activations", "buffers")
    headings = ("at its peak", "while", *parts, f"all, {name}")
    rows = []
    for memory in memories:
        held = memory.peak
        sizes = [getattr(held, part) / unit for part in parts]
        rows.append((_name(memory), held.moment, *sizes, held.total / unit))
    columns = tuple(Column(heading, ".2f") for heading in headings)
    return terminal_text(Table(columns, tuple(rows))).rstrip()


def reference_line(memories: Sequence[JobMemory], *, on_gpu: bool) -> str:
    """Returns what is kept of the reference, and where, in words; empty if nothing is."""
    kept = max(memory.reference_bytes for memory in memories)
    if not kept:
        return ""
    where = "in its node's memory beside its GPU's" if on_gpu else "which is among its buffers"
    return f"A rank keeps up to {kept / MIB:.0f} MiB of what the reference says of rows, {where}"


def _name(memory: JobMemory) -> str:
    return f"{memory.kind.jobs} ({memory.method})" if memory.method else memory.kind.jobs


def _evaluation_bytes(kind: Kind, plan: Plan) -> int:
    settings, sizes, tasks = plan.config.evaluation, plan.suite.sizes, plan.tasks
    return kind.size.evaluation_bytes(
        num_rows=settings.batch_size,
        length=sizes.most_scored_positions(tasks, max_length=settings.max_length),
        num_labels=sizes.most_scored_labels(tasks, max_length=settings.max_length),
        num_generated=max((sizes.num_generated(task, settings) for task in tasks), default=0),
    )
