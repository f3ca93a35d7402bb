"""Loads a vision-language model with all that its rows are encoded by, and writes it.

Processors are built of a tokenizer and an image processor: those of transformers want torchvision.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModelForImageTextToText,
    BaseImageProcessor,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES
from transformers.utils import cached_file

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from evals.multimodal.encoding import Encoder, Processor
from evals.multimodal.pixels import BLANK, Pixels, Processed
from evals.pictures.picture import Picture
from trainers.decoder_call import ARGUMENTS
from trainers.in_step import Work
from trainers.loaded_model import LoadedModel
from trainers.multimodal.features import KnownPictures, make_features
from trainers.multimodal.network import VisionLanguageModel
from trainers.multimodal.parts import (
    LANGUAGE_MODEL,
    Parts,
    merge_size,
    part,
    parts_of,
    projected,
)
from trainers.multimodal.settings import Seeing
from trainers.pretrained import (
    FAILURES,
    NO_CODE,
    Kind,
    Source,
    answers_for,
    load_model,
    load_tokenizer,
    require_folder,
    unusable,
)

VISION_LANGUAGE = Kind(AutoModelForImageTextToText, "a vision-language model")
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")
PROCESSOR_FILE, IMAGE_FILE = "processor_config.json", "preprocessor_config.json"


def load(source: Source, settings: Seeing, benchmark: Benchmark) -> LoadedModel:
    """Loads a model with its tokenizer and image processor.

    Raises:
        ConfigError: they cannot be loaded or do not belong together, or the tokenizer cannot
            render the prompt.
    """
    tokenizer, images = load_text(source), load_images(source)
    network = load_model(source, settings, kind=VISION_LANGUAGE)
    parts = parts_of(network, path=source.path)
    trained = settings.trained(parts)
    return assembled(network, tokenizer, images, settings, benchmark, trained=trained)


def assembled(
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    images: BaseImageProcessor,
    settings: Seeing,
    benchmark: Benchmark,
    *,
    trained: Sequence[str] | None = None,
) -> LoadedModel:
    """Returns a model with all that belongs to it; `trained` None is all parts.

    Raises:
        ConfigError: image processor and tower do not fit, or the tokenizer cannot render the
            prompt.
    """
    parts = parts_of(network, path=type(network).__name__)
    everything = (LANGUAGE_MODEL, parts.projector, parts.tower)
    model = VisionLanguageModel(network, parts, trained=trained or everything)
    pixels = pixels_of(network, parts, images)
    processor = Processor(tokenizer, settings.prompt, pixels)
    Encoder(processor)  # refuses a prompt without a place for the picture
    loaded = LoadedModel(model.eval(), processor, write, ARGUMENTS)
    if model.sees_anew or settings.cache is None:
        return loaded
    return replace(loaded, prepare=partial(with_features, settings=settings, benchmark=benchmark))


def with_features(
    loaded: LoadedModel, *, settings: Seeing, benchmark: Benchmark
) -> Work[LoadedModel]:
    """Returns a model that has looked at all pictures of the benchmark, on its device."""
    model, processor = cast(VisionLanguageModel, loaded.model), loaded.processor
    seen = pictures_of(benchmark)
    if not seen:
        return loaded
    model.features = yield from make_features(
        model.network, model.parts, processor.pictures, seen, folder=settings.features_folder()
    )
    known = KnownPictures(processor.pictures, seen)
    return replace(loaded, processor=replace(processor, pictures=known))


def pictures_of(benchmark: Benchmark) -> list[Picture]:
    """Returns every picture of a benchmark once, in its order."""
    groups = [*benchmark.splits.values(), *(task.examples for task in benchmark.tasks)]
    found = (example.picture for group in groups for example in group)
    return list(dict.fromkeys(picture for picture in found if picture is not None))


def load_text(source: Source) -> PreTrainedTokenizerBase:
    """Loads the tokenizer, with the chat template that older models keep in a file of its own.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    tokenizer = load_tokenizer(source)
    if not tokenizer.chat_template:
        tokenizer.chat_template = _template(source)
    return tokenizer


def load_images(source: Source) -> BaseImageProcessor:
    """Loads the image processor that lies beside the weights.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    require_folder(source, (IMAGE_FILE, PROCESSOR_FILE))
    try:
        return AutoImageProcessor.from_pretrained(
            os.path.expanduser(source.path),
            revision=source.revision or "main",
            local_files_only=source.local_files_only or not answers_for(source),
            **NO_CODE,
        )
    except FAILURES as error:
        rule = "model.path must be a model with its image processor"
        raise unusable(source, rule, error) from error


def pixels_of(network: PreTrainedModel, parts: Parts, images: BaseImageProcessor) -> Pixels:
    """Returns how a model's pictures become pixels; the network may be on the meta device.

    Raises:
        ConfigError: what the image processor makes is not what the tower takes.
    """
    image_token_id = int(network.config.image_token_id)
    merge = merge_size(network)
    if parts.has_grid:
        pixels = Pixels(images, image_token_id=image_token_id, tokens_each=0, merge_size=merge)
        _require_fit(pixels, network, parts)
        return pixels
    pixels = Pixels(images, image_token_id=image_token_id, tokens_each=1)
    size = _require_fit(pixels, network, parts)
    return Pixels(images, image_token_id=image_token_id, tokens_each=size)


def _require_fit(pixels: Pixels, network: PreTrainedModel, parts: Parts) -> int:
    """Returns how many tokens the model makes of a small picture."""
    tower = part(network, parts.tower)
    try:
        blank = pixels.blank()
        if bool(blank.grid) != parts.has_grid:
            wanted = "patches with" if parts.has_grid else "pictures without"
            raise ValueError(f"it takes {wanted} image_grid_thw")
        if parts.has_grid:
            return _merged_tokens(blank, network.config.vision_config)
        weight = next(tower.parameters())
        with torch.no_grad():
            values = blank.values[None].to(weight.device, weight.dtype)
            return len(projected(network, values, None)[0])
    except (ValueError, RuntimeError, TypeError, KeyError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            "model.path must be a model with the image processor that its tower was trained with "
            f"but got a {type(pixels.processor).__name__} for a {type(tower).__name__} "
            f"({reason}); put the model's own {IMAGE_FILE} there"
        ) from error


def _merged_tokens(picture: Processed, vision: Any) -> int:
    """Returns the tokens of patches, whose size and number the tower must be able to take."""
    wanted = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
    found = picture.values.shape[1]
    if found != wanted:
        raise ValueError(f"it takes patches of {wanted} numbers, not of {found}")
    if any(side % vision.spatial_merge_size for side in picture.grid[1:]):
        raise ValueError(f"it merges {vision.spatial_merge_size} patches a side")
    return len(picture.values) // int(vision.spatial_merge_size) ** 2


def write(
    model: nn.Module, processor: Processor, folder: Path, state: Mapping[str, Tensor] | None
) -> None:
    """Writes the network, its tokenizer and its image processor as transformers does."""
    assert isinstance(model, VisionLanguageModel)
    inner = None
    if state is not None:
        inner = {name.removeprefix("network."): value for name, value in state.items()}
    model.network.save_pretrained(folder, state_dict=inner)
    processor.tokenizer.save_pretrained(folder)
    images = processor.pictures.processor
    images.save_pretrained(folder)
    if not model.parts.has_grid:
        said = _joint_processor(model.network, processor)
        (folder / PROCESSOR_FILE).write_text(json.dumps(said, indent=2))


def _joint_processor(network: PreTrainedModel, processor: Processor) -> dict[str, Any]:
    """Returns what transformers' own processor has to know to count image tokens."""
    config, token_id = network.config, processor.pictures.image_token_id
    strategy = config.vision_feature_select_strategy
    vision = config.vision_config
    patches = (vision.image_size // vision.patch_size) ** 2
    tokens = processor.pictures.num_tokens(BLANK)
    return {
        "processor_class": PROCESSOR_MAPPING_NAMES.get(config.model_type, "LlavaProcessor"),
        "image_token": processor.tokenizer.convert_ids_to_tokens(token_id),
        "patch_size": vision.patch_size,
        "vision_feature_select_strategy": strategy,
        "num_additional_image_tokens": tokens - patches + (strategy == "default"),
    }


def _template(source: Source) -> str | None:
    """Returns the chat template of a file beside the tokenizer, if there is one."""
    for name in TEMPLATE_FILES:
        try:
            file = cached_file(
                os.path.expanduser(source.path),
                name,
                revision=source.revision or "main",
                local_files_only=source.local_files_only or not answers_for(source),
                _raise_exceptions_for_missing_entries=False,
                _raise_exceptions_for_connection_errors=False,
            )
        except FAILURES as error:
            raise unusable(source, f"model.path must have a readable {name}", error) from error
        if file is not None:
            text = Path(file).read_text(encoding="utf-8")
            return str(json.loads(text)["chat_template"]) if name.endswith("json") else text
    return None
