"""Draws people: a look that stays with a person, and a shot that changes from picture to picture.

Everything is drawn on a square of side 1, twice as large as it is kept, and made smaller at the
end. Numbers are shares of the side.
"""

import math
import random
from dataclasses import dataclass, fields, replace

import numpy as np
from PIL import Image, ImageDraw

from evals.pictures.picture import Pixels

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

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


def portrait(look: Look, shot: Shot, *, size: int) -> Pixels:
    """Returns the picture, `size` pixels a side; the same arguments give the same pixels."""
    side = 2 * size
    image = Image.new("RGB", (side, side), shot.background[0])
    canvas = _Canvas(ImageDraw.Draw(image), side, shot)
    canvas.block((0.0, 0.55, 1.0, 1.0), shot.background[1], fixed=True)
    _draw_body(canvas, look, shot)
    _draw_head(canvas, look, shot.hair or look.hair, shot)
    if shot.roll:
        image = image.rotate(shot.roll, Image.Resampling.BILINEAR, fillcolor=shot.background[0])
    small = image.resize((size, size), Image.Resampling.BOX)
    return _lit(np.asarray(small, dtype=np.float32), shot)


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Draws shapes given from the middle of the face, which a shot has moved and scaled."""

    draw: ImageDraw.ImageDraw
    side: int
    shot: Shot

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        self.draw.ellipse(self._box((x - rx, y - ry, x + rx, y + ry)), fill=colour)

    def ring(self, x: float, y: float, r: float, colour: Colour, *, square: bool) -> None:
        box, width = self._box((x - r, y - r, x + r, y + r)), max(1, self.side // 48)
        outline = self.draw.rectangle if square else self.draw.ellipse
        outline(box, outline=colour, width=width)

    def block(self, box: Box, colour: Colour, *, fixed: bool = False) -> None:
        place = tuple(v * self.side for v in box) if fixed else self._box(box)
        self.draw.rectangle(place, fill=colour)

    def arc(self, x: float, y: float, rx: float, bend: float, colour: Colour) -> None:
        left, right = self._at(x - rx, y), self._at(x + rx, y)
        middle = self._at(x, y + bend)
        self.draw.line([left, middle, right], fill=colour, width=max(1, self.side // 32))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        shot = self.shot
        return (shot.x + x * shot.scale) * self.side, (shot.y + y * shot.scale) * self.side

    def _box(self, box: Box) -> Box:
        return (*self._at(box[0], box[1]), *self._at(box[2], box[3]))


def _draw_body(canvas: _Canvas, look: Look, shot: Shot) -> None:
    clothes = shot.clothes or look.clothes
    canvas.ellipse(0, 0.62, 0.36, 0.32, clothes)
    if shot.stripes:
        light = _shade(clothes, 1.4)
        for y in (0.40, 0.48, 0.56):
            canvas.block((-0.22, y, 0.22, y + 0.03), light)
    canvas.block((-0.07, 0.15, 0.07, 0.34), _shade(look.skin, 0.85))


def _draw_head(canvas: _Canvas, look: Look, hair: Colour, shot: Shot) -> None:
    w, h = look.face_width, look.face_height
    _draw_hair_behind(canvas, look, hair)
    for side in (-1, 1):
        canvas.ellipse(side * w, 0.02, look.ears, look.ears * 1.3, _shade(look.skin, 0.9))
    canvas.ellipse(0, 0, w, h, look.skin)
    _draw_beard(canvas, look, hair)
    _draw_face(canvas, look, hair, shot)
    _draw_hair_in_front(canvas, look, hair)
    glasses = look.glasses if shot.glasses is None else shot.glasses
    if glasses != "none":
        for side in (-1, 1):
            x = side * look.eye_gap + shot.yaw
            canvas.ring(x, shot.pitch - 0.03, 0.06, (20, 20, 24), square=glasses == "square")
    if look.hat != "none":
        y = -h * (1.0 if look.hat == "cap" else 0.75)
        canvas.block(
            (-w, y, w, y + (0.11 if look.hat == "cap" else 0.05)), shot.clothes or look.clothes
        )


def _draw_face(canvas: _Canvas, look: Look, hair: Colour, shot: Shot) -> None:
    dark = _shade(look.skin, 0.6)
    for side in (-1, 1):
        x, y = side * look.eye_gap + shot.yaw, shot.pitch - 0.03
        if shot.eyes_closed:
            canvas.arc(x, y, look.eye_size, 0.01, dark)
        else:
            canvas.ellipse(x, y, look.eye_size * 1.4, look.eye_size, (245, 245, 245))
            canvas.ellipse(x, y, look.eye_size * 0.8, look.eye_size * 0.8, look.eye)
        canvas.arc(x, y - 0.065, look.eye_size * 1.6, -look.brow - 0.005, _shade(hair, 0.7))
    canvas.ellipse(shot.yaw * 1.4, shot.pitch + 0.05, look.nose * 0.4, look.nose * 0.7, dark)
    canvas.arc(shot.yaw, shot.pitch + 0.14, look.mouth, shot.smile * 0.03, (150, 50, 55))
    canvas.ellipse(look.mole[0] + shot.yaw, look.mole[1], 0.012, 0.012, _shade(look.skin, 0.4))


def _draw_beard(canvas: _Canvas, look: Look, hair: Colour) -> None:
    w, h = look.face_width, look.face_height
    if look.beard == "full":
        canvas.ellipse(0, h * 0.55, w * 0.85, h * 0.5, hair)
        canvas.ellipse(0, h * 0.25, w * 0.7, h * 0.35, look.skin)
    elif look.beard == "moustache":
        canvas.block((-0.07, 0.095, 0.07, 0.12), hair)
    elif look.beard == "goatee":
        canvas.ellipse(0, h * 0.8, 0.06, 0.07, hair)


def _draw_hair_behind(canvas: _Canvas, look: Look, hair: Colour) -> None:
    w, h = look.face_width, look.face_height
    if look.hair_style == "long":
        canvas.ellipse(0, 0.08, w * 1.35, h * 1.4, hair)
    elif look.hair_style == "curly":
        for k in range(9):
            angle = math.pi * (0.85 + 1.3 * k / 8)
            canvas.ellipse(w * 1.05 * math.cos(angle), h * math.sin(angle), 0.09, 0.09, hair)
    elif look.hair_style == "bun":
        canvas.ellipse(0, -h * 1.15, 0.1, 0.1, hair)
    elif look.hair_style == "mohawk":
        canvas.block((-0.04, -h * 1.4, 0.04, -h * 0.6), hair)


def _draw_hair_in_front(canvas: _Canvas, look: Look, hair: Colour) -> None:
    w, h = look.face_width, look.face_height
    if look.hair_style in ("short", "bun", "long"):
        canvas.ellipse(0, -h * 0.78, w * 0.92, h * 0.36, hair)
    elif look.hair_style == "fringe":
        canvas.ellipse(0, -h * 0.66, w * 0.97, h * 0.42, hair)


def _lit(pixels: np.ndarray, shot: Shot) -> Pixels:
    """Returns the pixels under the shot's light and tint, with its noise."""
    size = len(pixels)
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    light = 1 + shot.light[0] * ramp[:, None, None] + shot.light[1] * ramp[None, :, None]
    noise = np.random.default_rng(shot.noise_seed).normal(0, 1, pixels.shape).astype(np.float32)
    lit = pixels * light * np.asarray(shot.tint, dtype=np.float32) + shot.noise * noise
    found: Pixels = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
    return found


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue
