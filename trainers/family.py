"""What a model family is: it loads models and saves them, with all that rows are encoded by.

A family's file names the suites whose rows its models take by a constant, `SUITES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import nn

from evals import plugins
from evals.benchmark import Benchmark
from evals.choice import Choice
from evals.settings import EvaluationSettings
from trainers.loaded_model import LoadedModel, Shape
from trainers.memory.model_size import ModelSize
from trainers.settings import AdapterSettings, TrainingSettings

PACKAGE = "trainers.models"


@dataclass(frozen=True, slots=True)
class Use:
    """What a sweep asks of a model: that it trains on a benchmark's rows and is evaluated on them.

    `trainings` are by their keys in the YAML.
    """

    benchmark: Benchmark
    trainings: Mapping[str, TrainingSettings]
    evaluation: EvaluationSettings


class Family(Protocol):
    """What a file in `trainers/models/` offers."""

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Loads the model and its processor, from `checkpoint` if one is given.

        Raises:
            ConfigError: the weights cannot be loaded; names the key, the path and the cure.
        """
        ...

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> nn.Module:
        """Returns what `load` would, without weights, on the meta device: shapes and dtype.

        Raises:
            ConfigError: the configuration cannot be had, for want of a network, say.
        """
        ...

    def measure(
        self, skeleton: nn.Module, *, adapter: AdapterSettings | None, bf16: bool
    ) -> ModelSize:
        """Returns the size of a skeleton, which is given `adapter` for good.

        `bf16` says that the engine casts every parameter to it.

        Raises:
            ConfigError: the adapter does not fit the model.
        """
        ...

    def check(self, checkpoint: Path | None) -> None:
        """Refuses weights that would not load, without loading them.

        Raises:
            ConfigError: names the key, the path and the cure.
        """
        ...

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses rows that the model, or `checkpoint` if one is given, cannot take.

        Raises:
            ConfigError: names the key, what the model can do and the cure.
        """
        ...

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns layers and dtype of the model, or of `checkpoint` if one is given.

        Raises:
            ConfigError: the configuration cannot be read.
        """
        ...

    def fingerprint(self) -> str:
        """Returns what identifies the starting weights (hub id and revision, file hash, seed)."""
        ...


def build_family(choice: Choice) -> Family:
    """Builds `Family(Config(...))` of `trainers/models/<name>.py`."""
    module = plugins.load(PACKAGE, choice.name, key="model.name")
    family: Family = module.Family(choice.config(PACKAGE))
    return family
