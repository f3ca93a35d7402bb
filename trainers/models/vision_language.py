"""Any vision-language model of the hub, or of a folder: LLaVA-1.5, Qwen2-VL, Qwen2.5-VL.

That is what transformers' AutoModelForImageTextToText loads, if its parts lie as in one of these
(`trainers/multimodal/parts.py`). The image processor is the one saved beside the weights.
"""

from pathlib import Path

from evals.benchmark import Benchmark
from evals.multimodal.framing import Prompt
from trainers.family import Use
from trainers.loaded_model import LoadedModel, Shape
from trainers.multimodal.checks import check_loads, check_rows
from trainers.multimodal.loading import load
from trainers.multimodal.settings import Seeing
from trainers.multimodal.size import VisionLanguageSize, measure_vision_language
from trainers.multimodal.skeleton import Skeleton, load_empty
from trainers.pretrained import Source
from trainers.pretrained_identity import shape_as_run, source_fingerprint
from trainers.settings import AdapterSettings

SUITES = ("multimodal",)


class Config(Seeing, Source):
    """Where the model lies, how it runs, what of it trains and how it wants to be asked."""

    prompt: Prompt = Prompt(style="chat_template")


class Family:
    """Loads pretrained models as they are."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Loads the model with tokenizer and image processor, from `checkpoint` if one is given.

        Raises:
            ConfigError: they cannot be loaded or do not belong together, or the tokenizer cannot
                render the prompt.
        """
        del seed  # pretrained weights do not depend on it
        return load(self._source(checkpoint), self._config, benchmark)

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> Skeleton:
        """Returns the model without weights, on the meta device.

        Raises:
            ConfigError: its configuration cannot be had.
        """
        return load_empty(self._source(checkpoint), self._config, benchmark)

    def measure(
        self, skeleton: Skeleton, *, adapter: AdapterSettings | None, bf16: bool
    ) -> VisionLanguageSize:
        """Returns the size of a skeleton under `adapter`.

        Raises:
            ConfigError: adapter.target_modules names no linear layer of a part that trains.
        """
        return measure_vision_language(skeleton, self._config, adapter=adapter, bf16=bf16)

    def check(self, checkpoint: Path | None) -> None:
        """Refuses weights that would not load, without loading them.

        Raises:
            ConfigError: as `load`, but for the tensors themselves.
        """
        check_loads(self._source(checkpoint), self._config)

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses rows with tokens or positions that the model has not got, or that are too long.

        Raises:
            ConfigError: names the key, what the model can do and the cure.
        """
        check_rows(self._source(checkpoint), self._config, use)

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
