"""Settings of training that a sweep's YAML may set; no torch here, so that a plan is quick."""

import math
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from evals.choice import Settings
from evals.errors import FieldError


class L1Mode(StrEnum):
    """How the optimizer applies the L1 penalty."""

    PROXIMAL = "proximal"
    SUBGRADIENT = "subgradient"


class AdapterSettings(Settings):
    """A LoRA adapter; scaling is alpha / rank."""

    rank: int = Field(8, ge=1)
    alpha: float = Field(32.0, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] = ()
    """Names of linear layers; empty means every linear layer but the output head."""


class EngineSettings(Settings):
    """How DeepSpeed runs: only dtype and gradient_clipping change more than rounding."""

    zero_stage: Literal[0, 1, 2, 3] = 2
    dtype: Literal["fp32", "bf16"] = "fp32"
    gradient_clipping: float = Field(1.0, ge=0)
    """Largest gradient norm; 0 switches clipping off."""
    offload_optimizer: bool = False
    offload_parameters: bool = False
    """CPU offload of parameters; ZeRO stage 3 only."""

    @model_validator(mode="after")
    def _offload_needs_its_stage(self) -> "EngineSettings":
        if self.offload_parameters and self.zero_stage != 3:
            raise ValueError("off unless engine.zero_stage is 3 (offload_parameters)")
        if self.offload_optimizer and self.zero_stage == 0:
            raise ValueError("off unless engine.zero_stage is 1 or more (offload_optimizer)")
        return self


class StoppingSettings(Settings):
    """When a trial is stopped for being sure to end beyond a bound (`trainers.early_stopping`)."""

    every: int | None = Field(None, ge=1)
    """Optimizer steps between probes, twice as many while a model is far from every bound; null is
    a twentieth of the training."""
    items: int = Field(16, ge=2)
    """Items of each task that a probe looks at, always the same ones."""
    confidence: float = Field(0.99, gt=0.5, lt=1)
    """Of the one-sided bound that is taken for the value of a probe."""
    patience: int = Field(3, ge=1)
    """Probes in a row that must find the trial lost."""
    recovery: float = Field(1.0, ge=0)
    """The share of what was lost that the whole learning rate budget is granted to win back."""

    def steps_between(self, num_steps: int) -> int:
        """Returns the steps between probes of a training of `num_steps`."""
        return self.every or math.ceil(num_steps / 20)


class TrainingSettings(Settings):
    """One recipe: an optimizer, linear warm-up, a schedule of its rate, batches drawn by seed.

    `batch_size` is the number of forget rows in one optimizer step over all ranks and
    accumulation steps; `micro_batch_size` is what one rank holds at a time.
    """

    lr: float = Field(1e-4, gt=0)
    l1: float = Field(0.0, ge=0)
    l1_mode: L1Mode = L1Mode.PROXIMAL
    l1_towards: Literal["start", "zero"] = "start"
    """What L1 pulls all weights to, where those are trained; an adapter's factors go to zero."""
    epochs: float = Field(5.0, gt=0)
    batch_size: int = Field(8, ge=1)
    micro_batch_size: int = Field(4, ge=1)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """AdamW, as for language models, or SGD with momentum, as for classifiers of pictures."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Of SGD; AdamW has none."""
    weight_decay: float = Field(0.01, ge=0)
    """AdamW's is decoupled from the gradient, SGD's is added to it."""
    warmup_epochs: float = Field(1.0, ge=0)
    schedule: Literal["linear", "constant", "cosine", "clear_vision"] = "linear"
    """Of the rate after the warm-up. `clear_vision` has a warm-up of its own: step by step, it is
    that of CLEAR's vision code, whose rate is 0.2 times `lr` at most (`trainers/schedule.py`)."""
    max_length: int = Field(256, ge=8)

    @model_validator(mode="after")
    def _momentum_is_sgds(self) -> "TrainingSettings":
        default = type(self).model_fields["momentum"].default
        if self.optimizer != "sgd" and self.momentum != default:
            raise FieldError(
                f"momentum must be left out where optimizer is {self.optimizer} but got "
                f"{self.momentum:g}; set optimizer: sgd, or leave momentum out"
            )
        return self

    @model_validator(mode="after")
    def _clear_vision_warms_up_by_itself(self) -> "TrainingSettings":
        if self.schedule == "clear_vision" and self.warmup_epochs:
            raise FieldError(
                f"warmup_epochs must be 0 where schedule is {self.schedule} but got "
                f"{self.warmup_epochs:g}; set warmup_epochs: 0, or take another schedule"
            )
        return self

    @property
    def num_moments(self) -> int:
        """How many numbers the optimizer keeps for each weight that it trains."""
        return 1 if self.optimizer == "sgd" else 2

    def num_steps(self, num_rows: int) -> int:
        """Returns the optimizer steps of `epochs` passes over `num_rows` rows, rounded up."""
        return max(1, math.ceil(self.epochs * num_rows / self.batch_size - 1e-9))
