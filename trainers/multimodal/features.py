"""What a frozen tower makes of the pictures of a benchmark, made once and projected in each step.

It is kept as it is before the projector: smaller, and right whether the projector trains or not.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import PreTrainedModel

from evals.errors import ConfigError
from evals.multimodal.pixels import Pixels
from evals.pictures.picture import Picture
from trainers.in_step import Work
from trainers.multimodal.feature_file import FeatureRows, Layout, stored_features
from trainers.multimodal.parts import Parts, merge_size, part, projected

MOST_NUMBERS = 1 << 22
"""Of the processed pictures that a tower looks at together: a dozen of 336 x 336 pixels."""

_CHOICES = ("vision_feature_layer", "vision_feature_select_strategy")
"""What a configuration says of the hidden states that are handed over."""


class Features:
    """The features of pictures, by their numbers."""

    def __init__(self, rows: FeatureRows, parts: Parts) -> None:
        self._rows = rows
        self._parts = parts

    def projected(self, network: PreTrainedModel, numbers: Tensor) -> list[Tensor]:
        """Returns what the projector makes of these pictures, a tensor for each."""
        projector = part(network, self._parts.projector)
        rows = [self._rows.of(number) for number in numbers.tolist()]
        kept = torch.cat(rows).to(numbers.device, next(projector.parameters()).dtype)
        sizes = [len(each) // merge_size(network) ** 2 for each in rows]
        return list(torch.split(projector(kept), sizes))


class KnownPictures:
    """Gives a model the numbers of pictures whose features are kept."""

    def __init__(self, pixels: Pixels, pictures: Sequence[Picture]) -> None:
        self._pixels = pixels
        self._numbers = {picture.content(): number for number, picture in enumerate(pictures)}
        self.image_token_id = pixels.image_token_id
        self.processor = pixels.processor

    def num_tokens(self, picture: Picture) -> int:
        """Returns how many tokens of a row the picture takes."""
        return self._pixels.num_tokens(picture)

    def inputs(self, pictures: Sequence[Picture | None]) -> Mapping[str, Tensor]:
        """Returns picture_index_B, -1 for a row without a picture, and grids if there are any."""
        numbers = [-1 if each is None else self._numbers[each.content()] for each in pictures]
        return {"picture_index": torch.tensor(numbers), **self._pixels.grids(pictures)}


def make_features(
    network: PreTrainedModel,
    parts: Parts,
    pixels: Pixels,
    pictures: Sequence[Picture],
    *,
    folder: Path | None,
) -> Work[Features]:
    """Returns the features of `pictures`, from `folder` if they were made before.

    The network must be whole, on the device that is to compute them. It yields after each picture.

    Raises:
        ConfigError: its projector does not map rows one by one.
    """
    tower = Tower(network, parts, pixels)
    merged = merge_size(network) ** 2
    counts = tuple(merged * pixels.num_tokens(picture) for picture in pictures)
    (first,) = tower.rows(pictures[:1])
    layout = Layout(counts, first.shape[1], first.dtype)
    key = _key(network, parts, pixels, pictures)
    rows = yield from stored_features(
        lambda: tower.all_rows(pictures), layout, key=key, folder=folder
    )
    return Features(rows, parts)


class Tower:
    """The tower of a network, which is looked at where it hands over to the projector."""

    def __init__(self, network: PreTrainedModel, parts: Parts, pixels: Pixels) -> None:
        self._network = network
        self._parts = parts
        self._pixels = pixels
        self._merged = merge_size(network) ** 2

    def all_rows(self, pictures: Sequence[Picture]) -> Iterator[Tensor]:
        """Yields the rows of each picture, of which the tower looks at several at once."""
        for together in self._passes(pictures):
            yield from self.rows(together)

    @torch.no_grad()
    def rows(self, pictures: Sequence[Picture]) -> Sequence[Tensor]:
        """Returns each picture's rows, in the order of the tokens that are made of them.

        Pictures that are looked at together are equally large.

        Raises:
            ConfigError: the projector does not map rows one by one.
        """
        taken, made, kept = self._watched(pictures)
        taken = taken.flatten(0, -2)
        order = _order(made.flatten(0, -2), torch.cat(kept))
        if order is None or len(taken) != self._merged * len(order):
            raise ConfigError(
                "model.cache must be null for a model whose projector mixes the tokens of a "
                f"picture, as that of {type(self._network).__name__}; set model.cache: null"
            )
        groups = taken.reshape(-1, self._merged, taken.shape[-1])[order]
        each = torch.split(groups, [len(tokens) for tokens in kept])
        return [rows.flatten(0, 1) for rows in each]

    def _passes(self, pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
        """Yields the pictures in order, as many together as are equally large and not too many."""
        together: list[Picture] = []
        size = None
        for picture in pictures:
            values = self._pixels.processed(picture).values
            full = (len(together) + 1) * values.numel() > MOST_NUMBERS
            if together and (full or values.shape != size):
                yield together
                together = []
            together.append(picture)
            size = values.shape
        if together:
            yield together

    def _watched(self, pictures: Sequence[Picture]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Returns what the projector takes and gives of pictures, and what the model keeps."""
        seen: list[tuple[Tensor, Tensor]] = []

        def keep(_module: nn.Module, inputs: Any, output: Any) -> None:
            seen.append((inputs[0], output))

        tower = part(self._network, self._parts.tower)
        weight = next(tower.parameters())
        processed = [self._pixels.processed(picture) for picture in pictures]
        grids = [each.grid for each in processed if each.grid]
        values = [each.values.to(weight.device, weight.dtype) for each in processed]
        handle = part(self._network, self._parts.projector).register_forward_hook(keep)
        try:
            if grids:
                grid = torch.tensor(grids, device=weight.device)
                kept = projected(self._network, torch.cat(values), grid)
            else:
                kept = projected(self._network, torch.stack(values), None)
        finally:
            handle.remove()
        return *seen[0], kept


def _order(made_NH: Tensor, kept_NH: Tensor) -> Tensor | None:
    """Returns which of the projector's tokens is which of the model's, or None if none are."""
    if made_NH.shape != kept_NH.shape:
        return None
    if torch.equal(made_NH, kept_NH):
        return torch.arange(len(made_NH), device=made_NH.device)
    places = {_bytes(row): index for index, row in enumerate(made_NH)}
    found = [places.get(_bytes(row)) for row in kept_NH]
    if None in found:
        return None
    return torch.tensor(found, device=made_NH.device)


def _bytes(row: Tensor) -> bytes:
    return row.cpu().contiguous().view(torch.uint8).numpy().tobytes()


def _key(
    network: PreTrainedModel, parts: Parts, pixels: Pixels, pictures: Sequence[Picture]
) -> str:
    digest = hashlib.sha256()
    digest.update(pixels.processor.to_json_string().encode())
    config = network.config
    chosen = [getattr(config, name, None) for name in _CHOICES]
    said = [config.vision_config.to_dict(), chosen, torch.__version__, transformers.__version__]
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    tower = part(network, parts.tower).state_dict()
    inside = parts.projector.removeprefix(f"{parts.tower}.") + "."
    for name, value in sorted(tower.items()):
        if not name.startswith(inside):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.cpu().contiguous().view(torch.uint8).numpy().data)
    for picture in pictures:
        digest.update(picture.content().encode())
    return digest.hexdigest()[:32]
