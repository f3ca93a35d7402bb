"""Reads any picture as an upright square in RGB, or refuses it.

- Turned as its EXIF data say. Of a picture that is not square, the middle of the longer side is
  taken; nothing is stretched or padded. Resized by Pillow's bilinear filter, which averages over
  what it leaves out.
- Grey, black and white, palettes, CMYK and YCbCr become RGB as Pillow converts them; colour
  profiles are not applied. 16 bits become 8: the nearest of 256 equal steps for grey, the upper
  byte for colours. What is transparent is laid on white.
- Refused: what is no picture or is damaged, formats that are not in FORMATS, more than MAX_PIXELS,
  several pictures in one (an animation, pages), and numbers without a range (32 bits, floats).
"""

import io
import struct
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from evals.errors import ConfigError, shown
from evals.pictures.picture import Pixels

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 1 << 26
"""Of one picture: 67 million."""
DEPTHS_16 = ("I;16", "I;16L", "I;16B", "I;16N")
WITHOUT_RANGE = ("I", "F")
PLAIN = ("1", "L", "P", "RGB", "CMYK", "YCbCr")
TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    UserWarning,
)
"""What Pillow's decoders raise, or warn of, on bytes that are damaged or made to harm."""
WHITE = (255, 255, 255, 255)


class _Refused(Exception):
    """Raised with the rule that a picture does not keep, and what it is."""


def read_pixels(data: bytes, *, size: int, where: str) -> Pixels:
    """Returns the picture that `data`, a whole file, holds, `size` pixels a side.

    Raises:
        ConfigError: it cannot be used; `where` is what it is called.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("error", UserWarning)  # EXIF data that may have turned it
            return _read(data, size)
    except _Refused as refusal:
        rule, got = refusal.args
        raise _refusal(where, rule, got) from None
    except DAMAGE as error:
        why = shown(str(error) or type(error).__name__, limit=200)[1:-1]
        raise _refusal(where, "that can be read", why) from None


def _read(data: bytes, size: int) -> Pixels:
    if not data:
        raise _Refused("that can be read", "no bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        rule = f"in one of the formats {', '.join(FORMATS)}"
        raise _Refused(rule, f"something else, which begins with {data[:8]!r}") from None
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _Refused(f"of at most {MAX_PIXELS} pixels", f"{width} x {height}")
        num_pictures = getattr(image, "n_frames", 1)
        if num_pictures > 1 and image.format != "MPO":  # cameras' JPEGs, with previews after it
            raise _Refused("alone in its file", f"{num_pictures} pictures in one")
        image.load()
        plain = _in_rgb(ImageOps.exif_transpose(image))
    return np.array(_square(plain, size))


def _in_rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode in DEPTHS_16:
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if mode in WITHOUT_RANGE:
        raise _Refused("of 8 or 16 bits a channel", f"32 bits a pixel (mode {mode})")
    if mode in TRANSPARENT or (mode in PLAIN and "transparency" in image.info):
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, WHITE), seen).convert("RGB")
    if mode not in PLAIN:
        raise _Refused(f"in one of the modes {', '.join((*PLAIN, *TRANSPARENT))}", f"{mode}")
    return image.convert("RGB")


def _square(image: Image.Image, size: int) -> Image.Image:
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return image.resize((size, size), Image.Resampling.BILINEAR, box=box)


def _refusal(where: str, rule: str, got: str) -> ConfigError:
    return ConfigError(
        f"{where} must be a picture {rule} but got {got}; replace it, take it away, or set "
        "benchmark.skip_unreadable to go on without it"
    )
