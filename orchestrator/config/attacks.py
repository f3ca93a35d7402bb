"""Whether attacks are run on the methods that a sweep has found, and by how many models."""

from pydantic import Field, ValidationInfo, field_validator

from evals.choice import Settings
from evals.errors import ConfigError


class AttackSettings(Settings):
    """Models that are attacked, and those that the attacker knows: half of either each world's.

    Each is a split of the benchmark, at which Original, Gold and every method's best setting are
    trained. Null, the default, trains none.
    """

    targets: int = Field(32, ge=2)
    shadows: int = Field(32, ge=2)
    pack: int = Field(24, ge=1)
    """Models that are given to a gang at once, which loses no time between them."""

    @property
    def num_models(self) -> dict[str, int]:
        """How many there are of either kind."""
        return {"targets": self.targets, "shadows": self.shadows}

    @field_validator("targets", "shadows")
    @classmethod
    def _halves(cls, given: int, info: ValidationInfo) -> int:
        if given % 2:
            raise ConfigError(
                f"attacks.{info.field_name} must be even, as half of them are of either world, "
                f"but got {given}; take {given + 1}"
            )
        return given
