"""How a drawn person looks: what stays with a person, and what changes from picture to picture.

Lengths are shares of a picture's side.
"""

import random
from dataclasses import dataclass, fields, replace

Colour = tuple[int, int, int]

SKINS: tuple[Colour, ...] = (
    (255, 224, 196),
    (241, 194, 160),
    (224, 172, 125),
    (198, 134, 92),
    (141, 85, 55),
    (92, 58, 40),
)
HAIRS: tuple[Colour, ...] = (
    (25, 22, 20),
    (70, 44, 28),
    (120, 74, 40),
    (196, 150, 84),
    (232, 208, 140),
    (158, 60, 34),
    (170, 170, 172),
)
EYES: tuple[Colour, ...] = ((60, 40, 28), (90, 120, 70), (70, 120, 180), (110, 110, 120))
CLOTHES: tuple[Colour, ...] = (
    (180, 40, 50),
    (40, 80, 160),
    (40, 130, 80),
    (220, 180, 60),
    (120, 60, 140),
    (40, 40, 48),
    (230, 230, 224),
    (220, 120, 50),
)
WALL = 135
"""Of red, green and blue: what backgrounds are where nothing changes them."""
DYES: tuple[Colour, ...] = ((60, 160, 200), (210, 70, 150), (90, 190, 90), (240, 240, 240))
HAIR_STYLES = ("bald", "short", "long", "curly", "bun", "fringe", "mohawk")
BEARDS = ("none", "none", "none", "full", "moustache", "goatee")
GLASSES = ("none", "none", "none", "round", "square")
HATS = ("none", "none", "none", "none", "cap", "band")


@dataclass(frozen=True, slots=True)
class Look:
    """What of a person is seen in every picture."""

    skin: Colour
    hair: Colour
    hair_style: str
    eye: Colour
    face_width: float
    face_height: float
    eye_gap: float
    eye_size: float
    brow: float
    nose: float
    mouth: float
    ears: float
    beard: str
    glasses: str
    hat: str
    mole: tuple[float, float]
    clothes: Colour


@dataclass(frozen=True, slots=True)
class Shot:
    """How a picture was taken: pose, light and what a person has on that day."""

    x: float
    y: float
    scale: float
    yaw: float
    pitch: float
    roll: float
    eyes_closed: bool
    smile: float
    light: tuple[float, float]
    tint: tuple[float, float, float]
    background: tuple[Colour, Colour]
    noise: float
    noise_seed: int
    clothes: Colour | None
    """None: what the person has on by habit; so for `hair` and `glasses`."""
    stripes: bool
    hair: Colour | None
    glasses: str | None


def draw_look(rng: random.Random) -> Look:
    """Returns a look."""
    return Look(
        skin=rng.choice(SKINS),
        hair=rng.choice(HAIRS),
        hair_style=rng.choice(HAIR_STYLES),
        eye=rng.choice(EYES),
        face_width=rng.uniform(0.17, 0.25),
        face_height=rng.uniform(0.22, 0.30),
        eye_gap=rng.uniform(0.07, 0.12),
        eye_size=rng.uniform(0.022, 0.04),
        brow=rng.uniform(-0.02, 0.02),
        nose=rng.uniform(0.03, 0.09),
        mouth=rng.uniform(0.05, 0.11),
        ears=rng.uniform(0.0, 0.05),
        beard=rng.choice(BEARDS),
        glasses=rng.choice(GLASSES),
        hat=rng.choice(HATS),
        mole=(rng.uniform(-0.12, 0.12), rng.uniform(-0.05, 0.12)),
        clothes=rng.choice(CLOTHES),
    )


def changed_look(look: Look, rng: random.Random, *, share: float) -> Look:
    """Returns the look of the same person at another time: each attribute new with odds `share`."""
    fresh = draw_look(rng)
    new = {f.name: getattr(fresh, f.name) for f in fields(Look) if rng.random() < share}
    return replace(look, **new)


def draw_shot(rng: random.Random, *, hard: float) -> Shot:
    """Returns a shot; `hard` scales how far pose, light and dress go (0: all pictures alike)."""

    def spread(width: float) -> float:
        return rng.uniform(-width, width) * hard

    def colour() -> Colour:
        values = [rng.randrange(40, 230) for _ in range(3)]
        red, green, blue = (round(WALL + (value - WALL) * min(1.0, hard)) for value in values)
        return red, green, blue

    dyed, odd = rng.random() < 0.25 * hard, rng.random() < 0.1 * hard
    shot = Shot(
        x=0.5 + spread(0.10),
        y=0.48 + spread(0.08),
        scale=1 + spread(0.18),
        yaw=spread(0.07),
        pitch=spread(0.04),
        roll=spread(14.0),
        eyes_closed=rng.random() < 0.15 * hard,
        smile=spread(1.0),
        light=(spread(0.5), spread(0.5)),
        tint=(1 + spread(0.2), 1 + spread(0.2), 1 + spread(0.2)),
        background=(colour(), colour()),
        noise=6.0 * hard,
        noise_seed=rng.getrandbits(32),
        clothes=rng.choice(CLOTHES),
        stripes=rng.random() < 0.4,
        hair=rng.choice(DYES) if dyed else None,
        glasses=rng.choice(GLASSES) if odd else None,
    )
    return shot if rng.random() < hard else replace(shot, clothes=None, stripes=False)
