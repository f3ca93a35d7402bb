"""Models of two worlds, which an attack on unlearning has to tell apart by what they answer.

In one world the people to be forgotten were trained on and unlearned, and the holdout never was; in
the other the two have changed places. Some models of each world are *shadows*, which the attacker
has made and knows all about; the others are *targets*, which are attacked.

What is known of a model is its *logit* of each picture: that of the cosine to the picture's own
person.

Shapes: M models, N pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evals.attack import Scored
from evals.benchmark import Role
from evals.errors import ConfigError
from evals.scores import ScoreSheet

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_MODELS = 4
"""Models of a kind below which a median deviation says nothing."""
STEADY_MODELS = 8
"""Models of a kind below which it says little."""
TINY = 1e-45
"""What CLEAR's code adds to a probability before it takes the logarithm."""


def logits(cosines: ArrayLike) -> Floats:
    """Returns log(p + 1e-45) - log(1 - p + 1e-45) of cosines p clipped to [0, 1]; NaN stays NaN."""
    p = np.clip(np.asarray(cosines, dtype=np.float64), 0.0, 1.0)
    return np.asarray(np.log(p + TINY) - np.log(1 - p + TINY))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Logits of the models of one world: targets_MN and shadows_MN, of the same pictures."""

    targets: Floats
    shadows: Floats

    def of(self, pictures_N: Mask) -> "World":
        """Returns the logits of some of the pictures."""
        return World(self.targets[:, pictures_N], self.shadows[:, pictures_N])


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Logits of pictures in the world that was `trained` on them, and in the `other` one."""

    trained: World
    other: World

    @property
    def num_pictures(self) -> int:
        """How many they are."""
        return int(self.trained.targets.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Worlds:
    """Both worlds, of the same pictures; there may be other numbers of models of each kind.

    `forgotten_N` says which pictures `forget` was trained on, and unlearned; `holdout` was trained
    on the others.

    Raises:
        ConfigError: there are fewer than LEAST_MODELS of a kind.
        ValueError: there is no picture, the shapes do not fit, or a logit is not finite.
    """

    forget: World
    holdout: World
    forgotten_N: Mask

    def __post_init__(self) -> None:
        if not self.forgotten_N.size:
            raise ValueError("there are no pictures to attack")
        for world, found_MN, kind in self._kinds:
            _require(found_MN, f"{kind} models of the {world} world", len(self.forgotten_N))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The pictures that either world was trained on; none if there is no such picture."""
        own, others = self.forgotten_N, ~self.forgotten_N
        both = (
            Part(self.forget.of(own), self.holdout.of(own)),
            Part(self.holdout.of(others), self.forget.of(others)),
        )
        return tuple(part for part in both if part.num_pictures)

    @property
    def caveat(self) -> str:
        """What is to be said of an attack with few models, or nothing."""
        few = [
            f"{len(found_MN)} {kind} models of the {world} world"
            for world, found_MN, kind in self._kinds
            if len(found_MN) < STEADY_MODELS
        ]
        if not few:
            return ""
        return f"attacked with {', '.join(few)}; {STEADY_MODELS} and more tell steadier"

    @property
    def _kinds(self) -> tuple[tuple[str, Floats, str], ...]:
        return (
            ("forget", self.forget.targets, "target"),
            ("forget", self.forget.shadows, "shadow"),
            ("holdout", self.holdout.targets, "target"),
            ("holdout", self.holdout.shadows, "shadow"),
        )


def worlds(forget: Scored, holdout: Scored) -> Worlds:
    """Returns the logits of models by the pictures of their tasks of roles FORGET and HOLDOUT.

    Pictures are known by their ids. The FORGET ones of one world are the HOLDOUT ones of the other.
    CLEAR's code also attacks the pictures that people are enrolled by, which have no scores here.

    Raises:
        ConfigError: there are too few models of a kind, or they were not scored on one another's
            pictures.
        ValueError: a score is NaN.
    """
    if not forget.targets:
        raise ConfigError(_too_few("target models of the forget world", 0))
    forgotten, strangers = (
        tuple(_cosines(forget.targets[0], role)) for role in (Role.FORGET, Role.HOLDOUT)
    )
    return Worlds(
        _world(forget, {Role.FORGET: forgotten, Role.HOLDOUT: strangers}),
        _world(holdout, {Role.HOLDOUT: forgotten, Role.FORGET: strangers}),
        np.arange(len(forgotten) + len(strangers)) < len(forgotten),
    )


def is_usable(sheet: ScoreSheet) -> bool:
    """Returns whether all pictures that an attack looks at have a finite score."""
    tasks = (*sheet.by_role(Role.FORGET), *sheet.by_role(Role.HOLDOUT))
    return all(np.isfinite(item.cosine) for task in tasks for item in task.items)


def _world(scored: Scored, wanted: Mapping[Role, Sequence[str]]) -> World:
    return World(
        _logits(scored.targets, wanted, kind="target"),
        _logits(scored.shadows, wanted, kind="shadow"),
    )


def _logits(
    sheets: Sequence[ScoreSheet], wanted: Mapping[Role, Sequence[str]], *, kind: str
) -> Floats:
    """Returns logits_MN of the `wanted` pictures, in their order."""
    num_pictures = sum(len(ids) for ids in wanted.values())
    rows = np.empty((len(sheets), num_pictures))
    for index, sheet in enumerate(sheets):
        row: list[float] = []
        for role, ids in wanted.items():
            found = _cosines(sheet, role)
            odd = set(found).symmetric_difference(ids)
            if odd:
                raise ConfigError(
                    f"the {kind} model {index} must be scored on the pictures of the others, the "
                    f"forget set of one world being the holdout of the other, but {min(odd)!r} is "
                    f"not {role} in both; evaluate all models on the same pictures"
                )
            row += [found[id] for id in ids]
        rows[index] = row
    return logits(rows)


def _cosines(sheet: ScoreSheet, role: Role) -> dict[str, float]:
    """Returns by id how near the pictures of a role are to their own person."""
    return {item.id: item.cosine for task in sheet.by_role(role) for item in task.items}


def _require(found_MN: Floats, what: str, num_pictures: int) -> None:
    if found_MN.ndim != 2 or found_MN.shape[1] != num_pictures:
        raise ValueError(f"logits of shape {found_MN.shape} of {num_pictures} pictures: {what}")
    if len(found_MN) < LEAST_MODELS:
        raise ConfigError(_too_few(what, len(found_MN)))
    odd = np.argwhere(~np.isfinite(found_MN))
    if odd.size:
        model, picture = odd[0]
        raise ValueError(
            f"the logit of picture {picture} is {found_MN[model, picture]} for the model {model} "
            f"of the {what}; leave such models out"
        )


def _too_few(what: str, number: int) -> str:
    return f"the {what} must be at least {LEAST_MODELS} for an attack but got {number}; train more"
