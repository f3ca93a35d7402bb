"""Any causal language model of the hub, or of a folder: Llama-2-7b-chat, Mistral-7B-Instruct."""

from pathlib import Path

from transformers import PreTrainedModel

from evals.benchmark import Benchmark
from evals.text.encoding import Processor, Prompt, require_usable
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
    write_model,
)
from trainers.pretrained_check import check_loads, check_rows
from trainers.pretrained_identity import shape_as_run, source_fingerprint
from trainers.settings import AdapterSettings

SUITES = ("text",)


class Config(Running, Source):
    """Where the model lies, how it runs and how it wants to be asked.

    CLEAR's own text prompts are `prompt: {style: tags, question_start: "[INST] ",
    question_end: " [/INST]", answer_start: ""}` for the Llama-2 and Mistral families and the
    "Question: ...", "Answer: " of `Prompt`'s defaults for the others.
    """

    prompt: Prompt = Prompt(style="chat_template")


class Family:
    """Loads pretrained models as they are."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Loads the model, its weights and tokenizer from `checkpoint` if one is given.

        Raises:
            ConfigError: the weights or the tokenizer cannot be loaded, or the tokenizer cannot
                render the prompt.
        """
        del benchmark, seed  # pretrained weights depend on neither
        source = self._source(checkpoint)
        tokenizer = load_tokenizer(source)
        require_usable(tokenizer, self._config.prompt)
        model = load_model(source, self._config)
        return LoadedModel(model, Processor(tokenizer, self._config.prompt), write_model, ARGUMENTS)

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> PreTrainedModel:
        """Returns the model without weights, on the meta device.

        Raises:
            ConfigError: its configuration cannot be had.
        """
        del benchmark
        return load_skeleton(self._source(checkpoint), self._config)

    def measure(
        self, skeleton: PreTrainedModel, *, adapter: AdapterSettings | None, bf16: bool
    ) -> DecoderSize:
        """Returns the size of a skeleton under `adapter`.

        Raises:
            ConfigError: adapter.target_modules names no linear layer of the model.
        """
        return measure_decoder(skeleton, self._config, adapter=adapter, bf16=bf16)

    def check(self, checkpoint: Path | None) -> None:
        """Refuses weights that would not load, without loading them.

        Raises:
            ConfigError: as `load`, but for the tensors themselves.
        """
        check_loads(self._source(checkpoint), self._config, self._config.prompt)

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses rows with tokens or positions that the model has not got.

        Raises:
            ConfigError: names the key, what the model can do and the cure.
        """
        check_rows(self._source(checkpoint), self._config, self._config.prompt, use)

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns the shape of the model, or of `checkpoint` if one is given.

        Raises:
            ConfigError: the configuration cannot be read.
        """
        return shape_as_run(self._source(checkpoint), self._config)

    def fingerprint(self) -> str:
        """Returns a SHA-256 of a folder's files, or the hub id and its commit."""
        return source_fingerprint(self._config)

    def _source(self, checkpoint: Path | None) -> Source:
        return self._config if checkpoint is None else Source(path=str(checkpoint))
