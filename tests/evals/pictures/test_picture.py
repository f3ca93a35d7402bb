"""A picture is identified by its size and pixels, wherever they lie."""

import pickle

import numpy as np
import pytest

from evals.pictures.picture import Picture

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def test_content_is_of_size_and_pixels_alone() -> None:
    same = Picture(np.asfortranarray(PIXELS))
    assert Picture(PIXELS).content() == same.content()
    assert Picture(PIXELS.reshape(4, 2, 3)).content() != same.content()
    changed = PIXELS.copy()
    changed[1, 3, 2] += 1
    assert Picture(changed).content() != same.content()


def test_pictures_with_the_same_pixels_are_equal() -> None:
    first, same, other = Picture(PIXELS), Picture(PIXELS.copy()), Picture(PIXELS + 1)
    assert first == same != other
    assert len({first, same, other}) == 2
    assert pickle.loads(pickle.dumps(first)) == first


def test_pixels_cannot_be_written_to() -> None:
    picture = Picture(PIXELS.copy())
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0, 0] = 1
