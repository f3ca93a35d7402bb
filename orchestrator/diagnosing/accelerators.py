"""What there is to compute on: GPUs, their driver, and what they talk over."""

import shutil
import subprocess
from collections.abc import Iterator

from orchestrator.diagnosing.finding import Finding, doubtful, works

GIB = 1 << 30
ASK = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")


def accelerators() -> Iterator[Finding]:
    """Yields what was found of GPUs, as torch sees them, and of NCCL."""
    import torch  # takes seconds

    yield gpus(_driver(), built_for_cuda=torch.version.cuda is not None, seen=_seen())
    if torch.cuda.is_available():
        found = torch.cuda.nccl.version()  # type: ignore[no-untyped-call]
        version = ".".join(map(str, found))
        yield works("NCCL", version)


def gpus(driver: str | None, *, built_for_cuda: bool, seen: list[str]) -> Finding:
    """Returns whether torch can use the GPUs that the `driver` knows of; None: there is none."""
    if seen:
        return works("GPUs", ", ".join(seen))
    if driver is None:
        return works("GPUs", "none; jobs run on CPU")
    if not built_for_cuda:
        cure = "install torch's build for CUDA: https://pytorch.org/get-started/locally"
        return doubtful("GPUs", f"{driver}, but torch is a build for CPU", cure)
    cure = "update the driver, or look at CUDA_VISIBLE_DEVICES"
    return doubtful("GPUs", f"{driver}, but torch sees none", cure)


def _seen() -> list[str]:
    import torch

    found = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return [f"{each.name} ({each.total_memory / GIB:.0f} GiB)" for each in found]


def _driver() -> str | None:
    """Returns what the driver says of its GPUs; None where there is no driver."""
    if shutil.which(ASK[0]) is None:
        return None
    try:
        said = subprocess.run(ASK, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return "; ".join(said.split("\n")).strip("; ") or None
