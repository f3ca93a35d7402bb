"""The training loop: blind to methods, in step on every rank."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from trainers.checkpoint import Bookmark
from trainers.engine import Engine
from trainers.job import Beat, Report, TrialFailure
from trainers.method import Method, Reference, Step, View
from trainers.place import Place, means_over_ranks
from trainers.sampler import Sampler
from trainers.settings import TrainingSettings

BEAT_S = 2.0
"""Seconds after which a training gives a sign of life, be there something to report or not."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is trained, how, and on what."""

    method: Method
    sampler: Sampler
    student: View
    reference: Reference
    training: TrainingSettings
    seed: int


def learning_rate(training: TrainingSettings, index: int, *, total: int, warmup: float) -> float:
    """Returns the learning rate of step `index`: linear warm-up, then linear decay or constant.

    Step i of `warmup` warm-up steps gets lr * (i + 1) / (warmup + 1), so that no step is lost to
    a learning rate of zero; the decay reaches lr / (total - warmup) at the last step.
    """
    warmup = min(warmup, total - 1)
    if index < warmup:
        return training.lr * (index + 1) / (warmup + 1)
    if training.schedule == "constant":
        return training.lr
    return training.lr * (total - index) / (total - warmup)


def train(
    engine: Engine, lesson: Lesson, place: Place, *, mark: Bookmark, num_reports: int = 4
) -> Iterator[Report | Beat]:
    """Trains from `mark`, which it moves along, to the end, reporting about `num_reports` times.

    A report's loss is the mean over the steps since the last one.

    Raises:
        TrialFailure: the loss is not finite; raised on every rank at the same step.
    """
    total = lesson.training.num_steps(lesson.sampler.num_rows)
    warmup = lesson.training.warmup_epochs * lesson.sampler.steps_per_epoch
    every = max(1, math.ceil(total / num_reports))
    beaten = time.perf_counter()
    for index in range(mark.step, total):
        lr = learning_rate(lesson.training, index, total=total, warmup=warmup)
        own = _step(engine, lesson, place, index=index, total=total, lr=lr)
        # Each rank has a clock of its own; all must yield at the same step.
        silent = float(time.perf_counter() - beaten >= BEAT_S)
        loss, silent_ranks = means_over_ranks([own, silent], place)
        if not math.isfinite(loss):
            raise TrialFailure(f"the loss became {loss} at step {index + 1} of {total}")
        mark.step = index + 1
        mark.recent.append(loss)
        if len(mark.recent) == every or mark.step == total:
            mean = sum(mark.recent) / len(mark.recent)
            mark.reports.append(Report(mark.step, total, {"loss": mean, "lr": lr}))
            mark.recent = []
            yield mark.reports[-1]
        elif silent_ranks:
            yield Beat()
        else:
            continue
        beaten = time.perf_counter()


def seed_dropout(seed: int, place: Place) -> None:
    """Starts torch's own generator anew: what a warm rank did before must not tell."""
    torch.manual_seed(int(np.random.SeedSequence((seed, place.rank)).generate_state(1)[0]))


def _step(
    engine: Engine, lesson: Lesson, place: Place, *, index: int, total: int, lr: float
) -> torch.Tensor:
    """Takes one optimizer step and returns this rank's mean loss."""
    micro_batches = lesson.sampler.step(index)
    total_loss = torch.zeros((), device=place.device)
    for batches in micro_batches:
        step = Step(
            batches=batches,
            student=lesson.student,
            reference=lesson.reference,
            index=index,
            num_steps=total,
            epoch=lesson.sampler.epoch(index),
            seed=lesson.seed,
        )
        loss = lesson.method.loss(step)
        engine.backward(loss)
        engine.step(lr)
        total_loss += loss.detach()
    return total_loss / len(micro_batches)
