"""What a lost rank means is read from what the ranks raised."""

import pytest
import torch
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayError, RayTaskError
from safetensors import SafetensorError

from cluster.rank_failure import Cause, loss
from evals.errors import ConfigError
from trainers.memory.fallback import Memory

FULL = "No space left on device (28)"
NCCL_SHM = f"Error while creating shared memory segment /dev/shm/nccl-aB3: {FULL}"


def raised(error: Exception) -> RayTaskError:
    """Returns what Ray makes of an error on a rank."""
    return RayTaskError("advance", "traceback", error, proctitle="rank", pid=1, ip="127.0.0.1")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (raised(torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB")), Cause.DEVICE_MEMORY),
        (raised(RuntimeError("CUDA error: out of memory")), Cause.DEVICE_MEMORY),
        (raised(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling")), Cause.DEVICE_MEMORY),
        (
            raised(RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")),
            Cause.HOST_MEMORY,
        ),
        (raised(MemoryError()), Cause.HOST_MEMORY),
        (OutOfMemoryError("killed as the node ran low on memory"), Cause.HOST_MEMORY),
        (ActorDiedError(), Cause.DIED),
        (raised(RuntimeError("[gloo] Connection closed by peer")), Cause.BROKEN),
        (raised(OSError(5, "Input/output error")), Cause.BROKEN),
        (raised(OSError(28, "No space left on device")), Cause.FULL_DISK),
        (raised(OSError(122, "Disk quota exceeded")), Cause.FULL_DISK),
        (raised(SafetensorError("I/O error: File too large (os error 27)")), Cause.FULL_DISK),
        (raised(RuntimeError("[enforce fail] . No space left on device")), Cause.FULL_DISK),
        (raised(RuntimeError(f"NCCL error: {NCCL_SHM}")), Cause.BROKEN),
        (raised(RuntimeError(f"unable to write to file </torch_7_1>: {FULL}")), Cause.BROKEN),
        (raised(ConfigError("model.path must be ...")), Cause.FAULT),
        (raised(KeyError("q_proj")), Cause.FAULT),
    ],
)
def test_a_cause_is_known_by_its_error(error: RayError, cause: Cause) -> None:
    assert loss("advance", {0: error}).cause == cause


def test_a_real_allocation_that_fails_is_the_hosts_memory() -> None:
    with pytest.raises(RuntimeError) as failed:
        torch.empty(2**60, dtype=torch.uint8)
    assert loss("advance", {0: raised(failed.value)}).cause.short_of == Memory.HOST


def test_ray_is_quoted_with_the_line_that_says_why() -> None:
    ray_said = "1 worker(s) were killed due to the node running low on memory.\nStats: 0"
    lost = loss("advance", {1: OutOfMemoryError(ray_said)})
    assert str(lost) == f"rank 1 was lost in advance: {ray_said.splitlines()[0]}"


def test_the_rank_that_others_failed_by_is_the_one_that_is_named() -> None:
    broken = raised(RuntimeError("Connection closed by peer"))
    lost = loss("advance", {0: broken, 1: ActorDiedError()})
    assert (lost.cause, str(lost)[:31]) == (Cause.DIED, "rank 1 was lost in advance: The")
    full = raised(torch.OutOfMemoryError("CUDA out of memory"))
    lost = loss("advance", {0: broken, 2: full})
    assert str(lost) == "rank 2 was lost in advance: OutOfMemoryError: CUDA out of memory"


def test_a_loss_keeps_what_all_ranks_said_and_gives_one_line_of_it() -> None:
    errors = {1: raised(KeyError("q_proj")), 0: raised(RuntimeError("\nbroken pipe\nin C++"))}
    lost = loss("advance", errors)
    assert str(lost) == "rank 1 was lost in advance: KeyError: 'q_proj'"
    assert str(loss("advance", {0: errors[0]})).endswith("RuntimeError: broken pipe")
    assert lost.traceback.index("rank 0:") < lost.traceback.index("rank 1:")
    assert lost.traceback.count("traceback\n") == 2
