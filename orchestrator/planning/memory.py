"""How much memory a rank of a sweep takes, by kind of job and moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.benchmark import Benchmark
from evals.metric import Need, load_metric
from evals.selection import selected_tasks
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.model_sizes import Anatomies
from orchestrator.planning.passes import Draw
from orchestrator.planning.row_lengths import most_scored_tokens, most_tokens
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.layout import Column, Table
from trainers.memory.activations import (
    JOINT_COPIES,
    LIKELIHOOD_COPIES,
    Mode,
    Rows,
    generating_bytes,
    scoring_bytes,
    training_bytes,
)
from trainers.memory.footprint import Footprint, Sharding, footprints
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

if TYPE_CHECKING:  # imports torch
    from trainers.memory.model_size import Anatomy

MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs of one recipe; `draws` by method, or one without a name."""

    jobs: str
    anatomy: "Anatomy"
    training: TrainingSettings
    adapter: AdapterSettings | None
    draws: Mapping[str, Draw]


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


def kinds_of(config: SweepConfig, anatomies: Anatomies, draws: Mapping[str, Draw]) -> list[Kind]:
    """Returns the kinds of jobs that train: baselines, unless both are given, and trials."""
    trials = Kind("trials", anatomies.trial, config.training, config.adapter, draws)
    if anatomies.baseline is None:
        return [trials]
    recipe = config.baselines
    return [
        Kind("baselines", anatomies.baseline, recipe.training, recipe.adapter, {"": Draw()}),
        trials,
    ]


def job_memory(kind: Kind, config: SweepConfig, benchmark: Benchmark) -> JobMemory:
    """Returns the memory of a rank under the sweep's engine and gang."""
    sharding = sharding_of(kind, config, engine=config.engine, ranks=config.gang.ranks)
    mode = _mode(kind, config)
    evaluation_bytes = _evaluation_bytes(kind, mode, config, benchmark)
    length = most_tokens(benchmark, max_length=kind.training.max_length)
    needs = {
        method: _training_bytes(kind, mode, draw, length) for method, draw in kind.draws.items()
    }
    hungriest = max(needs, key=lambda method: needs[method])
    moments = footprints(
        kind.anatomy.weights,
        sharding,
        training_bytes=needs[hungriest],
        evaluation_bytes=evaluation_bytes,
    )
    return JobMemory(kind, hungriest, moments)


def least_bytes(kind: Kind, config: SweepConfig, *, engine: EngineSettings, ranks: int) -> int:
    """Returns what a rank holds at some moment whatever its batches are: known exactly."""
    sharding = sharding_of(kind, config, engine=engine, ranks=ranks)
    moments = footprints(kind.anatomy.weights, sharding, training_bytes=0, evaluation_bytes=0)
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


def _mode(kind: Kind, config: SweepConfig) -> Mode:
    return Mode(
        entry_bytes=kind.anatomy.weights.entry_bytes,
        attention=str(config.model.settings["attn_implementation"]),
        checkpointing=bool(config.model.settings["gradient_checkpointing"]),
        whole=kind.adapter is None,
        dropout=kind.adapter is not None and kind.adapter.dropout > 0,
    )


def _training_bytes(kind: Kind, mode: Mode, draw: Draw, length: int) -> int:
    size = kind.training.micro_batch_size
    rows = Rows(
        at_once=size * max(draw.passes),
        together=size * draw.together,
        length=length,
        compared=size * draw.references,
    )
    copies = LIKELIHOOD_COPIES if len(draw.passes) == 1 else JOINT_COPIES
    return training_bytes(kind.anatomy.decoder, mode, rows, copies=copies)


def _evaluation_bytes(kind: Kind, mode: Mode, config: SweepConfig, benchmark: Benchmark) -> int:
    settings, decoder = config.evaluation, kind.anatomy.decoder
    tasks = selected_tasks(benchmark, settings)
    length = most_scored_tokens(tasks, max_length=settings.max_length)
    tokens = settings.batch_size * length
    scoring = scoring_bytes(decoder, mode, num_tokens=tokens, length=length)
    if not any(Need.GENERATION in load_metric(name).needs for name in settings.metrics):
        return scoring
    generating = generating_bytes(
        decoder, mode, num_rows=settings.batch_size, length=length + settings.max_new_tokens
    )
    return max(scoring, generating)
