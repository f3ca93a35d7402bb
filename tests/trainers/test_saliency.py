"""Weight saliency: who matters to forget rows alone is moved by them, on any number of ranks."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evals.text.encoding import model_inputs
from trainers import losses
from trainers.batch import Batch, single
from trainers.distributed import Place
from trainers.in_step import finished
from trainers.job import Beat
from trainers.requirements import Source
from trainers.saliency import Saliency, salient

STUDY = Path(__file__).with_name("saliency_study.py")


class Weights(nn.Module):
    """Three numbers: forget rows read a + 2 c, retain rows b + c."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Parameter(torch.zeros(1)) for _ in range(3))

    def logits(self, batch: Batch) -> Tensor:
        """Returns two words for each row; the second has the logit 0."""
        x = self.a + 2 * self.c if batch.ids == ("forget",) else self.b + self.c
        return torch.stack([x, torch.zeros(1)], dim=-1).expand(1, 2, 2)

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns those that predict a label."""
        return losses.at_labels(self.logits(batch), batch)


class Engine:
    """Keeps count of what is asked of it, and moves nothing."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.rates: list[float] = []

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def step(self, lr: float) -> None:
        self.rates.append(lr)


def row(name: str) -> Batch:
    """Returns one row that is answered by the first word."""
    labels = torch.tensor([[-100, 0]])
    ids = torch.zeros(1, 2, dtype=torch.long)
    return single((name,), model_inputs(ids, torch.ones_like(ids), labels))


BATCHES = {Source.FORGET: row("forget"), Source.RETAIN: row("retain")}


def masks_of(module: Weights, engine: Engine, *, threshold: float, asked: list[int]) -> Any:
    def step(index: int) -> list[Mapping[Source, Batch]]:
        asked.append(index)
        return [BATCHES]

    sampler: Any = SimpleNamespace(step=step, steps_per_epoch=2.0)
    view: Any = module
    return salient(
        engine,  # type: ignore[arg-type]
        view,
        sampler,
        threshold=threshold,
        every=3,
        place=Place(),
    )


@pytest.mark.parametrize(("threshold", "of_both"), [(1.0, True), (4.0, True), (4.1, False)])
def test_weights_are_salient_that_matter_more_to_forget_rows(threshold: float, of_both: bool):
    # Every logit is 0, and d NLL / d logit = -1/2. Squared: a 1/4 and 0, b 0 and 1/4, c 1 and 1/4.
    module = Weights()
    masks = finished(masks_of(module, Engine(module), threshold=threshold, asked=[]))
    assert {name: bool(mask) for name, mask in masks.items()} == {
        "a": True,
        "b": False,
        "c": of_both,
    }


def test_measuring_moves_nothing_sees_new_forget_rows_and_gives_signs_of_life():
    module, asked = Weights(), []
    engine = Engine(module)
    assert list(masks_of(module, engine, threshold=1.0, asked=asked)) == [Beat(), Beat()]
    assert asked == [0, 3]
    assert set(engine.rates) == {0.0}


def test_a_mask_holds_in_the_first_of_so_many_steps_and_while_it_is_on():
    module, found = Weights(), []
    saliency = Saliency({n: torch.tensor([n != "c"]) for n in "abc"}, every=2)
    loss_of = lambda: sum(value.sum() for value in module.parameters())  # noqa: E731
    with saliency.over(module):
        for index in range(3):
            saliency.begin(index)
            module.zero_grad()
            loss_of().backward()
            found.append([value.grad.item() for value in module.parameters()])
    saliency.begin(0)
    module.zero_grad()
    loss_of().backward()
    found.append([value.grad.item() for value in module.parameters()])
    assert found == [[1, 1, 0], [1, 1, 1], [1, 1, 0], [1, 1, 1]]


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 2, 3])
@pytest.mark.parametrize("tuning", ["adapter", "full"])
def test_ranks_under_zero_find_and_move_the_weights_that_one_rank_does(
    tuning, stage, one_rank, two_ranks
):
    wanted = one_rank[tuning, 0]
    assert 0.2 < wanted["share"] < 0.8
    assert wanted["moved"] > 100
    for found in (one_rank, *two_ranks):
        own = found[tuning, stage if found is not one_rank else 0]
        assert own["strayed"] == 0
        assert own["share"] == pytest.approx(wanted["share"], abs=1e-3)
        assert own["moved"] == pytest.approx(wanted["moved"], rel=1e-2)
        assert own["losses"] == pytest.approx(wanted["losses"], rel=1e-4)
