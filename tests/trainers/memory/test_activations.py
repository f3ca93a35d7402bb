"""What is said to be kept for the backward pass is compared with what autograd really keeps."""

import itertools

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from trainers.adapters import add_adapter
from trainers.memory.activations import (
    Decoder,
    Mode,
    generating_bytes,
    kept_bytes,
    layer_bytes,
    scoring_bytes,
    training_bytes,
)
from trainers.memory.decoder import decoder_of
from trainers.memory.passes import Pass
from trainers.pretrained import Running, prepare, torch_dtype
from trainers.settings import AdapterSettings

ROWS, LENGTH = 3, 32
TOLERANCE = 0.02
"""Not counted are token ids, rotary angles, and that under an adapter nothing before the first
factor needs a gradient."""


def llama(*, dtype="fp32", attention="sdpa", checkpointing=False, key_heads=4, adapter=None):
    config = LlamaConfig(
        hidden_size=64,
        intermediate_size=160,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=key_heads,
        vocab_size=512,
        attn_implementation=attention,
    )
    running = Running(dtype=dtype, gradient_checkpointing=checkpointing)
    model = prepare(LlamaForCausalLM(config).to(torch_dtype(running)), running)
    return (model if adapter is None else add_adapter(model, adapter, seed=0)).train()


def saved_bytes(model):
    """Returns the bytes that a forward pass over padded rows leaves for the backward pass."""
    own = {v.untyped_storage()._cdata for v in [*model.parameters(), *model.buffers()]}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = tensor
        return tensor

    ids = torch.randint(512, (ROWS, LENGTH))
    mask = torch.ones_like(ids)
    mask[0, LENGTH // 2 :] = 0
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(input_ids=ids, attention_mask=mask, use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize(
    ("dtype", "whole", "attention"),
    itertools.product(["fp32", "bf16"], [True, False], ["sdpa", "eager"]),
)
def test_a_forward_pass_keeps_what_is_said(dtype, whole, attention):
    model = llama(dtype=dtype, attention=attention, adapter=None if whole else AdapterSettings())
    mode = Mode(2 if dtype == "bf16" else 4, attention=attention, whole=whole)
    said = kept_bytes(decoder_of(model), mode, num_rows=ROWS, length=LENGTH)
    assert said == pytest.approx(saved_bytes(model), rel=TOLERANCE)


def test_repeated_keys_of_fewer_heads_take_as_much_as_queries():
    model = llama(key_heads=2)
    said = kept_bytes(decoder_of(model), Mode(4, whole=True), num_rows=ROWS, length=LENGTH)
    assert said == pytest.approx(saved_bytes(model), rel=TOLERANCE)


def test_the_adapters_dropout_keeps_its_own_inputs():
    model = llama(adapter=AdapterSettings(dropout=0.1))
    mode = Mode(4, dropout=True)
    said = kept_bytes(decoder_of(model), mode, num_rows=ROWS, length=LENGTH)
    # Masks are of the inputs' dtype on a CPU and of one byte on a GPU.
    assert 0.8 * saved_bytes(model) < said < 1.02 * saved_bytes(model)


def test_checkpointing_keeps_a_layers_input_only():
    model = llama(checkpointing=True)
    mode = Mode(4, checkpointing=True, whole=True)
    said = kept_bytes(decoder_of(model), mode, num_rows=ROWS, length=LENGTH)
    assert said == pytest.approx(saved_bytes(model), rel=TOLERANCE)


DECODER = Decoder(
    num_layers=2,
    hidden=8,
    num_heads=2,
    query_width=8,
    key_width=4,
    mlp_width=16,
    vocabulary=100,
    ranks=28,
)


def test_a_layer_is_counted_by_hand():
    # norms 2 x (4 + 2 + 2) x 8 + 8, attention 2 x 2 x (8 + 8) + 4 x 2 + 2 x 10, MLP 4 x 2 x 16
    assert layer_bytes(DECODER, Mode(2, whole=True), length=10) == 136 + 92 + 128
    # flash: keys stay narrow, no mask
    flash = Mode(2, attention="flash_attention_2", whole=True)
    assert layer_bytes(DECODER, flash, length=10) == 136 + 2 * 2 * 12 + 8 + 128


def test_passes_of_one_graph_keep_their_layers_and_the_largest_of_them_has_all_its_logits():
    mode, logits = Mode(2), 100 * 4
    kept = kept_bytes(DECODER, mode, num_rows=3, length=10)
    likelihood = Pass(3, at_once=3 * 12, kept=12)
    divergence = Pass(3, at_once=8 * 30, kept=2 * 30)
    alone, both = (
        training_bytes(DECODER, mode, passes, length=10)
        for passes in ([likelihood], [likelihood, divergence])
    )
    assert alone == kept + 36 * logits
    assert both == 2 * kept + (12 + 240) * logits


def test_a_pass_of_few_layers_keeps_no_others():
    mode, logits = Mode(2), 100 * 4
    passes = [Pass(3, at_once=3, num_layers=1), Pass(3, at_once=3, num_layers=1)]
    kept = kept_bytes(DECODER, mode, num_rows=3, length=10)
    assert training_bytes(DECODER, mode, passes, length=10) == 2 * (kept // 2) + 3 * logits


def test_scoring_has_logits_where_answers_are_predicted():
    mode = Mode(2)
    few, many = (
        scoring_bytes(DECODER, mode, num_rows=4, length=10, num_labels=labels) for labels in (5, 10)
    )
    assert (few, many) == (4 * 5 * 100 * 2 * (1 + 3), 4 * 10 * 100 * 2 * (1 + 3))


def test_keys_and_values_of_a_generation():
    assert generating_bytes(DECODER, Mode(2), num_rows=5, length=30) == 2 * 2 * 2 * 4 * 5 * 30
