"""A vision-language model without weights, with the pictures that it would look at."""

from dataclasses import dataclass

from transformers import BaseImageProcessor, PreTrainedModel

from evals.benchmark import Benchmark
from evals.multimodal.pixels import Pixels
from trainers.multimodal.loading import VISION_LANGUAGE, load_images, pixels_of
from trainers.multimodal.network import VisionLanguageModel
from trainers.multimodal.parts import LANGUAGE_MODEL, parts_of
from trainers.multimodal.settings import Seeing
from trainers.pretrained import Source, load_skeleton


@dataclass(frozen=True, slots=True)
class PictureLoad:
    """Pictures of a benchmark: the most tokens of one, and how many a row has on average.

    `num_pictures` different ones have `num_tokens` tokens in all.
    """

    most_tokens: int = 0
    mean_tokens: float = 0.0
    num_pictures: int = 0
    num_tokens: int = 0


class Skeleton(VisionLanguageModel):
    """A model on the meta device; `pixels` and `load` say what it is given to look at."""

    pixels: Pixels
    load: PictureLoad


def load_empty(source: Source, settings: Seeing, benchmark: Benchmark) -> Skeleton:
    """Returns the model of `source` without weights.

    Raises:
        ConfigError: its configuration or image processor cannot be had.
    """
    network = load_skeleton(source, settings, kind=VISION_LANGUAGE)
    images = load_images(source)
    trained = settings.trained(parts_of(network, path=source.path))
    return empty(network, images, benchmark, trained=tuple(trained))


def empty(
    network: PreTrainedModel,
    images: BaseImageProcessor,
    benchmark: Benchmark,
    *,
    trained: tuple[str, ...] | None = None,
) -> Skeleton:
    """Returns a network on the meta device as a skeleton; `trained` None is all parts."""
    parts = parts_of(network, path=type(network).__name__)
    everything = (LANGUAGE_MODEL, parts.projector, parts.tower)
    model = Skeleton(network, parts, trained=everything if trained is None else trained)
    model.pixels = pixels_of(network, parts, images)
    model.load = _load(model.pixels, benchmark)
    return model


def _load(pixels: Pixels, benchmark: Benchmark) -> PictureLoad:
    groups = [*benchmark.splits.values(), *(task.examples for task in benchmark.tasks)]
    pictures = {each.picture for group in groups for each in group if each.picture is not None}
    sizes = {picture: pixels.num_tokens(picture) for picture in pictures}
    tokens = [sizes.get(each.picture, 0) for each in benchmark.splits["full"]]
    return PictureLoad(
        most_tokens=max(sizes.values(), default=0),
        mean_tokens=sum(tokens) / max(1, len(tokens)),
        num_pictures=len(sizes),
        num_tokens=sum(sizes.values()),
    )
