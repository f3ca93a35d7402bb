"""What was found of one thing that a sweep needs."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether it works; what is doubtful stops no sweep, but may disappoint."""

    WORKS = "works"
    DOUBTFUL = "doubtful"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Finding:
    """`said` is what was found of `what`, and `cure` what to do where that does not simply work."""

    what: str
    level: Level
    said: str
    cure: str = ""

    @property
    def line(self) -> str:
        """The finding as a terminal shows it, in one or two lines."""
        first = f"{self.level:<9} {self.what:<18} {self.said}"
        return f"{first}\n{'':<28} -> {self.cure}" if self.cure else first


def works(what: str, said: str) -> Finding:
    """Returns that all is well."""
    return Finding(what, Level.WORKS, said)


def doubtful(what: str, said: str, cure: str) -> Finding:
    """Returns what will do for some sweeps, with what to do about it."""
    return Finding(what, Level.DOUBTFUL, said, cure)


def fails(what: str, said: str, cure: str) -> Finding:
    """Returns what no sweep can do without, with what to do about it."""
    return Finding(what, Level.FAILS, said, cure)
