"""A model as it answers without its adapter.

peft's `disable_adapter` looks at all that every layer has before it switches any, and freezes the
adapter's weights for as long, which takes longer than what a small model is then asked. Here
nothing is switched but what layers go by.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn


@contextmanager
def adapter_off(model: nn.Module) -> Iterator[None]:
    """Has the model answer as if it had no adapter; one without an adapter stays as it is."""
    layers = [
        module
        for module in model.modules()
        if isinstance(module, BaseTunerLayer) and not module.disable_adapters
    ]
    for layer in layers:
        layer._disable_adapters = True
    try:
        yield
    finally:
        for layer in layers:
            layer._disable_adapters = False
