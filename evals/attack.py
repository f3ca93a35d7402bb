"""What an attack is: a number about a method that many models of it decide, with all about it.

A metric looks at one model. An attack asks of many whether they give away what they have unlearned:
some are *targets*, which are attacked, the others *shadows*, which the attacker has made and knows
all about. Half of either were trained on the people to be forgotten and unlearned them; the others
are of the world in which these are held out and the holdout is unlearned (`evals.splits`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evals import plugins
from evals.metric import first_line
from evals.scores import ScoreSheet

PACKAGE = "evals.attacks"


@dataclass(frozen=True, slots=True)
class Scored:
    """Score sheets of the models of one world."""

    targets: Sequence[ScoreSheet]
    shadows: Sequence[ScoreSheet]


@dataclass(frozen=True, slots=True)
class Attacked:
    """What an attack comes to; `note` is what is to be said of it, or nothing."""

    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """One number about models of both worlds, and all that is to be known of it.

    `compute(forget, holdout)` gets the models' sheets, each world's by itself; it raises
    ConfigError where they are fewer than `least` of a kind and world, or were scored on different
    items. With fewer than `steady` they say little. `usable` says of a sheet whether it can be
    among them, as its scores are finite. `suite` is the one whose scores it reads.

    `bounds`, `better`, `heading`, `short`, `note` and `digits` are as a metric's, `chance` is what
    an attacker gets that guesses.
    """

    compute: Callable[[Scored, Scored], Attacked]
    usable: Callable[[ScoreSheet], bool]
    bounds: tuple[float, float]
    better: str
    suite: str
    chance: float
    least: int
    steady: int
    heading: str = ""
    short: str = ""
    note: str = ""
    digits: int = 3


def load_attack(name: str, *, key: str = "attack") -> Attack:
    """Returns `ATTACK` of `evals/attacks/<name>.py` with its texts filled in.

    Raises:
        ConfigError: there is no such attack.
    """
    module = plugins.load(PACKAGE, name, key=key)
    attack = module.ATTACK
    assert isinstance(attack, Attack), name
    return replace(
        attack,
        heading=attack.heading or name,
        short=attack.short or name.replace("_", " "),
        note=attack.note or first_line(module.__doc__),
    )


def attacks_on(suite: str) -> dict[str, Attack]:
    """Returns the attacks that read the scores of `suite`, by name."""
    found = {name: load_attack(name) for name in plugins.names(PACKAGE)}
    return {name: attack for name, attack in found.items() if attack.suite == suite}
