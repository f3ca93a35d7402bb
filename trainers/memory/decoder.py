"""The size of a text decoder, read off the model without weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel

from trainers.adapters import A, add_adapter, trainable
from trainers.kept_states import KEPT_BYTES
from trainers.memory.activations import (
    Decoder,
    Mode,
    generating_bytes,
    scoring_bytes,
    training_bytes,
)
from trainers.memory.flops import RIDGE_TOKENS, Load, forward_flops, training_flops
from trainers.memory.footprint import Weights
from trainers.memory.passes import passes_of
from trainers.memory.weights import weights_of
from trainers.pretrained import Running
from trainers.requirements import ReferenceUse, Requirements
from trainers.settings import AdapterSettings

HIDDEN_BYTES = 4
"""Of an entry of a layer's output as methods are given it."""


@dataclass(frozen=True, slots=True)
class DecoderSize:
    """A decoder as it is trained: its numbers of parameters, its widths, and how it runs."""

    weights: Weights
    decoder: Decoder
    mode: Mode

    @property
    def cache_bytes(self) -> int:
        """Returns 0: nothing is computed once for a sweep."""
        return 0

    def training_bytes(
        self,
        asked: Requirements,
        *,
        num_rows: int,
        length: int,
        num_labels: int,
        joins: bool = True,
    ) -> int:
        """Returns the activations of a micro-batch, which `joins` batches where the method may."""
        passes = passes_of(
            asked, num_rows=num_rows, length=length, num_labels=num_labels, joins=joins
        )
        steps = [(each,) for each in passes] if asked.alternates else [passes]
        return max(training_bytes(self.decoder, self.mode, step, length=length) for step in steps)

    def reference_bytes(self, drawn: Sequence[tuple[Requirements, int]], *, length: int) -> int:
        """Returns what the states take that go into the head, or come out of a layer."""
        states = (
            num_rows
            * len(asked.compared)
            * (self.mode.entry_bytes if asked.hidden_layer is None else HIDDEN_BYTES)
            for asked, num_rows in drawn
        )
        return min(KEPT_BYTES, sum(states) * length * self.decoder.hidden)

    def evaluation_bytes(
        self, *, num_rows: int, length: int, num_labels: int, num_generated: int
    ) -> int:
        """Returns what a pass takes, or the keys and values of prompts and what is generated."""
        scoring = scoring_bytes(
            self.decoder, self.mode, num_rows=num_rows, length=length, num_labels=num_labels
        )
        if not num_generated:
            return scoring
        whole = length + num_generated
        return max(
            scoring, generating_bytes(self.decoder, self.mode, num_rows=num_rows, length=whole)
        )

    def training_flops(
        self, asked: Requirements, *, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of a micro-batch, one of whose passes the reference repeats."""
        read, depth = _read_layers(asked), self.decoder.num_layers
        share = 1.0 if read is None else min(read, depth) / depth
        passes = tuple(rows * num_rows * length * share for rows in asked.passes)
        load = self._load(on_gpu=on_gpu)
        return training_flops(load, passes=passes, references=_num_compared(asked))

    def forward_flops(
        self, *, num_passes: float, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of passes over `num_rows` rows of `length` tokens each."""
        load = self._load(on_gpu=on_gpu)
        return forward_flops(load, num_passes=num_passes, tokens_each=length * num_rows)

    def _load(self, *, on_gpu: bool) -> Load:
        adapted = 0 if self.mode.whole else self.weights.trained
        return Load(
            base=self.weights.total - adapted,
            trained=adapted,
            checkpointing=self.mode.checkpointing,
            least_tokens=RIDGE_TOKENS if on_gpu else 0,
        )


def measure_decoder(
    skeleton: PreTrainedModel, running: Running, *, adapter: AdapterSettings | None, bf16: bool
) -> DecoderSize:
    """Returns the size of a model on the meta device, which is given `adapter` for good.

    `bf16` says that the engine casts every parameter to it.

    Raises:
        ConfigError: adapter.target_modules names no linear layer of the model.
    """
    model = skeleton if adapter is None else add_adapter(skeleton, adapter, seed=0)
    weights = weights_of(model, bf16=bf16)
    mode = Mode(
        entry_bytes=weights.entry_bytes,
        attention=running.attn_implementation,
        checkpointing=running.gradient_checkpointing,
        whole=adapter is None,
        dropout=adapter is not None and adapter.dropout > 0,
    )
    return DecoderSize(weights, decoder_of(model), mode)


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


def _num_compared(asked: Requirements) -> int:
    """Returns how many passes count as repeated by the reference."""
    return int(asked.reference_use != ReferenceUse.NONE)


def _read_layers(asked: Requirements) -> int | None:
    """Returns how many layers lie before what the loss reads; None where it reads logits, too."""
    if asked.hidden_layer is None or asked.logits_too:
        return None
    return asked.hidden_layer + 1
