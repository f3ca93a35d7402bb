"""A gang: one process group of ranks in one placement group, which outlives its jobs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.util.placement_group import PlacementGroup, placement_group_table
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from cluster.rank import Rank
from cluster.rank_failure import Cause, RankLost, loss
from trainers.job import Beat, Outcome, Report, TrialFailure
from trainers.rank_task import RankTask

News = Report | Beat | Outcome | TrialFailure
"""What the ranks of a gang say: on the way, at the end, or why there will be no end."""

WITHOUT_GPU = {"env_vars": {"CUDA_VISIBLE_DEVICES": "", "DS_ACCELERATOR": "cpu"}}
"""What keeps a rank that asked for no GPU off the machine's: Ray leaves them all visible to it."""

ROOM_S = 1.0
"""Seconds between two looks at whether a gang still has its nodes."""

GRACE_S = 3.0
"""Seconds that other ranks are given to say what they saw, once one of them is lost."""


@dataclass(frozen=True, slots=True)
class GangShape:
    """How many ranks a gang has, and what each of them takes of its node."""

    ranks: int
    cpus_per_rank: float
    gpus_per_rank: float
    strategy: str = "PACK"
    """How Ray places its blocks, each of which is on one node."""
    ranks_per_block: int = 1
    interface: str | None = None
    """What the ranks talk over, if not the interface that leads to rank 0."""

    @property
    def num_blocks(self) -> int:
        """Returns how many blocks of ranks there are."""
        return self.ranks // self.ranks_per_block

    @property
    def bundles(self) -> list[dict[str, float]]:
        """Returns one placement-group bundle for each block."""
        bundle = {"CPU": self.cpus_per_rank * self.ranks_per_block}
        if self.gpus_per_rank:
            bundle["GPU"] = self.gpus_per_rank * self.ranks_per_block
        return [dict(bundle) for _ in range(self.num_blocks)]


class Gang:
    """Ranks that run one job after another in step.

    Every method but `close` raises RankLost, and closes the gang, when a rank died, raised, or
    was silent for `timeout_s` seconds.
    """

    def __init__(self, ranks: Sequence[ActorHandle], *, timeout_s: float) -> None:
        self._ranks = tuple(ranks)
        self._timeout_s = timeout_s

    @classmethod
    def form(
        cls,
        shape: GangShape,
        group: PlacementGroup | None,
        *,
        timeout_s: float,
        rank_type: Callable[..., Any] | None = None,
    ) -> "Gang":
        """Starts the ranks, in `group` if one is given, and joins them.

        `rank_type` is the class of the ranks, if not `Rank` itself.
        """
        actor = ray.remote(rank_type or Rank)
        threads = max(1, int(shape.cpus_per_rank))
        ranks = [
            actor.options(
                num_cpus=shape.cpus_per_rank,
                num_gpus=shape.gpus_per_rank,
                scheduling_strategy=_placed(shape, group, rank),
                max_restarts=0,
                runtime_env={} if shape.gpus_per_rank else WITHOUT_GPU,
            ).remote(rank, shape.ranks, threads)
            for rank in range(shape.ranks)
        ]
        gang = cls(ranks, timeout_s=timeout_s)
        gang._await_start(group)
        address, port = gang._ask(gang._ranks[:1], "address")[0]
        gang._ask(gang._ranks, "join", address, port, timeout_s, shape.interface)
        return gang

    def start(self, task: RankTask) -> None:
        """Gives every rank the job."""
        self._ask(self._ranks, "start", task)

    def advance(self) -> News:
        """Returns rank 0's next news, once every rank has reached it."""
        news: News = self._ask(self._ranks, "advance")[0]
        return news

    def save(self, folder: Path) -> str:
        """Writes a checkpoint of the training that is under way into `folder`.

        Returns why it could not be written, or nothing.
        """
        complaint: str = self._ask(self._ranks, "save", folder)[0]
        return complaint

    def memory_bytes(self) -> list[int]:
        """Returns each rank's resident memory, in rank order."""
        return self._ask(self._ranks, "memory_bytes")

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
            done, pending = ray.wait(pending, timeout=self._timeout_s)
            if not done:
                self.close()
                raise self._silence(call, [waiting.index(reference) for reference in pending])
            error = _error(done[0])
            if error is not None:
                errors = {waiting.index(done[0]): error, **_further_errors(waiting, pending)}
                self.close()
                raise loss(call, errors) from error
        answers: list[Any] = ray.get(waiting)
        return answers

    def _await_start(self, group: PlacementGroup | None) -> None:
        """Waits until all ranks have started, for as long as there is room for them."""
        started = [rank.pid.remote() for rank in self._ranks]
        pending = started
        for _ in range(ceil(self._timeout_s / ROOM_S)):
            _, pending = ray.wait(pending, num_returns=len(pending), timeout=ROOM_S)
            if not pending and not any(never_ran(_error(reference)) for reference in started):
                return  # or lost, as the next call finds out
            if not pending or (group is not None and _has_lost_nodes(group)):
                self.close()
                raise RankLost("the nodes of the gang are gone", Cause.NO_NODES)
        self.close()
        raise self._silence("its start", [started.index(reference) for reference in pending])

    def _silence(self, call: str, numbers: Sequence[int]) -> RankLost:
        ranks = f"rank{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
        return RankLost(f"{ranks} said nothing for {self._timeout_s:g} s in {call}", Cause.HUNG)


def never_ran(error: ray.exceptions.RayError | None) -> bool:
    """Returns whether a rank was sent to a node that is gone already, which Ray may learn late."""
    return isinstance(error, ray.exceptions.ActorDiedError) and "never ran" in str(error)


def _has_lost_nodes(group: PlacementGroup) -> bool:
    return bool(placement_group_table(group).get("state") == "RESCHEDULING")


def _placed(
    shape: GangShape, group: PlacementGroup | None, rank: int
) -> PlacementGroupSchedulingStrategy | str:
    """Returns where `rank` goes: those of a block follow each other."""
    if group is None:
        return "DEFAULT"
    return PlacementGroupSchedulingStrategy(
        group, placement_group_bundle_index=rank // shape.ranks_per_block
    )


def _error(reference: ray.ObjectRef) -> ray.exceptions.RayError | None:
    try:
        ray.get(reference)
    except ray.exceptions.RayError as error:
        return error
    return None


def _further_errors(
    waiting: Sequence[ray.ObjectRef], pending: Sequence[ray.ObjectRef]
) -> dict[int, ray.exceptions.RayError]:
    """Returns what other ranks raise within a grace, by their numbers: a rank that dies makes
    the others' collectives fail, and it is the death that tells what happened.
    """
    if not pending:
        return {}
    done, _ = ray.wait(list(pending), num_returns=len(pending), timeout=GRACE_S)
    found = {waiting.index(reference): _error(reference) for reference in done}
    return {number: error for number, error in found.items() if error is not None}
