"""How many ranks train a job together, what each takes, and when a gang is renewed."""

from typing import Literal

from pydantic import Field, model_validator

from evals.choice import Settings
from evals.errors import ConfigError


class GangSettings(Settings):
    """How many ranks train one job together, and what each of them takes of the cluster.

    `gang: auto` is short for `gang: {auto: true}`.
    """

    auto: bool = False
    """Chooses ranks, what each takes and where it goes, by what the nodes have room for. Ranks
    that are given beside it, as what a sweep began with, stay as long as they fit."""
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

    @property
    def holds_on(self) -> bool:
        """Whether a choice stands here already, of which no more is changed than must be."""
        return self.auto and "ranks" in self.model_fields_set

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
