"""A saved adapter put on a saved model, which it must be one of."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from peft import PeftModel, get_peft_model_state_dict
from peft.utils import SAFETENSORS_WEIGHTS_NAME
from safetensors import SafetensorError, safe_open
from torch import nn

from evals.errors import ConfigError

_FAILURES = (OSError, ValueError, TypeError, RuntimeError, KeyError, SafetensorError)
"""What peft raises of an adapter that is broken, or does not fit the model."""


def with_adapter(model: nn.Module, adapter: Path) -> PeftModel:
    """Returns the model under the adapter saved in the folder `adapter`, in the dtypes of both.

    Raises:
        ConfigError: the adapter cannot be read, or is no adapter of this model.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what peft asks transformers
            # What it warns of is refused below.
            warnings.filterwarnings("ignore", message="Found missing adapter keys")
            worn = PeftModel.from_pretrained(model, str(adapter), autocast_adapter_dtype=False)
        saved = _names_in(adapter / SAFETENSORS_WEIGHTS_NAME)
    except _FAILURES as error:
        raise _misfit(adapter, str(error)) from error
    # peft leaves out what has no place in the model, and starts anew what is not in the file.
    own = set(get_peft_model_state_dict(worn, save_embedding_layers=False))
    if lacking := own - saved:
        raise _misfit(adapter, f"it has no weights for {_first(lacking)}")
    if strange := saved - own - set(worn.state_dict()):
        raise _misfit(adapter, f"the model has no place for {_first(strange)}")
    return worn


def _names_in(file: Path) -> set[str]:
    with safe_open(str(file), framework="pt") as tensors:
        return set(tensors.keys())


def _first(names: Iterable[str]) -> str:
    return min(names)


def _misfit(adapter: Path, reason: str) -> ConfigError:
    said = next((line.strip() for line in reason.splitlines() if line.strip()), "")
    return ConfigError(
        f"an adapter must fit the model that it is put on but got {str(adapter)!r} ({said}); "
        "name the model that it was trained on"
    )
