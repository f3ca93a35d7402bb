from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

import trainers.views
from evals.collated import Collated
from evals.errors import ConfigError
from trainers import losses
from trainers.batch import single
from trainers.decoder_call import ARGUMENTS, decoder_layers
from trainers.distributed import Place
from trainers.model_call import Arguments
from trainers.views import NoReference, ReferenceView, StudentView

SHAPES = [(3, 4), (2, 2), (4, 3)]


class CountingModel:
    """Counts the rows of every forward pass of a model."""

    def __init__(self, model):
        self.rows = []
        model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module, args, kwargs):
        self.rows.append(len(kwargs["input_ids"]))


@pytest.fixture
def model(tiny_lora):
    return tiny_lora()


@pytest.fixture
def batch(make_batch):
    return make_batch(SHAPES)


def small_llama() -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def base_logits(model, batch):
    with model.disable_adapter(), torch.no_grad():
        return model(**batch.inputs).logits


def test_the_reference_is_the_base_model_and_the_student_is_not(model, batch):
    expected = base_logits(model, batch)
    torch.testing.assert_close(ReferenceView(model).logits(batch), expected)
    assert not torch.allclose(StudentView(model).logits(batch), expected, atol=1e-3)


def test_the_student_has_gradients_and_the_reference_none(model, batch):
    reference = ReferenceView(model)
    for values in (StudentView(model).logits(batch), StudentView(model).hidden(batch, 2)):
        assert values.requires_grad
    for values in (
        reference.logits(batch),
        reference.hidden(batch, 2),
        reference.sequence_nll(batch),
    ):
        assert not values.requires_grad


def test_both_outputs_come_of_one_pass_and_are_what_each_would_be_alone(model, batch):
    counted = CountingModel(model.base_model.model)
    for view in (StudentView(model, ARGUMENTS), ReferenceView(model, ARGUMENTS)):
        logits_BTV, hidden_BTH = view.both(batch, 2)
        assert len(counted.rows) == 1
        assert torch.equal(logits_BTV, view.logits(batch))
        assert torch.equal(hidden_BTH, view.hidden(batch, 2))
        counted.rows.clear()


def test_a_reference_pass_leaves_the_model_as_it_was(model, batch):
    model.base_model.model.lm_head.eval()
    training = [module.training for module in model.modules()]
    trainable = [parameter.requires_grad for parameter in model.parameters()]
    student = StudentView(model).logits(batch)
    ReferenceView(model).logits(batch)
    assert [module.training for module in model.modules()] == training
    assert [parameter.requires_grad for parameter in model.parameters()] == trainable
    assert torch.equal(StudentView(model).logits(batch), student)


def test_a_reference_pass_that_fails_leaves_the_model_as_it_was(model, batch):
    with pytest.raises(ConfigError, match="method.layer"):
        ReferenceView(model).hidden(batch, 8)
    assert model.training
    assert StudentView(model).logits(batch).requires_grad


def test_the_reference_has_no_dropout(tiny_lora, batch):
    model = tiny_lora(dropout=0.5)
    reference = ReferenceView(model)
    assert torch.equal(reference.logits(batch), reference.logits(batch))
    student = StudentView(model)
    assert not torch.equal(student.logits(batch), student.logits(batch))


def test_sequence_nll_is_that_of_the_reference_logits(model, batch):
    reference = ReferenceView(model)
    expected = losses.sequence_nll(reference.answer_logits(batch), batch)
    torch.testing.assert_close(reference.sequence_nll(batch), expected)


def test_known_rows_are_never_computed_again(model, batch, rows_of):
    counter = CountingModel(model)
    cache = {}
    whole = ReferenceView(model, cache=cache).sequence_nll(batch)
    again = ReferenceView(model, cache=cache).sequence_nll(rows_of(batch, slice(1, 3)))
    assert counter.rows == [3]
    assert set(cache) == set(batch.ids)
    assert torch.equal(again, whole[1:])


def test_only_the_missing_rows_are_computed(model, batch, rows_of):
    counter = CountingModel(model)
    reference = ReferenceView(model)
    first = reference.sequence_nll(rows_of(batch, slice(0, 1)))
    whole = reference.sequence_nll(batch)
    assert counter.rows == [1, 2]
    assert torch.equal(whole[:1], first)


def test_a_rank_that_knows_its_rows_computes_along_with_one_that_does_not(
    model, batch, monkeypatch
):
    monkeypatch.setattr(trainers.views, "mean_over_ranks", lambda flag, place: 0.5)
    counter = CountingModel(model)
    reference = ReferenceView(model, place=Place(rank=0, world=2))
    first = reference.sequence_nll(batch)
    again = reference.sequence_nll(batch)
    assert counter.rows == [3, 3]
    assert torch.equal(again, first)


def test_hidden_is_what_the_model_reports_after_that_layer(model, batch):
    output = model(**batch.inputs, output_hidden_states=True)
    for layer in (0, 3, 6):  # what the model reports after the last layer is normalised
        hidden = StudentView(model).hidden(batch, layer)
        torch.testing.assert_close(hidden, output.hidden_states[layer + 1])


def test_hidden_works_without_an_adapter_and_leaves_no_hook(batch):
    plain = small_llama()
    assert StudentView(plain).hidden(batch, 1).shape == (3, 7, 16)
    assert not plain.model.layers[1]._forward_hooks


@pytest.mark.parametrize("layer", [-1, 8])
def test_a_layer_that_the_model_lacks_is_refused_with_what_it_has(model, batch, layer):
    with pytest.raises(ConfigError, match=f"method.layer must be from 0 to 7 .* got {layer}"):
        StudentView(model).hidden(batch, layer)


def test_a_model_without_an_adapter_is_run_as_it_is_without_gradient_or_dropout(model, batch):
    plain = model.unload().train()
    logits = ReferenceView(plain).logits(batch)
    assert plain.training
    assert not logits.requires_grad
    torch.testing.assert_close(logits, plain.eval()(**batch.inputs).logits)


def test_asking_where_there_is_no_reference_is_our_own_mistake(batch):
    with pytest.raises(AssertionError, match="requirements"):
        NoReference().logits(batch)
    with pytest.raises(AssertionError, match="requirements"):
        NoReference().hidden(batch, 0)
    with pytest.raises(AssertionError, match="requirements"):
        NoReference().sequence_nll(batch)


def test_a_family_says_itself_where_its_layers_lie(model, batch):
    def backwards(whole):
        return list(decoder_layers(whole))[::-1]

    last = StudentView(model, Arguments(layers=backwards)).hidden(batch, 0)
    count = len(decoder_layers(model))
    torch.testing.assert_close(last, StudentView(model, ARGUMENTS).hidden(batch, count - 1))


def test_experts_that_outnumber_the_layers_are_no_layers_of_a_model_of_any_kind(batch):
    plain = small_llama()
    expected_BTH = StudentView(plain).hidden(batch, 1)
    for layer in plain.model.layers:
        layer.mlp.experts = nn.ModuleList([nn.Linear(16, 16) for _ in range(3)])
    assert torch.equal(StudentView(plain).hidden(batch, 1), expected_BTH)


class Classifier(nn.Module):
    """One vector for each input, and logits of two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 2)])

    def forward(self, places):
        return SimpleNamespace(logits=self.layers[1](self.layers[0](places)))


def test_a_classifier_is_a_model_of_one_position():
    places, labels_BT = torch.rand(4, 2), torch.ones(4, 1, dtype=torch.long)
    batch = single(tuple("abcd"), Collated({"places": places}, labels_BT.bool(), labels_BT))
    model = Classifier()
    student, reference = StudentView(model), ReferenceView(model)
    hidden_BTH = student.hidden(batch, 0)
    assert torch.equal(hidden_BTH, model.layers[0](places)[:, None])
    assert student.logits(batch).shape == (4, 1, 2)
    shifted = losses.mean_square(hidden_BTH, reference.hidden(batch, 0) - 2, batch)
    assert shifted.item() == pytest.approx(4.0)
