"""Draws people, from a look that stays with a person and a shot that changes.

Everything is drawn on a square of side 1, twice as large as it is kept, and made smaller at the
end. Numbers are shares of the side.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from evals.pictures.appearance import Colour, Look, Shot
from evals.pictures.picture import Pixels

Box = tuple[float, float, float, float]


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
