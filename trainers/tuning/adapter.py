"""Training a LoRA adapter: the model itself stays as it is and is its own reference."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

from peft import PeftModel
from torch import nn

from trainers.adapted_weights import adapted_weights
from trainers.adapters import (
    B,
    adapter_facts,
    add_adapter,
    initial_state,
    save_adapter,
)
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.job import ADAPTER, Beat
from trainers.loaded_model import LoadedModel
from trainers.method import Reference
from trainers.saving import written
from trainers.settings import AdapterSettings, TrainingSettings
from trainers.tuning.tuning import ReferenceNeeds
from trainers.views import ReferenceView


class AdapterTuning:
    """Trains a fresh adapter, which L1 pulls to zero; it is saved in `adapter/`."""

    def __init__(self, settings: AdapterSettings, *, seed: int) -> None:
        self._settings = settings
        self._seed = seed

    def applied(self, model: nn.Module) -> nn.Module:
        """Returns `model` with a fresh adapter."""
        adapted: nn.Module = add_adapter(model, self._settings, seed=self._seed)
        return adapted

    def keep_start(self, engine: Engine) -> None:
        """Keeps nothing: a fresh adapter follows from its seed."""

    def restart(self, engine: Engine, training: TrainingSettings) -> None:
        """Gives the engine a fresh adapter."""
        engine.reset(
            initial_state(engine.module, self._seed),
            l1=training.l1,
            l1_mode=training.l1_mode,
            weight_decay=training.weight_decay,
        )

    def reference(
        self, module: nn.Module, needs: ReferenceNeeds
    ) -> Generator[Beat, None, Reference]:
        """Returns the same model with its adapter off, at any time: no second copy."""
        return ReferenceView(
            module,
            needs.arguments,
            cache=needs.cache,
            states=needs.states,
            place=needs.place,
        )
        yield  # takes no time

    def negate(self, engine: Engine, strength: float) -> None:
        """Turns the update B A round by its factors B: they begin at zero, and A may stay."""
        state = engine.trainable_state()
        engine.put(
            {name: -strength * value if B in name else value for name, value in state.items()}
        )

    def save(
        self,
        engine: Engine,
        loaded: LoadedModel,  # noqa: ARG002  # its processor stays the base's
        folder: Path,
        place: Place,
    ) -> Generator[Beat, None, dict[str, float]]:
        """Saves the adapter in peft's format; the facts are `trainers.adapters.adapter_facts`."""
        assert isinstance(engine.module, PeftModel)
        state = engine.trainable_state()
        home = folder / ADAPTER
        write = partial(save_adapter, state, engine.module.peft_config["default"], home)
        yield from written(write, home, place)
        return adapter_facts(state, adapted_weights(engine.module), base_norm=engine.base_norm)
