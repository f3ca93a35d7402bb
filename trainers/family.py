"""A loaded language model with its tokenizer and the way it wants to be asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evals import plugins
from evals.benchmark import Benchmark
from evals.choice import Choice
from evals.text.encoding import Prompt
from trainers.memory.model_size import ModelSize
from trainers.pretrained import Shape
from trainers.settings import AdapterSettings

PACKAGE = "trainers.models"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A causal language model in evaluation mode, on the CPU or its device."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    prompt: Prompt


class Family(Protocol):
    """What a file in `trainers/models/` offers."""

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LanguageModel:
        """Loads the model, its weights and tokenizer from `checkpoint` if one is given.

        Raises:
            ConfigError: the weights cannot be loaded; names the key, the path and the cure.
        """
        ...

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> PreTrainedModel:
        """Returns what `load` would, without weights, on the meta device: shapes and dtype.

        Raises:
            ConfigError: the configuration cannot be had, for want of a network, say.
        """
        ...

    def measure(
        self, skeleton: PreTrainedModel, *, adapter: AdapterSettings | None, bf16: bool
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
