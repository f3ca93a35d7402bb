"""The Job: a frozen, hashable description of one piece of training and evaluation."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from evals.benchmark import FORGET
from evals.choice import Choice, Settings
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

MODEL, ADAPTER = "model", "adapter"
"""The folders of weights that a job leaves behind: a baseline's, and a trial's."""


class Phase(StrEnum):
    """Which part of a sweep a job belongs to."""

    ORIGINAL = "original"
    GOLD = "gold"
    TRIAL = "trial"


FINETUNED_ON = {Phase.ORIGINAL: "full", Phase.GOLD: "retain"}
"""The split of the benchmark that each baseline trains on."""


class Job(Settings):
    """One piece of training and evaluation; equal jobs have equal hashes and one Result.

    ORIGINAL and GOLD fine-tune `model` on the split "full" or "retain" (or, with `checkpoint`
    set, only evaluate the checkpoint named there). TRIAL unlearns the split `forget` with `method`,
    starting from the checkpoint that the job with hash `base` left behind. `adapter` None is full
    fine-tuning. `data` is the benchmark's fingerprint, `weights` the fingerprint of given weights
    (hub id and revision, or files), `version` the package's; they are here so that they enter the
    hash. Every item is scored; the metrics are over those that are left once the share `held_out`
    of them is put aside (`evals.held_out`).
    """

    phase: Phase
    benchmark: Choice
    model: Choice
    training: TrainingSettings
    adapter: AdapterSettings | None
    engine: EngineSettings
    evaluation: EvaluationSettings
    held_out: float = 0.0
    seed: int
    method: Choice | None = None
    forget: str = FORGET
    checkpoint: str | None = None
    base: str | None = None
    data: str
    weights: str
    version: str

    @property
    def split(self) -> str:
        """The split whose rows make up an epoch of its training."""
        return FINETUNED_ON.get(self.phase, self.forget)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, 16 hexadecimal digits.

        Paths stay out of it, so that moved files are found again: `data` and `weights` say what
        the benchmark's settings, the model's path and the checkpoint's folder stand for, and what
        a model keeps in its `cache` is what it would compute. Nor does the split that all jobs
        forget that name none.
        """
        left_out: dict[str, Any] = {
            "checkpoint": True,
            "benchmark": {"settings"},
            "model": {"settings": {"path", "cache"}},
            "forget": self.forget == FORGET,
        }
        plain = self.model_dump(mode="json", exclude=left_out)
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Report:
    """What a running job says: `metrics` are means since the last report (loss, lr, ...)."""

    step: int
    num_steps: int
    metrics: Mapping[str, float]


BEAT_S = 2.0
"""Seconds after which a job gives a sign of life, be there something to report or not."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life between reports; all ranks give it at the same point of the job.

    `no_room` says why the job waits, if it does: there is no room on the disk for what it writes.
    """

    no_room: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished job measured: its score sheet and facts about the run.

    `facts` holds numbers beside the benchmark's metrics: sparsity_a and sparsity_b (where all
    weights train: sparsity, zeros), l1_norm, update_norm, moved (1.0 or 0.0), train_s, eval_s,
    steps, final_loss, peak_memory_bytes, those of `trainers.floors`, and num_truncated, the items
    that were scored with an answer cut at `evaluation.max_length`. `stopped` is why the training
    was stopped early, if it was.
    `first_row` is the first row of the job's split, as the model was given it.
    """

    sheet: ScoreSheet
    facts: Mapping[str, float]
    stopped: str = ""
    first_row: str = ""


class TrialFailure(RuntimeError):
    """Raised on every rank at once when a job cannot go on; says why."""


class Diverged(TrialFailure):
    """The training destroyed the model: a loss or a gradient is infinite or NaN."""


def describe(job: Job) -> Mapping[str, JsonValue]:
    """Returns the job as JSON, with its hash, as it is written beside its result."""
    return {"hash": job.hash, **job.model_dump(mode="json")}
