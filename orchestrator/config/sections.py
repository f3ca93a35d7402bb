"""The sections of a sweep's config that have no file of their own."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evals.choice import Settings
from evals.errors import ConfigError
from evals.paths import read_path
from orchestrator.storage.address import Address
from orchestrator.storage.byte_size import read_size
from trainers.settings import AdapterSettings, TrainingSettings


class GangSettings(Settings):
    """How many ranks train one job together, and what each of them takes of the cluster."""

    ranks: int = Field(2, ge=1)
    cpus_per_rank: float = Field(1.0, ge=0)
    gpus_per_rank: float = Field(0.0, ge=0)
    strategy: Literal["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"] = "PACK"
    """On few nodes or many; the strict ones on one node, or on as many as there are ranks."""
    ranks_per_node: int | None = Field(None, ge=1)
    """Takes nodes for so many ranks each, so that ranks and their neighbours share one: with as
    many as a node has GPUs, whole nodes. None leaves it to `strategy`."""
    interface: str | None = Field(None, min_length=1)
    """Network interface that ranks talk over; None is the one that leads to rank 0's node."""
    recycle_after: int = Field(200, ge=1)
    """Trials after which a gang's processes are replaced by fresh ones."""
    recycle_growth: float = Field(0.5, ge=0)
    """So are they when a rank's memory has grown by this share since its first job."""
    collective_timeout_s: float = Field(1800.0, gt=0)
    """Seconds without a sign of progress after which a rank counts as lost; longer than loading
    the model, one optimizer step, or one task of the evaluation takes."""
    max_retries: int = Field(2, ge=0)
    """How often a job whose ranks were lost is gone on with before it counts as failed."""

    @model_validator(mode="after")
    def _ranks_take_something(self) -> "GangSettings":
        if self.cpus_per_rank == self.gpus_per_rank == 0:
            raise ConfigError(
                "gang.cpus_per_rank must be above 0 where gang.gpus_per_rank is 0, as nothing "
                "else could be booked for a rank, but got 0; set one of them"
            )
        return self

    @model_validator(mode="after")
    def _nodes_are_filled(self) -> "GangSettings":
        together = self.ranks_per_node
        if together is None:
            return self
        if self.ranks % together:
            raise ConfigError(
                f"gang.ranks must be a multiple of gang.ranks_per_node ({together}) but got "
                f"{self.ranks}; take {max(together, self.ranks // together * together)}"
            )
        if self.strategy in ("SPREAD", "STRICT_PACK"):
            raise ConfigError(
                "gang.strategy must be left out beside gang.ranks_per_node, which places the "
                f"ranks, but got {self.strategy}; leave one of them out"
            )
        return self


class CheckpointSettings(Settings):
    """When a job that is being trained is saved, to be gone on with should its ranks be lost."""

    every_s: float | None = Field(300.0, gt=0)
    """Seconds of training between checkpoints (more, where writing one takes long); null for
    none. Training that is over sooner is not saved."""


class FinalistSettings(Settings):
    """How finalists are run and reported: each method's best feasible setting, on several seeds."""

    seeds: int = Field(3, ge=1, le=100)
    """Runs of each finalist, with the seeds that follow the sweep's own."""
    held_out: float = Field(0.5, ge=0, lt=1)
    """Share of every task's items that the search does not see and finalists are reported on; with
    0 they are reported on all items, which the search has selected on."""


class DiskSettings(Settings):
    """Limits of disk, and what is done when there is none left."""

    quota: int | None = None
    """Bytes that the weights of the sweep's jobs may take, MLflow's copies in the storage folder
    among them. Beyond them adapters of dominated trials are removed. None is no limit."""
    reserve: int = 0
    """Bytes that stay free on the disk: so are they when it has less."""
    when_full: Literal["remove", "wait"] = "remove"
    """Whether adapters of dominated trials are removed when something finds no room."""
    patience_s: float = Field(3600.0, ge=0)
    """Seconds for which what finds no room is tried again before the sweep leaves."""

    @field_validator("quota", "reserve", mode="before")
    @classmethod
    def _bytes(cls, raw: Any, info: ValidationInfo) -> Any:
        return raw if raw is None else read_size(raw, key=f"disk.{info.field_name}")


def _read_address(raw: object) -> Address | None:
    if raw is None or isinstance(raw, Address):
        return raw
    if not isinstance(raw, str):
        raise ValueError("text")
    return Address.of(raw)


def _written(address: Address | None) -> str | None:
    return None if address is None else address.shown


StoreAddress = Annotated[Address | None, PlainValidator(_read_address), PlainSerializer(_written)]
"""The URL of a server or database, of which secrets are never written."""


class TrackingSettings(Settings):
    """Where MLflow records the sweep."""

    uri: StoreAddress = None
    """None is an SQLite file in the storage folder."""
    experiment: str = "lethe"
    log_adapters: bool = True
    """Whether it is given each trial's adapter; whole models (`adapter: null`) it never is."""
    flush_s: float = Field(10.0, gt=0)
    """Seconds for which the reports of running jobs are gathered before they are written."""

    @property
    def copies_here(self) -> bool:
        """Whether MLflow has a copy of each adapter in the storage folder."""
        return self.log_adapters and not (self.uri is not None and self.uri.used.startswith("http"))


class BaselineSettings(Settings):
    """How the original and the gold model are made: one recipe for both, or given checkpoints."""

    training: TrainingSettings = TrainingSettings()
    adapter: AdapterSettings | None = None
    """LoRA that is merged after training; None is full fine-tuning."""
    original: str | None = None
    """Folder of a saved model that was trained on the split "full"."""
    gold: str | None = None
    """Folder of a saved model that was trained on the split "retain" only."""

    @field_validator("original", "gold")
    @classmethod
    def _absolute(cls, given: str | None, info: ValidationInfo) -> str | None:
        return given and _absolute_if_there(given, key=f"baselines.{info.field_name}")


class PlanSettings(Settings):
    """What a plan reckons with where no finished job tells: operations a second."""

    gpu_tflops: float = Field(100.0, gt=0)
    """Of one GPU in training, in 10^12: a third of an A100's peak in bfloat16."""
    cpu_gflops: float = Field(20.0, gt=0)
    """Of one CPU core, in 10^9; small models reach less."""


def _absolute_if_there(given: str, *, key: str) -> str:
    path = read_path(given, key=key)
    return str(path.resolve()) if path.exists() else given
