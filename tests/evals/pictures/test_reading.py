"""Every kind of picture arrives with the right pixels, or is refused by its name."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from evals.errors import ConfigError
from evals.pictures import reading
from evals.pictures.reading import read_pixels

RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 100, 200]]], dtype=np.uint8)
"""Red, green; blue, and a blue of its own."""


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def read(data: bytes | Image.Image, size: int = 2):
    if isinstance(data, Image.Image):
        data = encoded(data)
    return read_pixels(data, size=size, where="a.png")


def grey(*values: int) -> list[list[list[int]]]:
    return [[[v] * 3 for v in values[:2]], [[v] * 3 for v in values[2:]]]


def png(side: int, depth: int, kind: int, lines: list[bytes]) -> bytes:
    """Returns a PNG as Pillow itself would not write it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + line for line in lines))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_of_16_bits(kind: int, *values: int) -> bytes:
    row = len(values) // 2
    return png(2, 16, kind, [struct.pack(f">{row}H", *values[k : k + row]) for k in (0, row)])


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_pixels_arrive_as_they_are(format) -> None:
    found = read(encoded(Image.fromarray(RGB), format))
    assert found.dtype == np.uint8
    assert (found == RGB).all()
    assert (read(encoded(Image.fromarray(RGB), "WEBP", lossless=True)) == RGB).all()


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "GIF"])
def test_lossy_formats_are_read(format) -> None:
    plain = Image.new("RGB", (16, 16), (200, 100, 50))
    assert abs(read(encoded(plain, format), 16).astype(int) - (200, 100, 50)).max() <= 4


def test_grey_and_black_and_white_become_rgb() -> None:
    values = np.array([[0, 7], [128, 255]], dtype=np.uint8)
    assert read(Image.fromarray(values)).tolist() == grey(0, 7, 128, 255)
    assert read(Image.fromarray(values).convert("1", dither=Image.Dither.NONE)).tolist() == grey(
        0, 0, 255, 255
    )


def test_a_palette_is_looked_up() -> None:
    image = Image.fromarray(RGB).quantize(4)
    assert image.mode == "P"
    assert (read(image) == RGB).all()


def test_what_is_transparent_lies_on_white() -> None:
    rgba = np.dstack([RGB, np.array([[255, 0], [128, 255]], dtype=np.uint8)])
    half = [127, 127, 255]
    expected = [[[255, 0, 0], [255, 255, 255]], [half, [10, 100, 200]]]
    assert read(Image.fromarray(rgba)).tolist() == expected
    la = np.array([[[0, 255], [0, 0]], [[9, 255], [255, 128]]], dtype=np.uint8)
    assert read(Image.fromarray(la, "LA")).tolist() == grey(0, 255, 9, 255)


def test_a_transparent_colour_of_a_palette_or_of_rgb_lies_on_white() -> None:
    palette = Image.fromarray(RGB).quantize(4)
    first = palette.getpixel((0, 0))
    assert read(encoded(palette, transparency=first))[0, 0].tolist() == [255, 255, 255]
    assert (read(encoded(palette, transparency=first))[1, 1] == RGB[1, 1]).all()
    keyed = encoded(Image.fromarray(RGB), transparency=(255, 0, 0))
    assert read(keyed)[0].tolist() == [[255, 255, 255], [0, 255, 0]]


def test_cmyk_and_ycbcr_become_rgb() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert read(encoded(cmyk, "TIFF"))[0, 0].tolist() == [255, 0, 0]
    found = read(encoded(cmyk, "JPEG", quality=95))[0, 0]
    assert abs(found.astype(int) - (255, 0, 0)).max() <= 4
    ycbcr = Image.new("RGB", (16, 16), (200, 100, 50)).convert("YCbCr")
    assert abs(read(encoded(ycbcr, "TIFF"))[0, 0].astype(int) - (200, 100, 50)).max() <= 2


def test_sixteen_bits_become_eight() -> None:
    grey_16 = png_of_16_bits(0, 0, 257 * 7, 128, 65535)
    assert read(grey_16).tolist() == grey(0, 7, 0, 255)
    assert read(png_of_16_bits(0, 129, 385, 386, 65406)).tolist() == grey(1, 1, 2, 254)
    colours = png_of_16_bits(2, *(257 * int(v) for v in RGB.flatten()))
    assert (read(colours) == RGB).all()
    tiff = Image.fromarray(np.array([[0, 257], [514, 65535]], dtype=np.uint16))
    assert read(encoded(tiff, "TIFF")).tolist() == grey(0, 1, 2, 255)


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, 3)),
        (7, lambda a: np.rot90(a.transpose(1, 0, 2), 2)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_a_picture_stands_upright(orientation, turned, format) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read(encoded(Image.fromarray(RGB), format, exif=exif))
    assert (found == turned(RGB)).all()


def test_the_middle_is_taken_and_nothing_is_stretched() -> None:
    wide = np.zeros((2, 7, 3), dtype=np.uint8)
    wide[:, 2:4] = RGB
    assert (read(Image.fromarray(wide)) == RGB).all()
    assert (read(Image.fromarray(wide.transpose(1, 0, 2))) == RGB.transpose(1, 0, 2)).all()
    assert read(Image.fromarray(wide), 5).shape == (5, 5, 3)
    halves = np.zeros((40, 40, 3), dtype=np.uint8)
    halves[:, ::2] = 200
    assert (read(Image.fromarray(halves), 4)[:, 1:3] == 100).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "that can be read but got no bytes"),
        (b"%!PS-Adobe-3.0 EPSF", "in one of the formats BMP, GIF.*begins with b'%!PS"),
        (encoded(Image.effect_noise((64, 64), 50))[:-200], "that can be read"),
        (encoded(Image.new("RGB", (64, 64)), "JPEG")[:400], "that can be read"),
        (encoded(Image.new("I", (2, 2)), "TIFF"), "of 8 or 16 bits a channel but got 32 bits"),
        (encoded(Image.new("F", (2, 2)), "TIFF"), "32 bits a pixel .mode F"),
        (encoded(Image.new("LAB", (2, 2)), "TIFF"), "one of the modes.* but got LAB"),
        (
            encoded(
                Image.new("RGB", (2, 2)), "GIF", save_all=True, append_images=[Image.fromarray(RGB)]
            ),
            "alone in its file but got 2 pictures",
        ),
    ],
    ids=["empty", "eps", "cut png", "cut jpeg", "int32", "float", "lab", "animation"],
)
def test_what_cannot_be_used_is_refused_by_name(data, said) -> None:
    with pytest.raises(ConfigError, match=f"^a.png must be a picture .*{said}.*; replace it"):
        read(data)


@pytest.mark.parametrize(("side", "said"), [(8200, "8200 x 8200"), (14000, "exceeds limit")])
def test_a_bomb_is_not_unpacked(side, said) -> None:
    with pytest.raises(ConfigError, match=said):
        read(png(side, 1, 0, [b"\0" * (side // 8)] * 9))


def test_damaged_bytes_are_refused_whatever_is_wrong_with_them() -> None:
    rng = random.Random(0)
    for format in reading.FORMATS:
        whole = encoded(Image.fromarray(np.tile(RGB, (8, 8, 1))), format)
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                read(bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]))
            except ConfigError:
                continue


def test_of_a_cameras_file_with_a_preview_the_picture_is_read() -> None:
    first, preview = Image.new("RGB", (16, 16), (200, 0, 0)), Image.new("RGB", (8, 8))
    data = encoded(first, "MPO", save_all=True, append_images=[preview])
    assert abs(read(data, 4).astype(int) - (200, 0, 0)).max() <= 4
