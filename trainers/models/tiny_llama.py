"""A Llama small enough for a laptop's CPU, with random weights and its own tokenizer.

Hidden size 128 and four layers make about 1.1 million parameters, enough to memorise hundreds
of question-answer pairs. The byte-level BPE tokenizer is trained on the benchmark's own texts.
"""

import math
from pathlib import Path

import torch
from pydantic import Field, model_validator
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from evals.benchmark import Benchmark
from evals.errors import FieldError
from evals.text.encoding import Processor, Prompt
from trainers.byte_pairs import FEWEST, train_byte_pairs
from trainers.decoder_call import ARGUMENTS
from trainers.family import Use
from trainers.loaded_model import LoadedModel, Shape
from trainers.memory.decoder import DecoderSize, measure_decoder
from trainers.pretrained import (
    Running,
    Source,
    load_model,
    load_skeleton,
    load_tokenizer,
    prepare,
    require_attention,
    torch_dtype,
    write_model,
)
from trainers.pretrained_check import check_loads, check_rows
from trainers.pretrained_identity import shape_from_scratch
from trainers.settings import AdapterSettings

SUITES = ("text",)


class Config(Running):
    """Size of the model; `vocab_size` is an upper bound (few texts have few merges)."""

    hidden_size: int = Field(128, ge=8)
    num_layers: int = Field(4, ge=1)
    num_heads: int = Field(4, ge=1)
    intermediate_size: int = Field(384, ge=8)
    vocab_size: int = Field(2048, ge=FEWEST)
    """At least the 256 bytes and three special tokens."""
    max_position_embeddings: int = Field(512, ge=8)
    prompt: Prompt = Prompt()

    @model_validator(mode="after")
    def _heads_are_even(self) -> "Config":
        step = 2 * self.num_heads
        if self.hidden_size % step:
            raise FieldError(
                f"hidden_size must be a multiple of twice num_heads ({step}) but got "
                f"{self.hidden_size}; give {math.ceil(self.hidden_size / step) * step}, or other "
                "num_heads"
            )
        return self

    @model_validator(mode="after")
    def _prompt_needs_no_template(self) -> "Config":
        if self.prompt.style == "chat_template":
            raise FieldError(
                "prompt.style must be tags for tiny_llama, whose own tokenizer has no chat "
                "template, but got chat_template; set model.prompt.style: tags"
            )
        return self


class Family:
    """Builds the model anew, the same for the same seed and benchmark."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Builds the model with random weights, or loads it and its tokenizer from `checkpoint`.

        Raises:
            ConfigError: the checkpoint cannot be loaded.
        """
        if checkpoint is not None:
            source = Source(path=str(checkpoint))
            tokenizer = load_tokenizer(source)
            model = load_model(source, self._config)
            return self._loaded(model, tokenizer)
        require_attention(self._config)
        tokenizer = self._tokenizer(benchmark)
        model = _random_model(self._config, tokenizer, seed=seed)
        return self._loaded(prepare(model, self._config), tokenizer)

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> PreTrainedModel:
        """Returns the model without weights, on the meta device.

        Raises:
            ConfigError: the configuration of the checkpoint cannot be had.
        """
        if checkpoint is not None:
            return load_skeleton(Source(path=str(checkpoint)), self._config)
        with torch.device("meta"):
            return _random_model(self._config, self._tokenizer(benchmark), seed=0)

    def measure(
        self, skeleton: PreTrainedModel, *, adapter: AdapterSettings | None, bf16: bool
    ) -> DecoderSize:
        """Returns the size of a skeleton under `adapter`.

        Raises:
            ConfigError: adapter.target_modules names no linear layer of the model.
        """
        return measure_decoder(skeleton, self._config, adapter=adapter, bf16=bf16)

    def check(self, checkpoint: Path | None) -> None:
        """Refuses a checkpoint that would not load; random weights always do.

        Raises:
            ConfigError: configuration, tokenizer or weight files are missing or broken.
        """
        if checkpoint is not None:
            check_loads(Source(path=str(checkpoint)), self._config, self._config.prompt)

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses rows with tokens that a checkpoint has not got; random weights have all.

        Raises:
            ConfigError: names the token.
        """
        if checkpoint is not None:
            source = Source(path=str(checkpoint))
            check_rows(source, self._config, self._config.prompt, use)

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns the shape of the model, or of `checkpoint` if one is given.

        Raises:
            ConfigError: the checkpoint's configuration cannot be read.
        """
        return shape_from_scratch(checkpoint, self._config, num_layers=self._config.num_layers)

    def _loaded(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> LoadedModel:
        return LoadedModel(model, Processor(tokenizer, self._config.prompt), write_model, ARGUMENTS)

    def _tokenizer(self, benchmark: Benchmark) -> PreTrainedTokenizerFast:
        config = self._config
        return train_byte_pairs(benchmark, config.prompt, vocab_size=config.vocab_size)

    def fingerprint(self) -> str:
        """Returns the name of the recipe: size, texts and seed stand in the job beside it."""
        return "random weights, byte-level BPE"


def _random_model(
    config: Config, tokenizer: PreTrainedTokenizerFast, *, seed: int
) -> PreTrainedModel:
    """Returns a model drawn from a generator of its own: the caller's stays where it is."""
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        num_key_value_heads=config.num_heads,
        intermediate_size=config.intermediate_size,
        max_position_embeddings=config.max_position_embeddings,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation=config.attn_implementation,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(shape)
    dtype = torch_dtype(config)
    return model if dtype == "auto" else model.to(dtype)
