import weakref
from dataclasses import replace

import pytest
import torch

from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers import losses
from trainers.batch import single
from trainers.decoder_call import ARGUMENTS
from trainers.joint_pass import WORTH_POSITIONS, JointView, joint_rows
from trainers.model_call import Arguments
from trainers.views import StudentView

SHORT, LONG = [(2, 3), (1, 1)], [(3, 5), (4, 2)]


@pytest.fixture
def pair(make_batch):
    return [make_batch(SHORT, name="short"), make_batch(LONG, name="long")]


def test_joint_rows_are_those_of_every_batch_padded_to_one_width(pair):
    joint = joint_rows(pair)
    assert joint is not None
    assert joint.ids == (*pair[0].ids, *pair[1].ids)
    assert joint.longest == 8
    assert joint.attended_BT.sum(dim=1).tolist() == [5, 2, 8, 6]
    assert joint.labels_BT.shape == (4, 7)
    assert (joint.labels_BT != IGNORE).sum(dim=1).tolist() == [3, 1, 5, 2]
    for name, values in joint.inputs.items():
        assert torch.equal(values[:2, :5], pair[0].inputs[name])
        assert torch.equal(values[2:], pair[1].inputs[name])
        assert not values[:2, 5:].any()


def test_answers_of_one_pass_are_those_of_one_pass_each(tiny_lora, pair):
    student = StudentView(tiny_lora(), ARGUMENTS)
    joint = student.over(pair)
    assert isinstance(joint, JointView)
    for batch in reversed(pair):
        expected_NV = student.answer_logits(batch)
        torch.testing.assert_close(joint.answer_logits(batch), expected_NV, rtol=0, atol=1e-5)
    assert torch.equal(joint.logits(pair[0]), student.logits(pair[0]))


def test_a_batch_may_be_read_at_every_attended_position_in_the_same_pass(tiny_lora, pair):
    model, calls = tiny_lora(), []
    student = StudentView(model, ARGUMENTS)
    expected = student.answer_logits(pair[0]), student.attended_logits(pair[1])
    assert len(expected[1]) == 14
    model.register_forward_pre_hook(lambda *_: calls.append(None))
    joint = student.over(pair, whole=[pair[1]])
    found = joint.answer_logits(pair[0]), joint.attended_logits(pair[1])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert len(calls) == 1
    joint.attended_logits(pair[0])
    joint.answer_logits(pair[1])
    assert len(calls) == 3


def test_a_layers_outputs_of_one_pass_are_those_of_one_pass_each(tiny_lora, pair):
    model, calls = tiny_lora(), []
    student = StudentView(model, ARGUMENTS)
    expected = [student.hidden(batch, 0) for batch in pair]
    model.register_forward_pre_hook(lambda *_: calls.append(None))
    joint = student.over(pair)
    found = [joint.hidden(batch, 0) for batch in pair]
    assert len(calls) == 1
    for batch, own_BTH, found_BTH in zip(pair, expected, found, strict=True):
        assert found_BTH.shape == own_BTH.shape
        mask_BT = batch.attended_BT
        torch.testing.assert_close(found_BTH[mask_BT], own_BTH[mask_BT], rtol=0, atol=1e-5)


def test_another_batch_than_those_has_a_pass_of_its_own(tiny_lora, pair, make_batch):
    student = StudentView(tiny_lora(), ARGUMENTS)
    other = make_batch(SHORT, name="other")
    found_NV = student.over(pair).answer_logits(other)
    assert torch.equal(found_NV, student.answer_logits(other))
    assert len(found_NV) == int(losses.labelled(other).sum())


def test_an_answer_is_given_out_once_and_not_kept(tiny_lora, pair):
    student = StudentView(tiny_lora(), ARGUMENTS)
    joint = student.over(pair)
    answers = [weakref.ref(joint.answer_logits(batch)) for batch in pair]
    assert [answer() for answer in answers] == [None, None]
    again_NV = joint.answer_logits(pair[0])
    assert torch.equal(again_NV, student.answer_logits(pair[0]))


def test_rows_whose_padding_costs_more_than_a_pass_stay_apart(pair):
    short, long = pair
    just = replace(long, longest=short.longest + WORTH_POSITIONS // len(short.ids))
    assert joint_rows([short, just]) is not None
    assert joint_rows([short, replace(just, longest=just.longest + 1)]) is None


def test_what_ranks_decide_by_is_the_same_on_all():
    # Rank 0 has rows of 3 and 9 positions, rank 1 of 9 and 3; the longest of either turn are 9.
    def rows(length: int, longest: int):
        ids = torch.ones(1, length, dtype=torch.long)
        return replace(single(("a",), model_inputs(ids, ids, ids)), longest=longest)

    for own in ((3, 9), (9, 3)):
        assert joint_rows([rows(length, 9) for length in own]) is not None
    assert joint_rows([rows(3, 9), rows(3, 9 + WORTH_POSITIONS + 1)]) is None


def test_rows_of_more_than_tokens_and_models_that_mix_rows_stay_apart(tiny_lora, pair):
    pictured = [
        replace(each, inputs={**each.inputs, "pixel_values": each.labels_BT}) for each in pair
    ]
    assert joint_rows(pictured) is None
    student = StudentView(tiny_lora(), Arguments())
    assert student.over(pair) is student
    assert StudentView(tiny_lora(), ARGUMENTS).over(pair[:1]).__class__ is StudentView
