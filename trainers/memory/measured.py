"""What a rank holds, and the most that it has held since it was last told to forget.

On a GPU what torch allocated there; on a CPU the process's resident set, libraries included.
"""

import os
import resource
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
STATM = Path("/proc/self/statm")
RESET_PEAK = "5"
"""What Linux takes in CLEAR for setting the peak back to the present size (man 5 proc)."""


def forget_peak(device: str) -> None:
    """Begins anew; without Linux's /proc a CPU's peak stays that of the process's life."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
    elif CLEAR.exists():
        CLEAR.write_text(RESET_PEAK)


def peak_bytes(device: str) -> int:
    """Returns the peak since `forget_peak`, in bytes."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    if STATUS.exists():
        lines = STATUS.read_text().splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident_bytes() -> int:
    """Returns the process's resident set (without Linux's /proc the peak of it), in bytes."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
