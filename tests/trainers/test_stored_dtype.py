from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from trainers.stored_dtype import stored_dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_first_floats_count(dtype, tmp_path: Path):
    tensors = {"a": torch.zeros(1, dtype=torch.int64), "b": torch.zeros(2, dtype=dtype)}
    save_file(tensors, tmp_path / "model-1.safetensors")
    save_file({"c": torch.zeros(1)}, tmp_path / "model-2.safetensors")
    assert stored_dtype(tmp_path) == dtype


def test_what_cannot_be_read_has_none(tmp_path: Path):
    assert stored_dtype(tmp_path) is None
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    assert stored_dtype(tmp_path) is None
