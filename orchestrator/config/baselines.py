"""How the original and the gold model are made, or where they are."""

from pydantic import ValidationInfo, field_validator

from evals.choice import Settings
from orchestrator.config.existing_path import absolute_if_there
from trainers.settings import AdapterSettings, TrainingSettings


class BaselineSettings(Settings):
    """How the original and the gold model are made: one recipe for both, or given checkpoints."""

    training: TrainingSettings = TrainingSettings()
    adapter: AdapterSettings | None = None
    """LoRA that is merged after training; None is full fine-tuning."""
    original: str | None = None
    """Folder of a saved model that was trained on the split "full"."""
    gold: str | None = None
    """Folder of a saved model that was trained on the split "retain" only."""

    @field_validator("original", "gold")
    @classmethod
    def _absolute(cls, given: str | None, info: ValidationInfo) -> str | None:
        return given and absolute_if_there(given, key=f"baselines.{info.field_name}")
