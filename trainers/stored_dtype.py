"""The dtype of weights whose configuration does not name one."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

_FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def stored_dtype(folder: Path) -> torch.dtype | None:
    """Returns the dtype of a folder's first weights of floats, which all are then loaded in.

    None if there are none that can be read: whoever loads them says why.
    """
    for file in sorted(folder.glob("*.safetensors"))[:1]:
        try:
            with safe_open(file, framework="pt") as stored:
                names = [stored.get_slice(name).get_dtype() for name in stored.keys()]  # noqa: SIM118
        except (OSError, SafetensorError):
            return None
        return next((_FLOATS[name] for name in names if name in _FLOATS), None)
    return None
