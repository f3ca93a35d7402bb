"""The training loop: blind to methods, in step on every rank."""

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from trainers.engine import Engine
from trainers.job import Report, TrialFailure
from trainers.method import Method, Reference, Step, View
from trainers.place import Place, mean_over_ranks
from trainers.sampler import Sampler
from trainers.settings import TrainingSettings


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
    engine: Engine, lesson: Lesson, place: Place, *, num_reports: int = 4
) -> Iterator[Report]:
    """Trains to the end, reporting mean loss about `num_reports` times.

    Raises:
        TrialFailure: the loss is not finite; raised on every rank at the same step.
    """
    _seed_dropout(lesson.seed, place)
    total = lesson.training.num_steps(lesson.sampler.num_rows)
    warmup = lesson.training.warmup_epochs * lesson.sampler.steps_per_epoch
    every = max(1, math.ceil(total / num_reports))
    recent: list[float] = []
    for index in range(total):
        lr = learning_rate(lesson.training, index, total=total, warmup=warmup)
        recent.append(_step(engine, lesson, place, index=index, total=total, lr=lr))
        if not math.isfinite(recent[-1]):
            raise TrialFailure(f"the loss became {recent[-1]} at step {index + 1} of {total}")
        if len(recent) == every or index + 1 == total:
            yield Report(index + 1, total, {"loss": sum(recent) / len(recent), "lr": lr})
            recent = []


def train_timed(
    engine: Engine, lesson: Lesson, place: Place
) -> Generator[Report, None, dict[str, float]]:
    """Trains like `train` and returns the facts: steps, final_loss, train_s.

    `train_s` leaves out the time in which a report waits to be taken: that is the scheduler's.
    """
    waited_s = 0.0
    started = time.perf_counter()
    facts: dict[str, float] = {}
    for report in train(engine, lesson, place):
        facts = {"steps": float(report.step), "final_loss": report.metrics["loss"]}
        handed_over = time.perf_counter()
        yield report
        waited_s += time.perf_counter() - handed_over
    return {**facts, "train_s": time.perf_counter() - started - waited_s}


def _seed_dropout(seed: int, place: Place) -> None:
    """Starts torch's own generator anew: what a warm rank did before must not tell."""
    torch.manual_seed(int(np.random.SeedSequence((seed, place.rank)).generate_state(1)[0]))


def _step(
    engine: Engine, lesson: Lesson, place: Place, *, index: int, total: int, lr: float
) -> float:
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
    return mean_over_ranks(total_loss / len(micro_batches), place)
