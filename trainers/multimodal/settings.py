"""How any vision-language model is held, what of it trains, and how it is asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from evals.errors import ConfigError, FieldError
from evals.multimodal.framing import Prompt
from evals.paths import read_path
from evals.pictures.store import CACHE
from trainers.multimodal.parts import LANGUAGE_MODEL, Parts
from trainers.pretrained import Running

PartState = Literal["frozen", "trained"]


class Seeing(Running):
    """What of a model trains: all weights of a part, or an adapter on its linear layers."""

    tower: PartState = "frozen"
    """What looks at pictures; frozen, it looks at each only once."""
    projector: PartState = "frozen"
    """What makes tokens of what the tower sees."""
    language_model: PartState = "trained"
    """What reads tokens and answers, output head included; an adapter leaves the head out."""
    cache: str | None = CACHE
    """A folder in which a frozen tower's features are kept once for a sweep; null computes them
    in every step."""
    prompt: Prompt = Prompt()

    @model_validator(mode="after")
    def _something_trains(self) -> "Seeing":
        if "trained" not in (self.tower, self.projector, self.language_model):
            raise FieldError(
                "language_model must be trained where tower and projector are frozen but got "
                "'frozen'; set model.language_model: trained"
            )
        return self

    def trained(self, parts: Parts) -> Sequence[str]:
        """Returns the names of the parts that train."""
        states = {
            parts.tower: self.tower,
            parts.projector: self.projector,
            LANGUAGE_MODEL: self.language_model,
        }
        return [name for name, state in states.items() if state == "trained"]

    def features_folder(self) -> Path | None:
        """Returns the folder of features, or None where they are not to be kept.

        Raises:
            ConfigError: no file system takes the path.
        """
        if self.cache is None:
            return None
        try:
            return read_path(self.cache, key="model.cache") / "features"
        except ConfigError:
            if self.cache == CACHE:  # nobody's home
                return None
            raise
