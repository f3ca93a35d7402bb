"""How many parameters a model has, counted on the model itself."""

from torch import nn

from trainers.memory.footprint import SMALL, Weights


def weights_of(model: nn.Module, *, bf16: bool) -> Weights:
    """Returns the numbers of parameters; `bf16` says that the engine casts all of them to it."""
    sizes = [(value.numel(), value.requires_grad) for value in model.parameters()]
    loaded_bytes = max(value.element_size() for value in model.parameters())
    return Weights(
        total=sum(size for size, _ in sizes),
        trained=sum(size for size, trains in sizes if trains),
        largest=max(size for size, trains in sizes if trains),
        small=sum(size for size, _ in sizes if size <= SMALL),
        loaded_bytes=loaded_bytes,
        entry_bytes=2 if bf16 else loaded_bytes,
    )
