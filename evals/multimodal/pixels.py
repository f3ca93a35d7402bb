"""Pictures as a vision tower takes them, by the image processor that was saved with the model.

Shapes: B rows, C channels, H and W pixels, P patches, D numbers of a patch.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import BaseImageProcessor

from evals.errors import ConfigError
from evals.pictures.picture import Picture

KEPT_BYTES = 256 << 20
"""Of processed pictures that are kept, so that no picture is processed in every step."""
GRID, PIXELS = "image_grid_thw", "pixel_values"
"""What image processors call the patches of each picture (time, height, width), and pixels."""

BLANK = Picture(np.zeros((64, 64, 3), dtype=np.uint8))
"""A small black picture."""


@dataclass(frozen=True, slots=True)
class Processed:
    """One picture's pixels as the tower takes them; `grid` is empty where patches have none."""

    values: Tensor
    grid: tuple[int, ...] = ()


class Pixels:
    """Gives a model the pixels of each picture.

    Without a grid of patches every picture has `tokens_each` tokens; with one, a token for each
    `merge_size` x `merge_size` patches.
    """

    def __init__(
        self,
        processor: BaseImageProcessor,
        *,
        image_token_id: int,
        tokens_each: int,
        merge_size: int = 1,
    ) -> None:
        self.processor = processor
        self.image_token_id = image_token_id
        self._tokens_each = tokens_each
        self._merge_size = merge_size
        self._kept: OrderedDict[str, Processed] = OrderedDict()
        self._kept_bytes = 0
        self._grids: dict[tuple[int, ...], tuple[int, ...]] = {}

    def num_tokens(self, picture: Picture) -> int:
        """Returns how many tokens of a row the picture takes."""
        if self._tokens_each:
            return self._tokens_each
        time, height, width = self.grid(picture)
        return time * height * width // self._merge_size**2

    def grid(self, picture: Picture | None) -> tuple[int, ...]:
        """Returns the patches of a picture by time, height and width; zeros without one.

        They follow from its size: one picture of each size is processed for it.
        """
        if picture is None:
            return (0, 0, 0)
        size = picture.pixels.shape
        if size not in self._grids:
            self._grids[size] = self.processed(picture).grid
        return self._grids[size]

    def inputs(self, pictures: Sequence[Picture | None]) -> Mapping[str, Tensor]:
        """Returns pixel_values_B..., zeros for a row without a picture, and has_picture_B.

        With a grid of patches these are pixel_values_BPD, with zeros behind the patches of a
        smaller picture, and image_grid_thw_B3.
        """
        found = [None if each is None else self.processed(each) for each in pictures]
        seen = [each for each in found if each is not None] or [self.blank()]
        shape = [max(sizes) for sizes in zip(*(each.values.shape for each in seen), strict=True)]
        values = torch.zeros(len(found), *shape)
        for index, each in enumerate(found):
            if each is not None:
                values[index, : len(each.values)] = each.values
        has_picture = torch.tensor([each is not None for each in found])
        return {PIXELS: values, "has_picture": has_picture, **self.grids(pictures)}

    def grids(self, pictures: Sequence[Picture | None]) -> Mapping[str, Tensor]:
        """Returns image_grid_thw_B3, or nothing where the model knows no grid."""
        if self._tokens_each:
            return {}
        return {GRID: torch.tensor([self.grid(each) for each in pictures])}

    def blank(self) -> Processed:
        """Returns a small black picture."""
        return self.processed(BLANK)

    def processed(self, picture: Picture) -> Processed:
        """Returns the picture as the tower takes it."""
        key = picture.content()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = _processed(self.processor, picture)
        self._kept[key] = found
        self._kept_bytes += found.values.nbytes
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= self._kept.popitem(last=False)[1].values.nbytes
        return found


def _processed(processor: BaseImageProcessor, picture: Picture) -> Processed:
    image = Image.fromarray(picture.pixels)
    try:
        found = processor(images=image, return_tensors="pt")
    except (ValueError, TypeError) as error:
        height, width, _ = picture.pixels.shape
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            "benchmark must have pictures that the model's image processor takes but got one of "
            f"{width} x {height} pixels ({type(processor).__name__}: {reason}); leave it out, or "
            "correct preprocessor_config.json beside the model"
        ) from error
    if GRID in found:
        return Processed(found[PIXELS], tuple(found[GRID][0].tolist()))
    return Processed(found[PIXELS][0])
