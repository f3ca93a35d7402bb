"""Learning rates by step: what a training's rate is at each of its optimizer steps.

A schedule is a factor of `lr`. All but `clear_vision` warm up first: step i of W warm-up steps gets
(i + 1) / (W + 1), so that no step is lost to a rate of zero. Over the S steps that follow, with s
of them taken,

    linear      1 - s / S
    cosine      (1 + cos(pi s / S)) / 2      (Loshchilov and Hutter 2017, arXiv 1608.03983)
    constant    1

`clear_vision` is that of CLEAR's vision code (cv/finetune.py), by the step x of the whole training,

    x / 200                                       up to step 21
    (1 + cos(pi / 2 * (x - 20) / 140)) / 10       from step 22 on

for its trainings of about 160 steps: the first step's rate is 0, and it nearly doubles at step 22.
"""

import math

from trainers.settings import TrainingSettings

CLEAR_WARMUP = 21
"""The last step of the warm-up of `clear_vision`."""
CLEAR_STEPS = 160
"""Steps that `clear_vision` was made for; it goes on at what it ends with."""


def learning_rate(training: TrainingSettings, index: int, *, total: int, warmup: float) -> float:
    """Returns the learning rate of step `index` of `total`, of which `warmup` are for warm-up.

    The warm-up leaves at least the last step; of those after it none has a rate of zero.
    """
    if training.schedule == "clear_vision":
        return training.lr * _clear_vision(index)
    warmup = min(warmup, total - 1)
    if index < warmup:
        return training.lr * (index + 1) / (warmup + 1)
    if training.schedule == "constant":
        return training.lr
    if training.schedule == "cosine":
        return training.lr * (1 + math.cos(math.pi * (index - warmup) / (total - warmup))) / 2
    return training.lr * (total - index) / (total - warmup)


def _clear_vision(step: int) -> float:
    if step <= CLEAR_WARMUP:
        return 0.005 * step
    return 0.1 + 0.1 * math.cos(math.pi / 2 * (min(step, CLEAR_STEPS) - 20) / 140)
