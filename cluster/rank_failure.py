"""What a lost rank means: whether to try again, and with what."""

import re
from collections.abc import Mapping
from enum import StrEnum

import ray

from trainers.disk_full import lacks_room
from trainers.memory.fallback import Memory


class Cause(StrEnum):
    """Why a rank was lost, the most telling first."""

    DEVICE_MEMORY = "device memory"
    HOST_MEMORY = "host memory"
    FULL_DISK = "full disk"
    """There was no room on a disk for what it wrote."""
    FAULT = "fault"
    """It raised what it will raise again: an error of the code or of what it was given."""
    DIED = "died"
    BROKEN = "broken"
    """It raised what may be over next time: a failed collective, device or file."""
    HUNG = "hung"
    NO_NODES = "no nodes"
    """The cluster has lost the nodes that it was to run on, and none has taken their place yet."""

    @property
    def short_of(self) -> Memory | None:
        """Which memory there was too little of, if that is why."""
        return {Cause.DEVICE_MEMORY: Memory.DEVICE, Cause.HOST_MEMORY: Memory.HOST}.get(self)


class RankLost(RuntimeError):
    """Raised when a rank died, raised or hung; the gang is closed and must be formed again.

    `traceback` has all that the ranks said, if they said anything.
    """

    def __init__(self, message: str, cause: Cause, *, traceback: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.traceback = traceback


DEVICE_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|CUDA.*out of memory|CUBLAS_STATUS_ALLOC_FAILED", re.I | re.S
)
HOST_OUT_OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|bad_alloc", re.I)
SHARED_MEMORY = re.compile(r"/dev/shm\b|</torch_")
"""Memory that ranks of a node share has the shape of a disk; no storage folder is on it."""
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def loss(call: str, errors: Mapping[int, ray.exceptions.RayError]) -> RankLost:
    """Returns the loss that ranks' errors in `call`, by rank, come down to."""
    causes = {number: _cause(error) for number, error in errors.items()}
    number = min(causes, key=lambda number: list(Cause).index(causes[number]))
    message = f"rank {number} was lost in {call}: {_reason(errors[number])}"
    said = "".join(f"rank {number}:\n{_text(errors[number])}\n" for number in sorted(errors))
    return RankLost(message, causes[number], traceback=said)


def _cause(error: ray.exceptions.RayError) -> Cause:
    if isinstance(error, ray.exceptions.OutOfMemoryError):  # Ray killed it to save the node
        return Cause.HOST_MEMORY
    raised = getattr(error, "cause", None)
    if raised is None:
        return Cause.DIED
    if type(raised).__name__ == "OutOfMemoryError" or DEVICE_OUT_OF_MEMORY.search(str(raised)):
        return Cause.DEVICE_MEMORY
    if isinstance(raised, MemoryError) or HOST_OUT_OF_MEMORY.search(str(raised)):
        return Cause.HOST_MEMORY
    if lacks_room(raised) and not SHARED_MEMORY.search(str(raised)):
        return Cause.FULL_DISK
    return Cause.BROKEN if isinstance(raised, RuntimeError | OSError) else Cause.FAULT


def _reason(error: ray.exceptions.RayError) -> str:
    """Returns a line of the error's own words: what the rank raised, or else Ray's about it."""
    cause = getattr(error, "cause", None)
    if cause is not None:
        said = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
        return f"{type(cause).__name__}: {said}".removesuffix(": ")
    lines = [line.strip() for line in _text(error).splitlines()]
    if not isinstance(error, ray.exceptions.OutOfMemoryError):  # whose first line says it all
        lines.reverse()
    return next((line for line in lines if line), type(error).__name__)


def _text(error: ray.exceptions.RayError) -> str:
    return ANSI.sub("", str(error))
