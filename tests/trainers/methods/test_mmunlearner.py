import copy
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from tests.fixtures.asked_people import FORGET, RETAIN, drawn, learned, nll_of
from trainers.distributed import Place
from trainers.in_step import finished
from trainers.method import Step
from trainers.methods.mmunlearner import Config, Method
from trainers.requirements import Source
from trainers.saliency import Saliency, salient
from trainers.views import NoReference, StudentView

LN3 = math.log(3)
STUDENT = {Source.FORGET: [[LN3]], Source.RETAIN: [[0.0]]}


def test_it_ascends_in_the_first_of_so_many_steps_and_descends_in_the_others(word_step):
    # NLL: ln 4/3 on forget rows, ln 2 on retain rows.
    method = Method(Config(alpha=0.5, retain_steps=2))
    found = [method.loss(word_step(STUDENT, index=index)).item() for index in range(4)]
    ascent, descent = -0.5 * math.log(4 / 3), math.log(2)
    assert found == pytest.approx([ascent, descent, descent, ascent])


def test_it_has_new_forget_rows_where_it_ascends_and_asks_for_salient_weights():
    asked = Method(Config(retain_steps=9, threshold=1.5)).requirements
    assert asked.forget_every == 10
    assert asked.saliency == 1.5


class Engine:
    """As much of one as salient weights are found with."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def step(self, lr: float) -> None:
        assert lr == 0
        self.module.zero_grad()


def unlearned(original: LlamaForCausalLM, *, masked: bool) -> list[tuple[float, float]]:
    """Returns the NLLs of forget and retain rows after each of ten ascents."""
    model = copy.deepcopy(original)
    student, method = StudentView(model), Method(Config(retain_steps=1))
    sampler: Any = SimpleNamespace(step=lambda index: [drawn(index)], steps_per_epoch=3.0)
    engine: Any = Engine(model)
    masks = finished(salient(engine, student, sampler, threshold=1.0, every=2, place=Place()))
    if not masked:
        masks = {name: torch.ones_like(mask) for name, mask in masks.items()}
    saliency, found = Saliency(masks, every=2), []
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    with saliency.over(model):
        for index in range(20):
            saliency.begin(index)
            step = Step(drawn(index), student, NoReference(), index, 20, 0, seed=0)
            loss = method.loss(step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if index % 2:
                found.append((nll_of(model, FORGET), nll_of(model, RETAIN)))
    return found


def test_salient_weights_forget_without_harm_to_what_is_retained():
    """Most of the way from the original to gold; all weights together do ten times the harm."""
    original, gold = learned(torch.cat([FORGET, RETAIN])), learned(RETAIN)
    known, kept, unknown = nll_of(original, FORGET), nll_of(original, RETAIN), nll_of(gold, FORGET)
    forgotten, harmed = unlearned(original, masked=True)[-1]
    assert (forgotten - known) / (unknown - known) > 0.7
    assert harmed - kept < 0.005
    path = unlearned(original, masked=False)
    harm = next(retained for forget, retained in path if forget > forgotten) - kept
    assert harm > 0.02
