"""A vision-language model small enough for a laptop's CPU, with random weights.

`architecture` chooses between two published ones: LLaVA's, a CLIP tower of square patches whose
tokens a projector maps to those of a Llama, and Qwen2-VL's, whose merger makes one token of
`merge_size` x `merge_size` patches. The tokenizer is trained on the benchmark's own texts.

Random weights train whole; `tower`, `projector` and `language_model` say what trains of a
checkpoint, which is what trials start from.
"""

from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from transformers import (
    BaseImageProcessor,
    CLIPImageProcessorPil,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from evals.benchmark import Benchmark
from evals.errors import FieldError
from trainers.byte_pairs import FEWEST, train_byte_pairs
from trainers.family import Use
from trainers.loaded_model import LoadedModel, Shape
from trainers.multimodal.checks import check_loads, check_rows, require_rows_fit
from trainers.multimodal.loading import assembled, load
from trainers.multimodal.settings import Seeing
from trainers.multimodal.size import VisionLanguageSize, measure_vision_language
from trainers.multimodal.skeleton import Skeleton, empty, load_empty
from trainers.pretrained import Source, prepare, require_attention, torch_dtype
from trainers.pretrained_identity import shape_from_scratch
from trainers.settings import AdapterSettings

SUITES = ("multimodal",)
IMAGE = "<image>"
PATCH_SIZES = {"llava": 12, "qwen2_vl": 8}
_ROPE_PARTS = 3
"""Positions of a Qwen2-VL are turned by time, height and width."""


class Config(Seeing):
    """Size of the model; `vocab_size` is an upper bound (few texts have few merges)."""

    architecture: Literal["llava", "qwen2_vl"] = "qwen2_vl"
    image_size: int = Field(48, ge=8)
    """Pixels a side that every picture is brought to."""
    patch_size: int | None = Field(None, ge=1)
    """Pixels a side of a patch; None for 8, with llava, which merges none, 12."""
    merge_size: int = Field(2, ge=1)
    """Patches a side that become one token; Qwen2-VL."""
    tower_size: int = Field(64, ge=8)
    tower_layers: int = Field(3, ge=1)
    tower_heads: int = Field(4, ge=1)
    hidden_size: int = Field(96, ge=8)
    num_layers: int = Field(3, ge=1)
    num_heads: int = Field(4, ge=1)
    intermediate_size: int = Field(256, ge=8)
    vocab_size: int = Field(2048, ge=FEWEST + 1)
    max_position_embeddings: int = Field(512, ge=8)

    @property
    def patch(self) -> int:
        """`patch_size`, or what stands for it in the architecture."""
        return self.patch_size or PATCH_SIZES[self.architecture]

    @model_validator(mode="after")
    def _patches_fill_pictures(self) -> "Config":
        step = self.patch * (self.merge_size if self.architecture == "qwen2_vl" else 1)
        if self.image_size % step:
            raise FieldError(
                f"image_size must be a multiple of {step}, of patch_size times merge_size where "
                f"the architecture merges, but got {self.image_size}; give "
                f"{-(-self.image_size // step) * step}"
            )
        return self

    @model_validator(mode="after")
    def _heads_are_even(self) -> "Config":
        parts = 2 * _ROPE_PARTS if self.architecture == "qwen2_vl" else 2
        widths = {"hidden_size": (self.hidden_size, self.num_heads * parts)}
        tower = self.tower_heads * (4 if self.architecture == "qwen2_vl" else 1)
        widths["tower_size"] = (self.tower_size, tower)
        for name, (width, step) in widths.items():
            if width % step:
                raise FieldError(
                    f"{name} must be a multiple of {step} for its number of heads but got {width}; "
                    f"give {-(-width // step) * step}"
                )
        return self

    @model_validator(mode="after")
    def _prompt_needs_no_template(self) -> "Config":
        if self.prompt.style == "chat_template":
            raise FieldError(
                "prompt.style must be tags for tiny_vision_language, whose own tokenizer has no "
                "chat template, but got chat_template; set model.prompt.style: tags"
            )
        return self


class Family:
    """Builds the model anew, the same for the same seed and benchmark."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Builds the model with random weights, or loads all of it from `checkpoint`.

        Raises:
            ConfigError: the checkpoint cannot be loaded.
        """
        config = self._config
        if checkpoint is not None:
            return load(Source(path=str(checkpoint)), config, benchmark)
        require_attention(config)
        tokenizer = self._tokenizer(benchmark)
        network = prepare(_random_network(config, tokenizer, seed=seed), config)
        return assembled(network, tokenizer, _images(config), config, benchmark)

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> Skeleton:
        """Returns the model without weights, on the meta device.

        Raises:
            ConfigError: the configuration of the checkpoint cannot be had.
        """
        config = self._config
        if checkpoint is not None:
            return load_empty(Source(path=str(checkpoint)), config, benchmark)
        tokenizer = self._tokenizer(benchmark)
        with torch.device("meta"):
            network = _random_network(config, tokenizer, seed=0)
        return empty(network, _images(config), benchmark)

    def measure(
        self, skeleton: Skeleton, *, adapter: AdapterSettings | None, bf16: bool
    ) -> VisionLanguageSize:
        """Returns the size of a skeleton under `adapter`.

        Raises:
            ConfigError: adapter.target_modules names no linear layer of a part that trains.
        """
        if adapter is not None:  # as trials have, which start from a checkpoint
            skeleton.train_only(self._config.trained(skeleton.parts))
        return measure_vision_language(skeleton, self._config, adapter=adapter, bf16=bf16)

    def check(self, checkpoint: Path | None) -> None:
        """Refuses a checkpoint that would not load; random weights always do.

        Raises:
            ConfigError: configuration, tokenizer, image processor or weights are missing or broken.
        """
        if checkpoint is not None:
            check_loads(Source(path=str(checkpoint)), self._config)

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses rows that are too long: nothing of them is ever cut.

        Raises:
            ConfigError: names the key, the row and the cure.
        """
        if checkpoint is not None:
            check_rows(Source(path=str(checkpoint)), self._config, use)
            return
        model = self.load(benchmark=use.benchmark, checkpoint=None, seed=0)
        require_rows_fit(model.processor, use)

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns the shape of the model, or of `checkpoint` if one is given.

        Raises:
            ConfigError: the checkpoint's configuration cannot be read.
        """
        return shape_from_scratch(checkpoint, self._config, num_layers=self._config.num_layers)

    def fingerprint(self) -> str:
        """Returns the name of the recipe: size, texts and seed stand in the job beside it."""
        return "random weights, byte-level BPE, vision tower"

    def _tokenizer(self, benchmark: Benchmark) -> PreTrainedTokenizerFast:
        config = self._config
        return train_byte_pairs(
            benchmark, config.prompt, vocab_size=config.vocab_size, image_token=IMAGE
        )


def _images(config: Config) -> BaseImageProcessor:
    """Returns the image processor, which brings every picture to `image_size`."""
    side = config.image_size
    if config.architecture == "llava":
        size = {"height": side, "width": side}
        return CLIPImageProcessorPil(size=size, crop_size=size)
    pixels = {"shortest_edge": side * side, "longest_edge": side * side}
    return Qwen2VLImageProcessorPil(
        size=pixels, patch_size=config.patch, merge_size=config.merge_size
    )


def _random_network(
    config: Config, tokenizer: PreTrainedTokenizerFast, *, seed: int
) -> PreTrainedModel:
    """Returns a network drawn from a generator of its own: the caller's stays where it is."""
    image_token_id = tokenizer.convert_tokens_to_ids(IMAGE)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_heads,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    make = _llava if config.architecture == "llava" else _qwen2_vl
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make(config, text, image_token_id)
    network.set_attn_implementation(config.attn_implementation)
    dtype = torch_dtype(config)
    return network if dtype == "auto" else network.to(dtype)


def _llava(config: Config, text: dict[str, Any], image_token_id: int) -> PreTrainedModel:
    vision = {
        "model_type": "clip_vision_model",
        "hidden_size": config.tower_size,
        "intermediate_size": 2 * config.tower_size,
        "num_hidden_layers": config.tower_layers,
        "num_attention_heads": config.tower_heads,
        "image_size": config.image_size,
        "patch_size": config.patch,
        "projection_dim": config.tower_size,
    }
    shape = LlavaConfig(
        vision_config=vision,
        text_config={"model_type": "llama", **text},
        image_token_id=image_token_id,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=(config.image_size // config.patch) ** 2,
    )
    return LlavaForConditionalGeneration(shape)


def _qwen2_vl(config: Config, text: dict[str, Any], image_token_id: int) -> PreTrainedModel:
    vision = {
        "depth": config.tower_layers,
        "embed_dim": config.tower_size,
        "hidden_size": config.hidden_size,
        "num_heads": config.tower_heads,
        "mlp_ratio": 2,
        "patch_size": config.patch,
        "spatial_merge_size": config.merge_size,
        "temporal_patch_size": 2,
    }
    each = config.hidden_size // config.num_heads // 2 // _ROPE_PARTS
    rope = {"rope_type": "default", "mrope_section": [each] * _ROPE_PARTS, "rope_theta": 1e4}
    shape = Qwen2VLConfig(
        text_config={**text, "rope_parameters": rope},
        vision_config=vision,
        image_token_id=image_token_id,
        video_token_id=image_token_id,
        vision_start_token_id=image_token_id,
        vision_end_token_id=image_token_id,
    )
    return Qwen2VLForConditionalGeneration(shape)
