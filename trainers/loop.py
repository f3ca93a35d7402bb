"""The training loop: blind to methods, in step on every rank."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from trainers.checkpoint import Bookmark
from trainers.distributed import Place, means_over_ranks
from trainers.early_stopping import Reading
from trainers.engine import Engine
from trainers.job import BEAT_S, Beat, Diverged, Report
from trainers.joint_pass import read_together
from trainers.method import Method, Reference, Step, Student
from trainers.probe import curve
from trainers.saliency import Saliency
from trainers.sampler import Sampler
from trainers.schedule import learning_rate
from trainers.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """What is trained, how, and on what."""

    method: Method
    sampler: Sampler
    student: Student
    reference: Reference
    training: TrainingSettings
    seed: int
    saliency: Saliency | None = None
    """Which weights have a gradient in some of the steps; None: all have one, always."""


class Prober(Protocol):
    """Reads off how the model does and says when its training is lost (`trainers.probe.Probe`)."""

    def is_due(self, step: int, num_steps: int, *, earlier: Sequence[Reading]) -> bool:
        """Returns whether a probe is due after `step` steps."""
        ...

    def read(self, step: int, num_steps: int, *, left: float) -> Reading:
        """Returns what is found after `step` steps."""
        ...

    def verdict(self, readings: Sequence[Reading]) -> str:
        """Returns why the training is lost, or nothing."""
        ...


def train(
    engine: Engine,
    setup: TrainingSetup,
    place: Place,
    *,
    mark: Bookmark,
    num_reports: int = 4,
    prober: Prober | None = None,
) -> Iterator[Report | Beat]:
    """Trains from `mark`, which it moves along, until `prober` calls it lost or to the end.

    It reports about `num_reports` times, and what every probe has read. A report's loss is the
    mean over the steps since the last one.

    Raises:
        Diverged: the loss is not finite; raised on every rank at the same step.
    """
    total = setup.training.num_steps(setup.sampler.num_rows)
    warmup = setup.training.warmup_epochs * setup.sampler.steps_per_epoch
    rates = [learning_rate(setup.training, i, total=total, warmup=warmup) for i in range(total)]
    every = max(1, math.ceil(total / num_reports))
    beaten = time.perf_counter()
    lost = _is_lost(prober, mark)
    while mark.step < total and not lost:
        own = _step(engine, setup, place, index=mark.step, total=total, lr=rates[mark.step])
        # Each rank has a clock of its own; all must yield at the same step.
        silent = float(time.perf_counter() - beaten >= BEAT_S)
        loss, silent_ranks = means_over_ranks([own, silent], place)
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss} at step {mark.step + 1} of {total}")
        mark.step += 1
        mark.recent.append(loss)
        reading = _reading(prober, rates, mark)
        lost = reading is not None and _is_lost(prober, mark)
        if reading is not None or mark.step % every == 0 or mark.step == total:
            yield _report(mark, total, lr=rates[mark.step - 1], reading=reading)
        elif silent_ranks:
            yield Beat()
        else:
            continue
        beaten = time.perf_counter()


def _is_lost(prober: Prober | None, mark: Bookmark) -> bool:
    return prober is not None and bool(prober.verdict(mark.readings))


def _reading(prober: Prober | None, rates: Sequence[float], mark: Bookmark) -> Reading | None:
    """Returns what a probe reads now, if one is due, and puts it into `mark`."""
    if prober is None or not prober.is_due(mark.step, len(rates), earlier=mark.readings):
        return None
    left = math.fsum(rates[mark.step :]) / math.fsum(rates)
    mark.readings.append(prober.read(mark.step, len(rates), left=left))
    return mark.readings[-1]


def _report(mark: Bookmark, total: int, *, lr: float, reading: Reading | None) -> Report:
    """Returns the report of the steps since the last one, and puts it into `mark`."""
    loss = sum(mark.recent) / len(mark.recent)
    read = {} if reading is None else curve(reading)
    mark.reports.append(Report(mark.step, total, {"loss": loss, "lr": lr, **read}))
    mark.recent = []
    return mark.reports[-1]


def seed_dropout(seed: int, place: Place) -> None:
    """Starts torch's own generator anew: what a warm rank did before must not tell."""
    torch.manual_seed(int(np.random.SeedSequence((seed, place.rank)).generate_state(1)[0]))


def _step(
    engine: Engine, setup: TrainingSetup, place: Place, *, index: int, total: int, lr: float
) -> torch.Tensor:
    """Takes one optimizer step and returns this rank's mean loss."""
    micro_batches = setup.sampler.step(index)
    if setup.saliency is not None:
        setup.saliency.begin(index)
    total_loss = torch.zeros((), device=place.device)
    for batches in micro_batches:
        step = Step(
            batches=batches,
            student=read_together(setup.student, setup.method.requirements, batches),
            reference=setup.reference,
            index=index,
            num_steps=total,
            epoch=setup.sampler.epoch(index),
            seed=setup.seed,
        )
        loss = setup.method.loss(step)
        engine.backward(loss)
        engine.step(lr)
        total_loss += loss.detach()
    return total_loss / len(micro_batches)
