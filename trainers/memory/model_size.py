"""What decides a model's memory and work, read off the model without weights."""

from dataclasses import dataclass
from typing import Any

from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel

from trainers.adapters import A, add_adapter, trainable
from trainers.memory.activations import Decoder
from trainers.memory.footprint import SMALL, Weights
from trainers.settings import AdapterSettings


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A model as it is trained: its numbers of parameters and its widths."""

    weights: Weights
    decoder: Decoder


def dissect(skeleton: PreTrainedModel, adapter: AdapterSettings | None, *, bf16: bool) -> Anatomy:
    """Returns the anatomy of a model on the meta device, which is given `adapter` for good.

    `bf16` says that the engine casts every parameter to it.

    Raises:
        ConfigError: adapter.target_modules names no linear layer of the model.
    """
    model = skeleton if adapter is None else add_adapter(skeleton, adapter, seed=0)
    return Anatomy(weights_of(model, bf16=bf16), decoder_of(model))


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


def decoder_of(model: nn.Module) -> Decoder:
    """Returns the widths that the model's configuration states, and those of its adapter."""
    config: Any = _inner(model).config.get_text_config(decoder=True)
    heads = config.num_attention_heads
    head_width = getattr(config, "head_dim", None) or config.hidden_size // heads
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    factors = [value.shape for name, value in trainable(model) if A in name]
    return Decoder(
        num_layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        num_heads=heads,
        query_width=heads * head_width,
        key_width=key_heads * head_width,
        mlp_width=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        vocabulary=config.vocab_size,
        ranks=sum(rank for rank, _ in factors),
        adapter_inputs=sum(width for _, width in factors),
    )


def _inner(model: nn.Module) -> Any:
    return model.get_base_model() if isinstance(model, PeftModel) else model
