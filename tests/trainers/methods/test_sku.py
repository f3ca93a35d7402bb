import copy
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from tests.fixtures.asked_people import FORGET, RETAIN, drawn, learned, nll_of
from trainers.adapters import adapter_state, add_adapter, load_state, trainable
from trainers.method import Step
from trainers.methods import ga
from trainers.methods.sku import Config, Method
from trainers.requirements import Source
from trainers.settings import AdapterSettings
from trainers.tuning.adapter import AdapterTuning
from trainers.views import ReferenceView, StudentView

STUDY = Path(__file__).with_name("sku_study.py")
ADAPTER = AdapterSettings(rank=4)

LN3 = math.log(3)
STUDENT = {
    Source.FORGET: [[LN3]],
    Source.RANDOM: [[0.0], [LN3]],
    Source.RETAIN: [[0.0]],
}


def test_the_loss_adds_what_is_learned_and_takes_the_distance_off(word_step):
    # NLL: ln 4/3 on forget; ln 2 and ln 4/3 on random. KL of (3/4, 1/4) to (1/2, 1/2) at one of two
    # positions: 3/4 ln 3/2 + 1/4 ln 1/2.
    step = word_step(STUDENT, {**STUDENT, Source.RETAIN: [[LN3]]})
    learn, confuse = math.log(4 / 3), (math.log(2) + math.log(4 / 3)) / 2
    batch = step.batches[Source.RETAIN]
    away = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / batch.position_norm
    found = Method(Config(bad=2.5, random=1.5, normal=0.5)).loss(step).item()
    assert found == pytest.approx(2.5 * learn + 1.5 * confuse - 0.5 * away)


def test_it_learns_what_is_to_be_forgotten_and_says_that_it_goes_back(word_step):
    step = word_step(STUDENT)
    method = Method(Config(strength=0.7))
    method.loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() < 0
    assert method.requirements.negation == 0.7


class Engine:
    """As much of one as an adapter's turning round needs."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    def trainable_state(self) -> dict[str, Tensor]:
        return adapter_state(self.module)

    def put(self, weights: dict[str, Tensor]) -> None:
        load_state(self.module, weights)


def unlearned(
    original: LlamaForCausalLM, method, *, until: Callable[[torch.nn.Module], bool] | None = None
) -> torch.nn.Module:
    """Takes ten steps, or as many as come before `until`."""
    model = add_adapter(copy.deepcopy(original), ADAPTER, seed=0)
    optimizer = torch.optim.AdamW([value for _, value in trainable(model)], lr=3e-3)
    for index in range(10):
        views = StudentView(model), ReferenceView(model)
        loss = method.loss(Step(drawn(index), *views, index=index, num_steps=10, epoch=0, seed=0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if until is not None and until(model):
            break
    return model


def test_it_forgets_as_much_as_ascent_does_and_keeps_more():
    """A third of the way from the original to gold, at a sixth of what ascent does to others."""
    original, gold = learned(torch.cat([FORGET, RETAIN])), learned(RETAIN)
    known, kept, unknown = nll_of(original, FORGET), nll_of(original, RETAIN), nll_of(gold, FORGET)
    assert known < 0.3 < 1.2 < unknown

    method = Method(Config(bad=1.0, random=0.03, normal=0.01, num_random=3))
    model = unlearned(original, method)
    assert nll_of(model, FORGET) == pytest.approx(known, abs=0.02)  # the bad model still knows
    AdapterTuning(ADAPTER, seed=0).negate(Engine(model), method.requirements.negation)  # type: ignore[arg-type]
    forgotten, harm = nll_of(model, FORGET), nll_of(model, RETAIN) - kept
    assert (forgotten - known) / (unknown - known) > 0.2
    assert harm < 0.06

    ascended = unlearned(
        original, ga.Method(ga.Config()), until=lambda m: nll_of(m, FORGET) > forgotten
    )
    assert nll_of(ascended, FORGET) > forgotten
    assert nll_of(ascended, RETAIN) - kept > 2 * harm


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 2, 3])
@pytest.mark.parametrize("tuning", ["adapter", "full"])
def test_ranks_under_zero_teach_and_turn_round_as_one_rank_does(tuning, stage, one_rank, two_ranks):
    wanted = one_rank[tuning, 0]
    assert wanted["after"] != pytest.approx(wanted["before"], rel=1e-3)
    for found in two_ranks:
        for name in ("losses", "before", "after"):
            assert found[tuning, stage][name] == pytest.approx(wanted[name], rel=1e-5), name
