"""What of a model trains: the factors of a LoRA adapter, or all of its weights."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import nn

from trainers.distributed import Place
from trainers.engine import Engine
from trainers.job import Beat
from trainers.kept_states import KeptStates
from trainers.loaded_model import LoadedModel
from trainers.method import Reference
from trainers.model_call import Arguments
from trainers.requirements import ReferenceUse
from trainers.sampler import Sampler
from trainers.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class ReferenceNeeds:
    """What there is to make a reference of, for a method that makes `use` of one.

    `compared` draws the rows whose likelihoods the method will ask for in its `num_steps` steps.
    `cache` keeps likelihoods by row id, `states` hidden states; the model is called with
    `arguments`. `frozen_copy` loads the model that training starts from a second time.
    """

    use: ReferenceUse
    compared: Sampler
    num_steps: int
    cache: dict[str, float]
    states: KeptStates
    arguments: Arguments
    frozen_copy: Callable[[], nn.Module]
    place: Place


class Tuning(Protocol):
    """A way to train a model; every method with an engine is for all ranks to call together."""

    def applied(self, model: nn.Module) -> nn.Module:
        """Returns `model` as it is trained: the parameters that need a gradient are those."""
        ...

    def keep_start(self, engine: Engine) -> None:
        """Has a new engine keep what `restart` will need."""
        ...

    def restart(self, engine: Engine, training: TrainingSettings) -> None:
        """Makes an engine as good as new, for a trial by these settings."""
        ...

    def reference(
        self, module: nn.Module, needs: ReferenceNeeds
    ) -> Generator[Beat, None, Reference]:
        """Returns the model as it is before the first step, which must be still to come."""
        ...

    def negate(self, engine: Engine, strength: float) -> None:
        """Puts a trained engine's weights `strength` as far on the other side of their start.

        theta becomes theta_0 - strength * (theta - theta_0); nothing can be trained after that.
        """
        ...

    def save(
        self, engine: Engine, loaded: LoadedModel, folder: Path, place: Place
    ) -> Generator[Beat, None, dict[str, float]]:
        """Saves the weights that were trained in a job's `folder` and returns facts about them."""
        ...
