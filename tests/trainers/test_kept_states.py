from dataclasses import replace

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from evals.output_head import output_head
from trainers.decoder_call import ARGUMENTS, decoder_layers
from trainers.kept_states import HEAD, KeptStates
from trainers.model_call import Arguments
from trainers.views import ReferenceView, StudentView

SHAPES = [(3, 4), (2, 5), (4, 1)]


@pytest.fixture
def batch(make_batch):
    return make_batch(SHAPES, extra=1)


def capped():
    """A model that does something to logits behind its head."""
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 4, "head_dim": 8}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    config = Gemma2Config(vocab_size=32, final_logit_softcapping=0.5, **shape, **heads)
    return Gemma2ForCausalLM(config)


@pytest.fixture(params=["adapter", "capped"])
def model(request, tiny_lora):
    return tiny_lora(dropout=0.5) if request.param == "adapter" else capped()


def positions_of(model) -> list[int]:
    """How many positions each run of a layer has, from now on."""
    runs: list[int] = []
    for layer in decoder_layers(model):
        layer.register_forward_hook(
            lambda _layer, inputs, _output: runs.append(inputs[0].shape[:2].numel())
        )
    return runs


def test_kept_logits_are_those_of_before_to_the_last_bit_and_run_no_layer_to_speak_of(model, batch):
    expected = ReferenceView(model, ARGUMENTS).logits(batch)
    states, runs = KeptStates(), positions_of(model)
    assert torch.equal(ReferenceView(model, ARGUMENTS, states=states).logits(batch), expected)
    assert set(runs) == {24}
    runs.clear()
    again = ReferenceView(model, ARGUMENTS, states=states)
    assert torch.equal(again.logits(batch), expected)
    assert runs == [3]
    assert not again.logits(batch).requires_grad
    assert StudentView(model, ARGUMENTS).logits(batch).requires_grad


def test_kept_logits_of_attended_positions_are_made_of_those_alone(model, batch):
    mask_BT, states = batch.attended_BT, KeptStates()
    expected_NV = ReferenceView(model, ARGUMENTS).logits(batch)[mask_BT]
    view = ReferenceView(model, ARGUMENTS, states=states)
    for _ in range(2):
        found_NV = view.attended_logits(batch)
        torch.testing.assert_close(found_NV, expected_NV, rtol=0, atol=1e-6)
    seen: list[torch.Size] = []
    output_head(model).register_forward_hook(lambda *made: seen.append(made[2].shape))
    view.attended_logits(batch)
    assert seen == [(1, 19, 32)]
    no_states = ReferenceView(model, ARGUMENTS).attended_logits(batch)
    torch.testing.assert_close(no_states, expected_NV, rtol=0, atol=1e-6)


def test_kept_hidden_states_are_those_of_that_layer(model, batch):
    plain, states = ReferenceView(model, ARGUMENTS), KeptStates()
    view = ReferenceView(model, ARGUMENTS, states=states)
    first = [view.hidden(batch, layer) for layer in (0, 2)]
    runs = positions_of(model)
    for layer, found in zip((0, 2), first, strict=True):
        assert torch.equal(view.hidden(batch, layer), found)
        assert not runs
        assert torch.equal(plain.hidden(batch, layer), found)
        runs.clear()


def test_rows_are_known_in_another_order_but_not_in_a_wider_batch(batch, make_batch, rows_of):
    states, values = KeptStates(), torch.arange(3 * 8 * 2.0).view(3, 8, 2)
    states.keep(batch, 1, values)
    assert torch.equal(states.find(rows_of(batch, slice(1, 3)), 1), values[1:])
    assert states.find(batch, HEAD) is None
    assert states.find(make_batch(SHAPES, extra=2), 1) is None


def test_no_more_is_kept_than_there_is_room_for(batch, rows_of):
    states, values = KeptStates(most_bytes=2 * 8 * 2 * 4), torch.ones(3, 8, 2)
    states.keep(batch, 1, values)
    assert states.find(rows_of(batch, slice(0, 2)), 1) is not None
    assert states.find(batch, 1) is None


def test_rows_of_more_than_tokens_are_not_kept(batch):
    states = KeptStates()
    pictured = replace(batch, inputs={**batch.inputs, "pixel_values": torch.ones(3, 1)})
    states.keep(pictured, 1, torch.ones(3, 8, 2))
    assert states.find(pictured, 1) is None


def test_a_sharded_model_is_run_by_all_ranks_whatever_is_kept(tiny_lora, batch):
    model, states = tiny_lora(), KeptStates()
    next(iter(model.parameters())).ds_id = 0
    view, runs = ReferenceView(model, ARGUMENTS, states=states), positions_of(model)
    for _ in range(2):
        view.logits(batch)
        view.hidden(batch, 1)
    assert len(runs) == 2 * (8 + 2)
    assert states.find(batch, HEAD) is None


def test_a_model_whose_head_nobody_names_keeps_nothing(tiny_lora, batch):
    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tiny_lora()

        def forward(self, **inputs):
            return self.inner(**inputs)

    states, model = KeptStates(), Plain()
    view = ReferenceView(model, Arguments(), states=states)
    assert torch.equal(view.logits(batch), view.logits(batch))
    assert states.find(batch, HEAD) is None
