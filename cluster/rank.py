"""One rank of a gang: a Ray actor that keeps its process group, its model and its engine.

What trains is imported when a rank starts, and not by whoever starts one: torch, and with it
DeepSpeed, peft and transformers, which takes seconds.
"""

import datetime
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ray

from cluster.collection import uncollected
from cluster.launchers import set_by_launchers
from cluster.network import listening, variables
from trainers.job import Beat, Outcome, Report, TrialFailure
from trainers.rank_task import RankTask

if TYPE_CHECKING:
    from torch._C._distributed_c10d import TCPStore  # where its types are

    from trainers.warm_state import WarmState


class Rank:
    """Runs jobs in step with its sisters; every call is made on all ranks of the gang."""

    def __init__(self, rank: int, world: int, num_threads: int) -> None:
        with uncollected():
            import torch

            import trainers.run  # noqa: F401  while the other ranks do, before they meet
            from trainers.distributed import Place

        torch.set_num_threads(num_threads)
        self._place = Place(rank, world, "cuda:0" if torch.cuda.is_available() else "cpu")
        self._warm_state: WarmState | None = None
        self._meeting: socket.socket | None = None
        self._running: Iterator[Report | Beat | Outcome] | None = None

    def address(self) -> tuple[str, int]:
        """Returns this node's address and a port on it, where this rank listens for the others."""
        address = str(ray.util.get_node_ip_address())
        self._meeting = listening(address)
        return address, int(self._meeting.getsockname()[1])

    def join(self, address: str, port: int, timeout_s: float, interface: str | None) -> None:
        """Forms the process group; rank 0's address and port are the meeting point.

        It talks over `interface`, or the one that leads there. A collective of it fails after
        `timeout_s`. What another launcher has said of ranks, around the driver or the node, is
        forgotten.
        """
        for name in set_by_launchers(os.environ):
            del os.environ[name]
        os.environ.update(
            variables(address, interface, os.environ),
            MASTER_ADDR=address,
            MASTER_PORT=str(port),
            RANK=str(self._place.rank),
            WORLD_SIZE=str(self._place.world),
            LOCAL_RANK="0",
        )
        import torch
        import torch.distributed as dist

        from trainers.warm_state import WarmState

        if self._place.device != "cpu":
            torch.cuda.set_device(0)
        timeout = datetime.timedelta(seconds=timeout_s)
        dist.init_process_group(
            "gloo" if self._place.device == "cpu" else "nccl",
            store=self._store(address, port, timeout),
            rank=self._place.rank,
            world_size=self._place.world,
            timeout=timeout,
        )
        self._warm_state = WarmState(self._place)

    def _store(self, address: str, port: int, timeout: datetime.timedelta) -> "TCPStore":
        """Returns the store over which the ranks meet; by itself it would listen everywhere."""
        from torch._C._distributed_c10d import TCPStore

        if self._place.rank != 0:
            return TCPStore(address, port, self._place.world, False, timeout)
        assert self._meeting is not None
        meeting, self._meeting = self._meeting, None
        return TCPStore(
            address,
            port,
            self._place.world,
            True,
            timeout,
            wait_for_workers=False,
            master_listen_fd=meeting.detach(),
        )

    def pid(self) -> int:
        """Returns this rank's process id."""
        return os.getpid()

    def start(self, task: RankTask) -> None:
        """Takes up a job; what an abandoned one left behind is reset by the next engine reset."""
        from trainers.run import run

        assert self._warm_state is not None
        self._running = run(task, self._warm_state)

    def save(self, folder: Path) -> str:
        """Writes a checkpoint of the training that is under way, if one is, into `folder`.

        Returns why it could not be written, or nothing.
        """
        assert self._warm_state is not None
        return self._warm_state.save(folder)

    def memory_bytes(self) -> int:
        """Returns this process's resident memory."""
        from trainers.memory import measured

        return measured.resident_bytes()

    def advance(self) -> Report | Beat | Outcome | TrialFailure:
        """Runs the job to its next report or beat, its outcome or its failure."""
        assert self._running is not None
        try:
            return next(self._running)
        except TrialFailure as failure:
            self._running = None
            return failure
