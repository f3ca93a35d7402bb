import math
from dataclasses import replace

import pytest
import torch

from evals.collated import IGNORE, Collated
from evals.text.encoding import model_inputs
from trainers import losses
from trainers.batch import single, with_norms

# Two rows of three positions over two words. A logit pair (0, ln 3) is p = (1/4, 3/4).
LN3 = math.log(3.0)
LOGITS = torch.tensor([[[0.0, LN3], [0.0, 0.0], [9.0, 9.0]], [[LN3, 0.0], [9.0, 9.0], [9.0, 9.0]]])
LABELS = torch.tensor([[IGNORE, 1, 0], [IGNORE, 1, IGNORE]])
MASK = torch.tensor([[1, 1, 1], [1, 1, 0]])
BATCH = single(("a", "b"), model_inputs(torch.zeros_like(LABELS), MASK, LABELS))
AT_LABELS = losses.at_labels(LOGITS, BATCH)
ATTENDED = losses.at_attended(LOGITS, BATCH)

NAMES = ("forget", "retain", "idk")


def test_token_nll_scores_each_label_by_the_position_before_it():
    # Row a: -ln 3/4, -ln 1/2. Row b: its only label is 1 at position 1, -ln 1/4.
    expected = [[math.log(4 / 3), math.log(2)], [math.log(4), 0.0]]
    torch.testing.assert_close(losses.token_nll(AT_LABELS, BATCH), torch.tensor(expected))


def test_what_predicts_labels_is_found_among_attended_positions():
    # Row a: its first two of three; row b: the first of two.
    found = losses.labelled_among_attended(torch.arange(5.0)[:, None], BATCH)
    assert found.tolist() == [[0.0], [1.0], [3.0]]
    assert torch.equal(losses.labelled_among_attended(ATTENDED, BATCH), AT_LABELS)


def test_mean_nll_is_the_mean_over_all_three_labels():
    # (ln 4/3 + ln 2 + ln 4) / 3
    expected = (math.log(4 / 3) + math.log(2) + math.log(4)) / 3
    assert losses.mean_nll(AT_LABELS, BATCH).item() == pytest.approx(expected)


def test_sequence_nll_sums_and_answer_nll_averages_a_row():
    sums = torch.tensor([math.log(8 / 3), math.log(4)])
    torch.testing.assert_close(losses.sequence_nll(AT_LABELS, BATCH), sums)
    torch.testing.assert_close(losses.answer_nll(AT_LABELS, BATCH), sums / torch.tensor([2, 1]))


def test_a_row_without_a_label_has_likelihood_one_and_no_gradient():
    labels = torch.full_like(BATCH.labels_BT, IGNORE)
    logits = LOGITS.clone().requires_grad_()
    batch = replace(BATCH, labels_BT=labels)
    nll = losses.answer_nll(losses.at_labels(logits, batch), batch)
    nll.sum().backward()
    assert nll.tolist() == [0.0, 0.0]
    assert logits.grad is not None
    assert not logits.grad.any()


def test_a_step_without_any_label_has_no_mean():
    rows = model_inputs(torch.zeros_like(LABELS), MASK, torch.full_like(LABELS, IGNORE))
    batch = single(("a", "b"), rows)
    assert math.isnan(losses.mean_nll(losses.at_labels(LOGITS, batch), batch).item())


def test_joint_mean_weighs_batches_by_their_tokens():
    # 3 tokens of BATCH and 2 of its first row: (sum_3 + sum_2) / 5
    first = single(("a",), model_inputs(*(t[:1] for t in (torch.zeros_like(LABELS), MASK, LABELS))))
    total = math.log(4 / 3) + math.log(2) + math.log(4) + math.log(8 / 3)
    joint = losses.joint_mean_nll([(AT_LABELS, BATCH), (AT_LABELS[:2], first)])
    assert joint.item() == pytest.approx(total / 5)


def test_mean_kl_averages_over_attended_positions_only():
    # Against uniform: KL((1/4, 3/4) || u) = ln 2 - H(1/4) at two of the five attended positions.
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    value = losses.mean_kl(ATTENDED, torch.zeros_like(ATTENDED), BATCH)
    assert value.item() == pytest.approx(2 * (math.log(2) - entropy) / 5)


def test_mean_kl_is_not_symmetric_and_vanishes_with_its_gradient_at_equality():
    other = torch.zeros_like(ATTENDED)
    there, back = losses.mean_kl(ATTENDED, other, BATCH), losses.mean_kl(other, ATTENDED, BATCH)
    assert there.item() != pytest.approx(back.item())
    student = ATTENDED.clone().requires_grad_()
    same = losses.mean_kl(ATTENDED, student, BATCH)
    same.backward()
    assert same.item() == pytest.approx(0.0, abs=1e-7)
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-7


def test_cross_entropy_is_kl_plus_the_entropy_of_the_first():
    other = torch.randn(ATTENDED.shape, generator=torch.Generator().manual_seed(0))
    entropy = losses.sequence_entropy(ATTENDED, BATCH).sum() / BATCH.position_norm
    expected = losses.mean_kl(ATTENDED, other, BATCH) + entropy
    torch.testing.assert_close(losses.mean_cross_entropy(ATTENDED, other, BATCH), expected)


def test_sequence_entropy_of_uniform_rows_is_ln_v_for_each_attended_position():
    entropy = losses.sequence_entropy(torch.zeros_like(ATTENDED), BATCH)
    torch.testing.assert_close(entropy, torch.tensor([3.0, 2.0]) * math.log(2))


def test_entropy_of_a_certain_prediction_is_zero_and_not_nan():
    certain = torch.tensor([0.0, 1e4]).expand_as(LOGITS)
    assert losses.sequence_entropy(losses.at_attended(certain, BATCH), BATCH).tolist() == [0.0, 0.0]


def test_mean_square_averages_over_attended_positions_and_width():
    # Differences (1, 2) at each of five positions: (1 + 4) / 2. Padding holds garbage.
    of = torch.tensor([1.0, 2.0]).expand(2, 3, 2).clone()
    of[1, 2] = 1e6
    assert losses.mean_square(of, torch.zeros(2), BATCH).item() == pytest.approx(2.5)
    assert losses.mean_square(of, torch.zeros_like(of), BATCH).item() == pytest.approx(2.5)


@pytest.mark.parametrize("beta", [0.01, 0.1, 1.0, 4.5])
def test_preference_has_slope_minus_one_at_margin_zero(beta):
    margin = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    value = losses.preference(margin, beta=beta)
    value.backward()
    assert value.item() == pytest.approx(2 / beta * math.log(2))
    assert margin.grad is not None
    assert margin.grad.item() == pytest.approx(-1.0)


def test_preference_stops_pushing_rows_with_a_large_margin():
    margin = torch.tensor([-50.0, 50.0], requires_grad=True)
    losses.preference(margin, beta=1.0).sum().backward()
    assert margin.grad is not None
    torch.testing.assert_close(margin.grad, torch.tensor([-2.0, 0.0]))


def test_nan_in_padding_never_reaches_a_loss_or_its_gradient():
    logits = LOGITS.clone()
    logits[1, 2] = math.nan
    logits.requires_grad_()
    total = (
        losses.mean_nll(losses.at_labels(logits, BATCH), BATCH)
        + losses.mean_kl(ATTENDED, losses.at_attended(logits, BATCH), BATCH)
        + losses.mean_cross_entropy(losses.at_attended(logits, BATCH), ATTENDED, BATCH)
        + losses.sequence_entropy(losses.at_attended(logits, BATCH), BATCH).sum()
        + losses.mean_square(logits, LOGITS, BATCH)
    )
    total.backward()
    assert total.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_half_precision_logits_are_summed_in_float32():
    half = LOGITS.to(torch.bfloat16)
    nll = losses.mean_nll(losses.at_labels(half, BATCH), BATCH)
    half_NV = losses.at_attended(half, BATCH)
    for value in (nll, losses.mean_kl(half_NV, half_NV, BATCH)):
        assert value.dtype == torch.float32


at_labels, at_attended = losses.at_labels, losses.at_attended
TERMS = {
    "mean_nll": lambda x, y, batch: losses.mean_nll(at_labels(x, batch), batch),
    "joint_mean_nll": lambda x, y, batch: losses.joint_mean_nll(
        [(at_labels(x, batch), batch), (at_labels(y, batch), batch)]
    ),
    "sequence_nll": lambda x, y, batch: losses.row_mean(
        losses.sequence_nll(at_labels(x, batch), batch), batch
    ),
    "answer_nll": lambda x, y, batch: losses.row_mean(
        losses.answer_nll(at_labels(x, batch), batch), batch
    ),
    "mean_kl": lambda x, y, batch: losses.mean_kl(
        at_attended(x, batch), at_attended(y, batch), batch
    ),
    "mean_cross_entropy": lambda x, y, batch: losses.mean_cross_entropy(
        at_attended(x, batch), at_attended(y, batch), batch
    ),
    "entropy": lambda x, y, batch: losses.row_mean(
        losses.sequence_entropy(at_attended(x, batch), batch), batch
    ),
    "mean_square": losses.mean_square,
    "preference": lambda x, y, batch: losses.row_mean(
        losses.preference(losses.sequence_nll(at_labels(x, batch), batch), beta=0.5), batch
    ),
}


@pytest.mark.parametrize("name", TERMS)
def test_gradients_agree_with_finite_differences(name):
    generator = torch.Generator().manual_seed(1)
    shape = (2, 3, 4)
    x = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: TERMS[name](a, b, BATCH), (x, y))


@pytest.mark.parametrize("name", TERMS)
def test_the_average_over_parts_is_the_whole(name, rows_of):
    generator = torch.Generator().manual_seed(2)
    x, y = torch.randn(2, 2, 3, 4, generator=generator, dtype=torch.float64)
    slices = [slice(0, 1), slice(1, 2)]
    parts = [rows_of(BATCH, rows) for rows in slices]
    values = [
        TERMS[name](x[rows], y[rows], with_norms(part, parts))
        for rows, part in zip(slices, parts, strict=True)
    ]
    whole = TERMS[name](x, y, BATCH)
    torch.testing.assert_close(torch.stack(values).mean(), whole)


@pytest.mark.parametrize("source", NAMES)
def test_likelihoods_of_the_fixture_are_the_published_code_s(source, golden, golden_step):
    expected = golden["ce_token_mean_and_sequence_sum"]
    batch = next(b for s, b in golden_step.batches.items() if s.value == source)
    logits = golden_step.student.answer_logits(batch)
    assert losses.mean_nll(logits, batch).item() == pytest.approx(
        expected[f"{source}_ce_mean"], abs=1e-5
    )
    assert losses.sequence_nll(logits, batch).tolist() == pytest.approx(
        expected[f"{source}_seq_nll_sum"], abs=1e-5
    )


@pytest.mark.parametrize("source", ["forget", "idk"])
def test_reference_likelihoods_of_the_fixture_are_the_published_code_s(source, golden, golden_step):
    batch = next(b for s, b in golden_step.batches.items() if s.value == source)
    expected = golden["ce_token_mean_and_sequence_sum"][f"teacher_{source}_seq_nll_sum"]
    assert golden_step.reference.sequence_nll(batch).tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("source", ["forget", "retain"])
def test_both_directions_of_kl_on_the_fixture_are_the_published_code_s(source, golden, golden_step):
    expected = golden["kl_directions"]
    batch = next(b for s, b in golden_step.batches.items() if s.value == source)
    student = losses.at_attended(golden_step.student.logits(batch), batch)
    teacher = losses.at_attended(golden_step.reference.logits(batch), batch)
    there = losses.mean_kl(teacher, student, batch).item()
    back = losses.mean_kl(student, teacher, batch).item()
    assert there == pytest.approx(expected[f"{source}_KL_teacher_given_student"], abs=1e-5)
    assert back == pytest.approx(expected[f"{source}_KL_student_given_teacher"], abs=1e-5)


def test_cosines_are_of_attended_positions_alone() -> None:
    states = torch.tensor([[[3.0, 4.0], [9.0, 9.0]], [[0.0, 2.0], [1.0, 0.0]]])
    to = torch.tensor([[[1.0, 0.0], [9.0, 9.0]], [[0.0, -1.0], [5.0, 0.0]]])
    rows = Collated({}, torch.tensor([[True, False], [True, True]]), torch.zeros(2, 2))
    found = losses.cosines(states, to, single(("a", "b"), rows))
    assert torch.allclose(found, torch.tensor([0.6, -1.0, 1.0]))
