"""Search ranges that hyperparameters are declared with.

A method writes `beta: Annotated[float, Range(low=0.01, high=1.0, log=True)] = 0.1`: the default
is the field's, the range is what a sweep searches when its YAML says `search: {beta: default}`.
"""

from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval to search, on a log scale if `log`; whole numbers only if `integer`."""

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self} must have low < high, and low > 0 on a log scale")


def ranges(config: type[BaseModel]) -> dict[str, Range]:
    """Returns the declared range of every searchable field of a plug-in's Config."""
    found: dict[str, Range] = {}
    for name, field in config.model_fields.items():
        declared = [entry for entry in field.metadata if isinstance(entry, Range)]
        if declared:
            found[name] = declared[-1]
    return found
