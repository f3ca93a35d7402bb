"""A picture is identified by its size and pixels, wherever they lie."""

import numpy as np

from evals.pictures.picture import Picture


def test_content_is_of_size_and_pixels_alone() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    same = Picture(np.asfortranarray(pixels))
    assert Picture(pixels).content() == same.content()
    assert Picture(pixels.reshape(4, 2, 3)).content() != same.content()
    changed = pixels.copy()
    changed[1, 3, 2] += 1
    assert Picture(changed).content() != same.content()
