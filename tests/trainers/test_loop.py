"""The loop steps, reports, and stops at a loss that is no number."""

import math
from collections.abc import Sequence

import pytest
import torch

from trainers import loop
from trainers.checkpoint import Bookmark
from trainers.distributed import Place
from trainers.early_stopping import Reading
from trainers.job import Beat, Diverged, Report
from trainers.loop import TrainingSetup, train
from trainers.method import Step
from trainers.requirements import Requirements, Source
from trainers.schedule import learning_rate
from trainers.settings import TrainingSettings
from trainers.views import NoReference

TRAINING = TrainingSettings(lr=1.0, epochs=2.0, warmup_epochs=0.5)


class ListSampler:
    """Two micro-batches a step, eight steps an epoch."""

    num_rows = 64
    steps_per_epoch = 8.0

    def step(self, index: int) -> list[dict[Source, object]]:
        return [{}, {}]

    def epoch(self, index: int) -> int:
        return index // 8


class CountingEngine:
    def __init__(self) -> None:
        self.rates: list[float] = []
        self.backwards = 0

    def backward(self, loss: torch.Tensor) -> None:
        self.backwards += 1

    def step(self, lr: float) -> None:
        self.rates.append(lr)


class Falling:
    """A loss that is 1 / (1 + step), or NaN from step `nan_at` on."""

    requirements = Requirements(frozenset({Source.FORGET}))

    def __init__(self, nan_at: int = 10**9) -> None:
        self.nan_at = nan_at

    def loss(self, step: Step) -> torch.Tensor:
        return torch.tensor(math.nan if step.index >= self.nan_at else 1 / (1 + step.index))


def setup(method: Falling) -> TrainingSetup:
    return TrainingSetup(method, ListSampler(), None, NoReference(), TRAINING, seed=0)


def test_every_micro_batch_is_one_backward_and_reports_add_up() -> None:
    engine = CountingEngine()
    mark = Bookmark()
    reports = list(train(engine, setup(Falling()), Place(), mark=mark))
    assert engine.backwards == 32
    assert [report.step for report in reports] == [4, 8, 12, 16]
    # Mean of 1, 1/2, 1/3, 1/4.
    assert reports[0].metrics["loss"] == pytest.approx(25 / 48)
    assert mark.reports == reports
    assert (mark.step, mark.recent) == (16, [])


def test_a_loss_that_is_no_number_fails_the_trial_and_names_the_step() -> None:
    engine = CountingEngine()
    with pytest.raises(Diverged, match=r"nan at step 6 of 16"):
        list(train(engine, setup(Falling(nan_at=5)), Place(), mark=Bookmark()))
    assert len(engine.rates) == 12


def test_a_training_between_reports_gives_signs_of_life_once_it_is_silent(monkeypatch) -> None:
    monkeypatch.setattr(loop, "BEAT_S", 0.0)
    said = list(train(CountingEngine(), setup(Falling()), Place(), mark=Bookmark()))
    assert [type(news) for news in said] == [Beat, Beat, Beat, Report] * 4


def test_a_training_goes_on_from_its_bookmark_with_the_same_steps_and_reports() -> None:
    whole, engine = Bookmark(), CountingEngine()
    list(train(engine, setup(Falling()), Place(), mark=whole))
    halfway = Bookmark(step=6, recent=[1 / 5, 1 / 6], reports=whole.reports[:1])
    second = CountingEngine()
    said = list(train(second, setup(Falling()), Place(), mark=halfway))
    assert second.rates == engine.rates[12:]
    assert [report.step for report in said] == [8, 12, 16]
    for one, other in zip(halfway.reports, whole.reports, strict=True):
        assert one.metrics["loss"] == pytest.approx(other.metrics["loss"])


class Prober:
    """Reads the step as the metric every third step; lost from the step `lost_at` on."""

    def __init__(self, lost_at: int = 10**9) -> None:
        self.lost_at = lost_at
        self.left: list[float] = []

    def is_due(self, step: int, num_steps: int, *, earlier: Sequence[Reading]) -> bool:
        assert all(reading.step < step for reading in earlier)
        return step % 3 == 0 and step != num_steps

    def read(self, step: int, num_steps: int, *, left: float) -> Reading:
        self.left.append(left)
        return Reading(step, num_steps, left, {"retain": float(step)}, {"retain": 0.5})

    def verdict(self, readings: Sequence[Reading]) -> str:
        return "lost" if readings and readings[-1].step >= self.lost_at else ""


def test_every_probe_is_reported_beside_the_loss_since_the_last_report() -> None:
    mark = Bookmark()
    said = list(train(CountingEngine(), setup(Falling()), Place(), mark=mark, prober=Prober()))
    assert [report.step for report in said] == [3, 4, 6, 8, 9, 12, 15, 16]
    assert said[0].metrics["probe_retain"] == 3.0
    assert said[0].metrics["probe_retain_error"] == 0.5
    assert "probe_retain" not in said[1].metrics
    assert said[1].metrics["loss"] == pytest.approx(1 / 4)
    assert [reading.step for reading in mark.readings] == [3, 6, 9, 12, 15]


def test_a_probe_is_told_how_much_of_the_learning_rate_is_left() -> None:
    prober = Prober()
    list(train(CountingEngine(), setup(Falling()), Place(), mark=Bookmark(), prober=prober))
    rates = [learning_rate(TRAINING, i, total=16, warmup=4) for i in range(16)]
    assert prober.left == pytest.approx([sum(rates[n:]) / sum(rates) for n in (3, 6, 9, 12, 15)])


def test_a_training_that_is_lost_ends_at_once_with_a_report() -> None:
    engine, mark = CountingEngine(), Bookmark()
    said = list(train(engine, setup(Falling()), Place(), mark=mark, prober=Prober(lost_at=6)))
    assert said[-1].step == mark.step == 6
    assert len(engine.rates) == 12


def test_a_training_that_was_lost_is_not_gone_on_with() -> None:
    mark, engine = Bookmark(), CountingEngine()
    prober = Prober(lost_at=6)
    list(train(CountingEngine(), setup(Falling()), Place(), mark=mark, prober=prober))
    assert list(train(engine, setup(Falling()), Place(), mark=mark, prober=prober)) == []
    assert engine.rates == []
