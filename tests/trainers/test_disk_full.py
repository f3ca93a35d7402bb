"""A full disk is known by what is raised, whoever raises it."""

import resource
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from trainers.disk_full import lacks_room


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(28, "No space left on device"), True),
        (OSError(122, "Disk quota exceeded"), True),
        (OSError(27, "File too large"), True),
        (SafetensorError("I/O error: No space left on device (os error 28)"), True),
        (RuntimeError("rank 0 raised OSError: [Errno 28] No space left on device"), True),
        (OSError(5, "Input/output error"), False),
        (SafetensorError("I/O error: Permission denied (os error 13)"), False),
        (MemoryError(), False),
    ],
)
def test_what_says_that_there_is_no_room(error: Exception, full: bool) -> None:
    assert lacks_room(error) is full


def test_safetensors_own_error_is_one(small_disk) -> None:
    small_disk.fill(but=4096)
    with pytest.raises(SafetensorError) as caught:
        save_file({"a": torch.zeros(100_000)}, small_disk.folder / "a.safetensors")
    assert lacks_room(caught.value)


def test_so_is_a_file_beyond_the_processs_limit(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011  its errno is what is asked about
            (tmp_path / "file").write_bytes(b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert lacks_room(caught.value)
