"""The size of a vision-language model, read off it without weights.

A row is one of the language model's, longer by the tokens of its picture. What the tower makes is
looked at by calling it once. A tower that trains keeps its outputs for the backward pass; a frozen
one is done with a layer at a time; one whose features are kept is not called at all.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from evals.multimodal.pixels import BLANK
from trainers.memory.decoder import DecoderSize, measure_decoder
from trainers.memory.footprint import Weights
from trainers.multimodal.parts import merge_size, part
from trainers.multimodal.settings import Seeing
from trainers.multimodal.skeleton import PictureLoad, Skeleton
from trainers.requirements import Requirements
from trainers.settings import AdapterSettings

BACKWARD = 2.0
"""Work of a backward pass, of a forward pass's."""


@dataclass(frozen=True, slots=True)
class TowerSize:
    """What looking at one picture of `tokens` tokens takes: bytes kept, bytes at once, work."""

    tokens: int
    kept_bytes: int
    passing_bytes: int
    flops: float

    def of(self, tokens: float) -> float:
        """Returns how many such pictures so many tokens are."""
        return tokens / self.tokens if self.tokens else 0.0


@dataclass(frozen=True, slots=True)
class VisionLanguageSize:
    """A language model's size, and what pictures add to its rows."""

    decoder: DecoderSize
    pictures: PictureLoad
    tower: TowerSize
    trains: bool
    """Whether the tower trains."""
    looks_once: bool
    """Whether what the tower makes is kept, on the disk."""
    feature_bytes: int
    """What is kept of a token."""

    @property
    def weights(self) -> Weights:
        """The numbers of parameters of all parts."""
        return self.decoder.weights

    @property
    def cache_bytes(self) -> int:
        """Returns what the features of all pictures take on the disk."""
        return self.feature_bytes * self.pictures.num_tokens if self.looks_once else 0

    def training_bytes(
        self, asked: Requirements, *, num_rows: int, length: int, num_labels: int
    ) -> int:
        """Returns the most that a micro-batch takes, all of whose rows have a picture.

        Such rows are not joined in one pass.
        """
        text = self.decoder.training_bytes(
            asked,
            num_rows=num_rows,
            length=length + self.pictures.most_tokens,
            num_labels=num_labels,
            joins=not self.pictures.num_pictures,
        )
        return text + self._seen_bytes(num_rows * sum(asked.passes), kept=self.trains)

    def reference_bytes(self, drawn: Sequence[tuple[Requirements, int]], *, length: int) -> int:
        """Returns what is kept where no row has a picture; others are computed each time."""
        return self.decoder.reference_bytes(drawn, length=length)

    def evaluation_bytes(
        self, *, num_rows: int, length: int, num_labels: int, num_generated: int
    ) -> int:
        """Returns what scoring takes, or generating."""
        text = self.decoder.evaluation_bytes(
            num_rows=num_rows,
            length=length + self.pictures.most_tokens,
            num_labels=num_labels,
            num_generated=num_generated,
        )
        return text + self._seen_bytes(num_rows, kept=False)

    def training_flops(
        self, asked: Requirements, *, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of a micro-batch."""
        whole = length + self.pictures.mean_tokens
        text = self.decoder.training_flops(asked, num_rows=num_rows, length=whole, on_gpu=on_gpu)
        each = 1 + BACKWARD if self.trains else 1.0
        return text + each * self._looking_flops(num_rows * sum(asked.passes))

    def forward_flops(
        self, *, num_passes: float, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of passes without gradients."""
        whole = length + self.pictures.mean_tokens
        text = self.decoder.forward_flops(
            num_passes=num_passes, num_rows=num_rows, length=whole, on_gpu=on_gpu
        )
        return text + num_passes * self._looking_flops(num_rows)

    def _seen_bytes(self, num_pictures: float, *, kept: bool) -> int:
        if self.looks_once or not self.pictures.num_pictures:
            return 0
        size = self.tower.of(self.pictures.most_tokens)
        each = self.tower.kept_bytes if kept else self.tower.passing_bytes
        return int(num_pictures * size * each)

    def _looking_flops(self, num_rows: float) -> float:
        if self.looks_once:
            return 0.0
        return num_rows * self.tower.of(self.pictures.mean_tokens) * self.tower.flops


def measure_vision_language(
    skeleton: Skeleton,
    settings: Seeing,
    *,
    adapter: AdapterSettings | None,
    bf16: bool,
) -> VisionLanguageSize:
    """Returns the size of a model on the meta device, which is given `adapter` for good.

    Raises:
        ConfigError: adapter.target_modules names no linear layer of a part that trains.
    """
    looks_once = settings.cache is not None and not skeleton.sees_anew
    tower, width = _look_once(skeleton)
    pictures = skeleton.load
    loaded_bytes = next(skeleton.parameters()).element_size()
    text = measure_decoder(skeleton, settings, adapter=adapter, bf16=bf16)
    return VisionLanguageSize(
        decoder=text,
        pictures=pictures,
        tower=tower,
        trains=skeleton.sees_anew,
        looks_once=looks_once,
        feature_bytes=loaded_bytes * width * merge_size(skeleton.network) ** 2,
    )


def _look_once(model: Skeleton) -> tuple[TowerSize, int]:
    """Returns what a small picture takes, and how wide what the projector is given is.

    A tower of patches in a grid cannot be called without numbers. So two of its kind are built that
    have a layer and two, and each further layer is what the second one is.
    """
    tower, blank = part(model.network, model.parts.tower), model.pixels.blank()
    tokens = model.pixels.num_tokens(BLANK)
    if not blank.grid:
        width = int(next(part(model.network, model.parts.projector).parameters()).shape[-1])
        weight = next(tower.parameters())
        seen = _seen(tower, blank.values[None].to(weight.device, weight.dtype))
        return TowerSize(tokens, seen.kept_bytes, seen.passing_bytes, seen.flops), width
    grid = torch.tensor([blank.grid])
    one, two = (_seen(_shallow(tower, depth), blank.values, grid) for depth in (1, 2))
    vision: Any = tower.config
    more = int(vision.depth) - 1
    kept = one.kept_bytes + more * (two.kept_bytes - one.kept_bytes)
    flops = one.flops + more * (two.flops - one.flops)
    scale = next(tower.parameters()).element_size() / torch.float32.itemsize
    size = TowerSize(tokens, int(kept * scale), int(two.passing_bytes * scale), flops)
    return size, int(getattr(vision, "embed_dim", None) or vision.hidden_size)


def _shallow(tower: nn.Module, depth: int) -> nn.Module:
    """Returns a tower like this one, of so many layers, with weights of no meaning."""
    config: Any = copy.deepcopy(tower.config)
    config.depth = depth
    shallow: nn.Module = type(tower)(config)
    return shallow


@dataclass(frozen=True, slots=True)
class _Seen:
    kept_bytes: int
    passing_bytes: int
    flops: float


@torch.no_grad()
def _seen(tower: nn.Module, values: Tensor, grid: Tensor | None = None) -> _Seen:
    """Returns the sizes of all outputs, and of the largest two, in one call of a tower."""
    sizes: list[int] = []

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.numel() * output.element_size())

    leaves = [each for each in tower.modules() if not list(each.children())]
    handles = [each.register_forward_hook(note) for each in leaves]
    try:
        with FlopCounterMode(display=False) as counter:
            tower(values) if grid is None else tower(values, grid_thw=grid)
    finally:
        for handle in handles:
            handle.remove()
    return _Seen(sum(sizes), sum(sorted(sizes)[-2:]), float(counter.get_total_flops()))
