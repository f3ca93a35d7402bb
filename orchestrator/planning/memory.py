"""How much memory a rank of a sweep takes, by kind of job and moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.benchmark import Benchmark
from evals.metric import Need, load_metric
from evals.selection import selected_tasks
from evals.text.row_lengths import most_scored_tokens, most_tokens
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.model_sizes import ModelSizes
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.table import Column, Table
from trainers.memory.footprint import Footprint, Sharding, footprints
from trainers.memory.model_size import ModelSize
from trainers.requirements import Requirements, Source
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

MIB, GIB = 1 << 20, 1 << 30
FINE_TUNING = Requirements(frozenset({Source.RETAIN}))
"""What training a baseline asks for: its own rows, and no reference."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs of one recipe; what is `asked` by method, or once without a name."""

    jobs: str
    size: ModelSize
    training: TrainingSettings
    adapter: AdapterSettings | None
    asked: Mapping[str, Requirements]


@dataclass(frozen=True, slots=True)
class JobMemory:
    """A rank's memory at the moments of one kind of jobs, of the method that takes most."""

    kind: Kind
    method: str
    moments: tuple[Footprint, ...]

    @property
    def peak(self) -> Footprint:
        """The moment that takes most."""
        return max(self.moments, key=lambda moment: moment.total)


def kinds_of(
    config: SweepConfig, sizes: ModelSizes, asked: Mapping[str, Requirements]
) -> list[Kind]:
    """Returns the kinds of jobs that train: baselines, unless both are given, and trials."""
    trials = Kind("trials", sizes.trial, config.training, config.adapter, asked)
    if sizes.baseline is None:
        return [trials]
    recipe = config.baselines
    return [
        Kind("baselines", sizes.baseline, recipe.training, recipe.adapter, {"": FINE_TUNING}),
        trials,
    ]


def job_memory(kind: Kind, config: SweepConfig, benchmark: Benchmark) -> JobMemory:
    """Returns the memory of a rank under the sweep's engine and gang."""
    sharding = sharding_of(kind, config, engine=config.engine, ranks=config.gang.ranks)
    evaluation_bytes = _evaluation_bytes(kind, config, benchmark)
    length = most_tokens(benchmark, max_length=kind.training.max_length)
    needs = {
        method: kind.size.training_bytes(
            asked, num_rows=kind.training.micro_batch_size, length=length
        )
        for method, asked in kind.asked.items()
    }
    hungriest = max(needs, key=lambda method: needs[method])
    moments = footprints(
        kind.size.weights,
        sharding,
        training_bytes=needs[hungriest],
        evaluation_bytes=evaluation_bytes,
    )
    return JobMemory(kind, hungriest, moments)


def least_bytes(kind: Kind, config: SweepConfig, *, engine: EngineSettings, ranks: int) -> int:
    """Returns what a rank holds at some moment whatever its batches are: known exactly."""
    sharding = sharding_of(kind, config, engine=engine, ranks=ranks)
    moments = footprints(kind.size.weights, sharding, training_bytes=0, evaluation_bytes=0)
    return max(moment.states for moment in moments)


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


def _name(memory: JobMemory) -> str:
    return f"{memory.kind.jobs} ({memory.method})" if memory.method else memory.kind.jobs


def _evaluation_bytes(kind: Kind, config: SweepConfig, benchmark: Benchmark) -> int:
    settings = config.evaluation
    tasks = selected_tasks(benchmark, settings)
    length = most_scored_tokens(tasks, max_length=settings.max_length)
    scoring = kind.size.scoring_bytes(num_rows=settings.batch_size, length=length)
    if not any(Need.GENERATION in load_metric(name).needs for name in settings.metrics):
        return scoring
    generating = kind.size.generating_bytes(
        num_rows=settings.batch_size, length=length + settings.max_new_tokens
    )
    return max(scoring, generating)
