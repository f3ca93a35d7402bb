"""A gang: one process group of ranks in one placement group, which outlives its jobs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.util.placement_group import PlacementGroup
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from trainers.job import Outcome, Report, TrialFailure
from trainers.order import Order

News = Report | Outcome | TrialFailure
"""What the ranks of a gang say: on the way, at the end, or why there will be no end."""

WITHOUT_GPU = {"env_vars": {"CUDA_VISIBLE_DEVICES": "", "DS_ACCELERATOR": "cpu"}}
"""What keeps a rank that asked for no GPU off the machine's: Ray leaves them all visible to it."""

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class GangShape:
    """How many ranks a gang has, and what each of them takes of its node."""

    ranks: int
    cpus_per_rank: float
    gpus_per_rank: float
    strategy: str = "PACK"

    @property
    def bundles(self) -> list[dict[str, float]]:
        """Returns one placement-group bundle for each rank."""
        bundle = {"CPU": self.cpus_per_rank}
        if self.gpus_per_rank:
            bundle["GPU"] = self.gpus_per_rank
        return [dict(bundle) for _ in range(self.ranks)]


class RankLost(RuntimeError):
    """Raised when a rank died or raised; the gang is closed and must be formed again."""


class Gang:
    """Ranks that run one job after another in step."""

    def __init__(self, ranks: Sequence[ActorHandle]) -> None:
        self._ranks = tuple(ranks)

    @classmethod
    def form(cls, shape: GangShape, group: PlacementGroup | None) -> "Gang":
        """Starts the ranks, in `group` if one is given, and joins them.

        Raises:
            RankLost: a rank could not be started or did not find the others.
        """
        from cluster.rank import Rank  # imports DeepSpeed, which a driver does without

        placed = PlacementGroupSchedulingStrategy(group) if group is not None else "DEFAULT"
        actor = ray.remote(Rank).options(
            num_cpus=shape.cpus_per_rank,
            num_gpus=shape.gpus_per_rank,
            scheduling_strategy=placed,
            max_restarts=0,
            runtime_env={} if shape.gpus_per_rank else WITHOUT_GPU,
        )
        threads = max(1, int(shape.cpus_per_rank))
        gang = cls([actor.remote(r, shape.ranks, threads) for r in range(shape.ranks)])
        address, port = gang._ask(gang._ranks[:1], "address")[0]
        gang._ask(gang._ranks, "join", address, port)
        return gang

    def start(self, order: Order) -> None:
        """Gives every rank the job."""
        self._ask(self._ranks, "start", order)

    def advance(self) -> News:
        """Returns rank 0's next report, outcome or failure, once every rank has reached it.

        Raises:
            RankLost: a rank died or raised; says which and why.
        """
        news: News = self._ask(self._ranks, "advance")[0]
        return news

    def pids(self) -> list[int]:
        """Returns the ranks' process ids, in rank order."""
        return self._ask(self._ranks, "pid")

    def close(self) -> None:
        """Ends every rank's process."""
        for rank in self._ranks:
            ray.kill(rank)
        self._ranks = ()

    def _ask(self, ranks: Sequence[ActorHandle], call: str, *arguments: object) -> list[Any]:
        """Calls all `ranks` and waits; the first error ends the whole gang, as no rank of it
        may be left waiting in a collective for one that is gone.
        """
        waiting = [getattr(rank, call).remote(*arguments) for rank in ranks]
        pending = list(waiting)
        while pending:
            done, pending = ray.wait(pending)
            try:
                ray.get(done)
            except ray.exceptions.RayError as error:
                number = waiting.index(done[0])
                self.close()
                raise RankLost(f"rank {number} was lost in {call}: {_reason(error)}") from error
        answers: list[Any] = ray.get(waiting)
        return answers


def _reason(error: ray.exceptions.RayError) -> str:
    """Returns the error's own words: what the rank raised, or else Ray's last line about it."""
    cause = getattr(error, "cause", None)
    if cause is not None:
        return f"{type(cause).__name__}: {cause}"
    lines = [ANSI.sub("", line).strip() for line in str(error).splitlines()]
    return next((line for line in reversed(lines) if line), type(error).__name__)
