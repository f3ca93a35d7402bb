"""The nodes that ranks can run on, and how much memory a GPU of theirs has, where that is known."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ray

from evals.errors import ConfigError

GIB = 1 << 30
PREFIX = "accelerator_type:"
"""Ray names a node's GPUs by a resource that begins so."""
GPU_GIB = {
    "A10G": (24, 24),
    "A100": (40, 80),
    "A100-40G": (40, 40),
    "A100-80G": (80, 80),
    "B200": (180, 192),
    "H100": (80, 96),
    "H200": (141, 141),
    "K80": (12, 12),
    "L4": (24, 24),
    "L40S": (48, 48),
    "P100": (12, 16),
    "T4": (16, 16),
    "V100": (16, 32),
}
"""Smallest and largest memory by Ray's name of the GPU, since some are sold in several sizes."""
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Node:
    """A machine, what it has to give, and what its GPUs are (empty, None: not known).

    `gpu_bytes` is the least and the most memory that one of them may have, `memory_bytes` what the
    machine has for processes (0: not known).
    """

    cpus: float
    gpus: float
    gpu_type: str = ""
    gpu_bytes: tuple[int, int] | None = None
    memory_bytes: int = 0

    @property
    def resources(self) -> dict[str, float]:
        """What Ray counts when it places ranks."""
        return {"CPU": self.cpus, "GPU": self.gpus}


def this_machine() -> Node:
    """Returns this machine as an embedded Ray would find it, or more: containers may have less."""
    import torch  # takes seconds

    cpus, gpus = float(os.cpu_count() or 1), torch.cuda.device_count()
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if not gpus:
        return Node(cpus, 0.0, memory_bytes=memory_bytes)
    found = [torch.cuda.get_device_properties(index) for index in range(gpus)]
    sizes = [int(each.total_memory) for each in found]
    return Node(cpus, float(gpus), str(found[0].name), (min(sizes), max(sizes)), memory_bytes)


def connected_nodes() -> tuple[Node, ...]:
    """Returns the nodes of the cluster that this process is connected to."""
    return tuple(node_of(each["Resources"]) for each in ray.nodes() if each["Alive"])


def node_of(resources: Mapping[str, Any]) -> Node:
    """Returns the node with these resources of Ray's.

    Its GPUs may have a second, more exact name; with names that contradict each other, none.
    """
    kinds = [name.removeprefix(PREFIX) for name in resources if name.startswith(PREFIX)]
    longest = max(kinds, key=len, default="")
    kind = longest if all(longest.startswith(name) for name in kinds) else ""
    least, most = GPU_GIB.get(kind, (0, 0))
    return Node(
        cpus=float(resources.get("CPU", 0)),
        gpus=float(resources.get("GPU", 0)),
        gpu_type=kind,
        gpu_bytes=(least * GIB, most * GIB) if most else None,
        memory_bytes=int(resources.get("memory", 0)),
    )


def check_answers(address: str) -> None:
    """Refuses an address at which nothing listens; Ray itself would try for two minutes.

    Raises:
        ConfigError: nothing answers within seconds.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return  # a word such as "auto", which Ray knows what to do with
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_S).close()
    except OSError as error:
        raise ConfigError(
            f"RAY_ADDRESS must be the address of a running cluster but got {address!r} "
            f"({error}); start the cluster, correct the variable, or unset it to use this machine"
        ) from None


def refusal(address: str, error: Exception) -> ConfigError:
    """Returns what is wrong with a cluster that answers and still cannot be joined."""
    if "auth" in str(error).lower():
        return ConfigError(
            "RAY_AUTH_MODE must be token, with the token of the cluster in RAY_AUTH_TOKEN or "
            f"~/.ray/auth_token, but got a refusal from {address!r}; set both as on its head node, "
            "where `ray get-auth-token` shows the token"
        )
    said = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no reason")
    return ConfigError(
        f"RAY_ADDRESS must be the address of a cluster that this process can join but got "
        f"{address!r} ({said.strip()}); join from one of its nodes, with the Python and the Ray "
        "that it runs, or send the sweep there with ray job submit"
    )
