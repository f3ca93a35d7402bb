"""Bytes of activations on one rank: what a forward pass keeps for the backward pass, and more.

Counted tensor by tensor, as Korthikanti et al. 2022 do for GPT (arXiv 2205.05198, section 4), but
for the Llama family as transformers runs it: norms in float32, rotary positions, a gated MLP, no
dropout. With p bytes an entry and the letters of `Decoder`, a layer keeps for each token

    norms       2 (4 + p) H + 8     float32 input and its rsqrt, output; + 2 p H if norms train
    attention   2 p (Q + K)         queries and their result, keys and values
      sdpa      + 4 A + p T         log-sum-exp, mask; K = Q, for a mask needs repeated keys
      flash     + 4 A
      eager     + (4 + p) A T       softmax in float32, and rounded (once in float32); K = Q
    MLP         4 p M               gate, up, activated gate, their product
    adapter     p R                 what comes out of the first factors
      dropout   + (p + 1) F         every first factor's own input, and its mask

with T the row's length. Checkpointing keeps p H of a layer, and has one whole layer at a time again
in the backward pass. Behind the last layer come the logits and what a loss makes of them, in
float32, 4 V for each (`trainers/memory/passes.py`). For a loss of hidden states no layer behind
theirs is run, and the head for one token a row. Other families differ a little; an MLP without a
gate keeps half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainers.memory.passes import Pass

LOGIT_BYTES = 4
READ_AT_ONCE = 1 << 20
"""Logits that scoring reads at once, or those of one position if they are more."""
SCORING_COPIES = 3
"""Of them, in float32."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """Widths of a decoder.

    `ranks` (R) and `adapter_inputs` (F) are sums over the adapted linear layers of the whole
    model: of LoRA ranks, and of input widths.
    """

    num_layers: int
    hidden: int
    """H"""
    num_heads: int
    """A"""
    query_width: int
    """Q, all heads together"""
    key_width: int
    """K, all heads together"""
    mlp_width: int
    """M"""
    vocabulary: int
    """V"""
    ranks: int = 0
    adapter_inputs: int = 0


@dataclass(frozen=True, slots=True)
class Mode:
    """How a decoder is run: `whole` if its own weights train, `dropout` if the adapter's is on."""

    entry_bytes: int
    attention: str = "sdpa"
    checkpointing: bool = False
    whole: bool = False
    dropout: bool = False


def layer_bytes(decoder: Decoder, mode: Mode, *, length: int) -> int:
    """Returns what one layer keeps for each token of a row of `length`; adapters aside."""
    p = mode.entry_bytes
    norms = 2 * (4 + p + p * mode.whole) * decoder.hidden + 8
    keys = decoder.key_width if mode.attention == "flash_attention_2" else decoder.query_width
    attention = 2 * p * (decoder.query_width + keys)
    if mode.attention == "eager":
        attention += (4 if p == 4 else 4 + p) * decoder.num_heads * length
    else:
        attention += 4 * decoder.num_heads + (p * length if mode.attention == "sdpa" else 0)
    return norms + attention + 4 * p * decoder.mlp_width


def kept_bytes(decoder: Decoder, mode: Mode, *, num_rows: int, length: int) -> int:
    """Returns what the layers and the last norm keep of `num_rows` rows until the backward pass."""
    p = mode.entry_bytes
    last_norm = (4 + p + p * mode.whole) * decoder.hidden + 4
    if mode.checkpointing:
        layers = decoder.num_layers * p * decoder.hidden
    else:
        layers = decoder.num_layers * layer_bytes(decoder, mode, length=length)
        layers += _adapter_bytes(decoder, mode)
    return num_rows * length * (layers + last_norm)


def training_bytes(decoder: Decoder, mode: Mode, passes: Sequence[Pass], *, length: int) -> int:
    """Returns the most that passes in the graph of one loss take.

    That is everything kept, and the head of the pass that takes most there. A checkpointed layer
    comes back after the head has gone.
    """
    kept = sum(_pass_bytes(decoder, mode, each, length=length) for each in passes)
    logits = sum(each.kept for each in passes)
    logits += max((each.at_once - each.kept for each in passes), default=0)
    moment = logits * decoder.vocabulary * LOGIT_BYTES
    if mode.checkpointing:
        layer = layer_bytes(decoder, mode, length=length)
        layer += _adapter_bytes(decoder, mode) // decoder.num_layers
        num_rows = max((each.num_rows for each in passes), default=0)
        moment = max(moment, num_rows * length * layer)
    return kept + moment


def scoring_bytes(
    decoder: Decoder, mode: Mode, *, num_rows: int, length: int, num_labels: int
) -> int:
    """Returns what a pass without gradients takes: one layer, or the logits that predict answers.

    These are read in float32, but few at a time.
    """
    p = mode.entry_bytes
    layer = 8 * decoder.hidden + p * (
        2 * decoder.hidden + 2 * decoder.query_width + 2 * decoder.key_width + 3 * decoder.mlp_width
    )
    logits = num_rows * min(num_labels, length) * decoder.vocabulary * p
    read = SCORING_COPIES * LOGIT_BYTES * max(decoder.vocabulary, READ_AT_ONCE)
    return max(num_rows * length * layer, logits + min(read, SCORING_COPIES * logits))


def generating_bytes(decoder: Decoder, mode: Mode, *, num_rows: int, length: int) -> int:
    """Returns the keys and values that rows of `length` tokens leave, prompt and answer."""
    return 2 * mode.entry_bytes * decoder.num_layers * decoder.key_width * num_rows * length


def _pass_bytes(decoder: Decoder, mode: Mode, each: Pass, *, length: int) -> int:
    """Returns what the layers that a pass runs keep."""
    whole = kept_bytes(decoder, mode, num_rows=each.num_rows, length=length)
    if each.num_layers is None:
        return whole
    return whole * min(each.num_layers, decoder.num_layers) // decoder.num_layers


def _adapter_bytes(decoder: Decoder, mode: Mode) -> int:
    """Returns what the adapters of all layers keep for each token."""
    dropped = (mode.entry_bytes + 1) * decoder.adapter_inputs if mode.dropout else 0
    return mode.entry_bytes * decoder.ranks + dropped
