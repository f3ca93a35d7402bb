"""The parts of a vision-language model of transformers: tower, projector and language model.

Two layouts are known, each by the names of its modules: LLaVA's, a tower whose hidden states a
projector maps token by token, and Qwen-VL's, a tower that ends in a merger of `merge_size` x
`merge_size` patches. Either takes what was seen already as `mm_encoder_outputs`.
"""

import inspect
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from evals.errors import ConfigError

LANGUAGE_MODEL = "language_model"
_LAYOUTS = (("vision_tower", "multi_modal_projector"), ("visual", "visual.merger"))
"""Tower and projector within a model's inner one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the parts of a model lie: module names within its inner model, `model`."""

    tower: str
    projector: str

    @property
    def has_grid(self) -> bool:
        """Whether pictures come with a grid of patches, so that their sizes may differ."""
        return self.projector.startswith(f"{self.tower}.")


def parts_of(network: PreTrainedModel, *, path: str) -> Parts:
    """Returns the parts of a model; `path` is the one that it was loaded from.

    Raises:
        ConfigError: it has others, or does not take pictures as these layouts do.
    """
    inner = getattr(network, "model", None)
    takes = inspect.signature(type(network).forward).parameters
    for tower, projector in _LAYOUTS:
        names = (tower, projector, LANGUAGE_MODEL)
        if "mm_encoder_outputs" in takes and all(_has(inner, name) for name in names):
            return Parts(tower, projector)
    raise ConfigError(
        "model.path must be a vision-language model with the parts of LLaVA's (vision_tower, "
        "multi_modal_projector, language_model) or Qwen-VL's (visual.merger, language_model) but "
        f"got {path!r}, a {type(network).__name__}; take another model"
    )


def inner_of(network: PreTrainedModel) -> Any:
    """Returns the model under the output head."""
    return cast(Any, network).model


def part(network: PreTrainedModel, name: str) -> nn.Module:
    """Returns a part of a model by its name in `Parts`."""
    found: nn.Module = inner_of(network).get_submodule(name)
    return found


def merge_size(network: PreTrainedModel) -> int:
    """Returns how many patches a side become one token."""
    return int(getattr(network.config.vision_config, "spatial_merge_size", 1))


def projected(network: PreTrainedModel, values: Tensor, grid: Tensor | None) -> list[Tensor]:
    """Returns what the tower and the projector make of pictures, a tensor for each."""
    inner = inner_of(network)
    if grid is None:
        seen = inner.get_image_features(values, return_dict=True)
    else:
        seen = inner.get_image_features(values, image_grid_thw=grid, return_dict=True)
    return list(seen.pooler_output)


def as_seen(features: list[Tensor]) -> dict[str, BaseModelOutputWithPooling]:
    """Returns projected features as the model takes them in place of pictures."""
    pooled = cast(Any, tuple(features))
    return {"image": BaseModelOutputWithPooling(pooler_output=pooled)}


def _has(module: nn.Module | None, name: str) -> bool:
    if module is None:
        return False
    try:
        module.get_submodule(name)
    except AttributeError:
        return False
    return True
