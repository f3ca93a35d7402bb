from dataclasses import replace

import pytest
import torch

from trainers.control_vector import control_vector
from trainers.method import Step
from trainers.methods.rmu_open_unlearning import Config, Method
from trainers.requirements import Source

# Hidden states of the fake are its logits plus the layer's number: (x + l, l) and (l, l).
STUDENT = {Source.FORGET: [[1.0]], Source.RETAIN: [[3.0, 5.0]]}
REFERENCE = {Source.FORGET: [[9.0]], Source.RETAIN: [[1.0, 2.0]]}
SHAPES = {Source.FORGET: [(2, 3), (1, 1)], Source.RETAIN: [(3, 4), (2, 2)]}


class States:
    """A model whose hidden states are drawn at random."""

    def __init__(self, seed):
        self._seed = seed

    def hidden(self, batch, layer):
        generator = torch.Generator().manual_seed(self._seed + len(batch.ids[0]))
        shape = (*batch.attended_BT.shape, 6)
        return torch.randn(shape, generator=generator, dtype=torch.float64)


def published_loss(first, second, mask):
    """`compute_activation_loss` of open-unlearning."""
    squared = torch.nn.functional.mse_loss(first, second, reduction="none")
    summed = (squared * mask.unsqueeze(-1).expand_as(squared)).mean(dim=2).sum(dim=1)
    return (summed / mask.sum(dim=-1)).mean()


def answers(shapes, width):
    """`labels != -100`, labels as the published code has them: not shifted."""
    mask = torch.zeros(len(shapes), width, dtype=torch.bool)
    for row, (prompt, answer) in enumerate(shapes):
        mask[row, prompt : prompt + answer] = True
    return mask


def test_the_loss_is_open_unlearning_s(make_batch):
    batches = {source: make_batch(s, name=source.value, extra=2) for source, s in SHAPES.items()}
    step = Step(batches, States(1), States(2), index=0, num_steps=10, epoch=0, seed=7)
    forget, retain, wanted = (
        view.hidden(batches[source], 0)
        for view, source in (
            (step.student, Source.FORGET),
            (step.student, Source.RETAIN),
            (step.reference, Source.RETAIN),
        )
    )
    control = control_vector(6, seed=(7,), length=5.0).to(forget).expand_as(forget)
    masks = {
        source: answers(s, batches[source].attended_BT.shape[1]) for source, s in SHAPES.items()
    }
    expected = 0.5 * published_loss(forget, control, masks[Source.FORGET])
    expected += 3 * published_loss(retain, wanted, masks[Source.RETAIN])
    method = Method(Config(layer=0, steering=5.0, gamma=0.5, alpha=3.0))
    assert method.loss(step).item() == pytest.approx(expected.item(), abs=1e-7)


def test_only_the_answer_s_own_positions_count(word_step):
    # The retain row's answer lies at its second and third position, whose states differ by 3 in
    # one of two entries at the second and by nothing at the third: 9 / 2 / 2.
    method = Method(Config(layer=0, gamma=0.0, alpha=2.0))
    assert method.loss(word_step(STUDENT, REFERENCE)).item() == pytest.approx(2 * 9 / 4)


def test_the_target_is_the_same_at_every_step_and_another_for_another_seed(word_step):
    method = Method(Config(layer=1))
    step = word_step(STUDENT, REFERENCE, seed=7)
    first = method.loss(step).item()
    assert method.loss(replace(step, index=5)).item() == first
    assert method.loss(replace(step, seed=8)).item() != first
