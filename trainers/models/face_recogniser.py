"""A network that recognises people in pictures: transformers' ResNet, or another backbone.

Its embedding is the backbone's pooled output; a head with a vector for each person of the benchmark
is trained on it by an additive-margin softmax (`trainers.margin_head`). Without `path` it is built
anew from `hidden_sizes` and `depths`; else the backbone is what transformers' AutoModel loads from
a folder or hub id, whose own classifier is left aside.

`hidden(batch, 0)` of a method is the embedding: there is no other layer to look at.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel, ResNetConfig, ResNetModel

from evals.benchmark import Benchmark
from evals.choice import Settings
from evals.errors import ConfigError, FieldError
from evals.faces.encoding import Processor
from trainers.adapters import add_adapter
from trainers.family import Use
from trainers.loaded_model import LoadedModel, Shape
from trainers.margin_head import MarginHead, Recogniser, normalises_batches
from trainers.memory.measured_size import MeasuredSize, forward_size
from trainers.memory.weights import weights_of
from trainers.model_call import Arguments
from trainers.model_files import folder_fingerprint
from trainers.settings import AdapterSettings

SUITES = ("faces",)
HEAD = "head.safetensors"
IMAGENET = Processor((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""What pictures are normalised by, as those of the published backbones were."""


class Config(Settings):
    """The backbone, and how its head tells people apart."""

    path: str | None = Field(None, min_length=1)
    """A folder or hub id of a backbone; null builds a ResNet from scratch."""
    revision: str | None = None
    local_files_only: bool = False
    embedding_size: int = Field(16, ge=1)
    """Channels of the first layer of a ResNet from scratch."""
    hidden_sizes: tuple[int, ...] = (16, 32, 64)
    """Channels of its stages; the last number is the width of the embedding."""
    depths: tuple[int, ...] = (1, 1, 1)
    """Layers of its stages."""
    layer_type: Literal["basic", "bottleneck"] = "basic"
    scale: float = Field(30.0, gt=0)
    """What cosines are multiplied by (CLEAR: 30)."""
    margin: float = Field(0.3, ge=0, lt=1)
    """What the right person's cosine is lowered by in training (CLEAR: 0.4)."""
    head: Literal["normalised", "clear_repo"] = "normalised"
    """`clear_repo` does not bring the people's vectors to length 1, as CLEAR's code."""

    @model_validator(mode="after")
    def _stages_have_depths(self) -> "Config":
        if not self.hidden_sizes or len(self.hidden_sizes) != len(self.depths):
            raise FieldError(
                f"depths must have a number for each of the {len(self.hidden_sizes)} hidden_sizes "
                f"but got {list(self.depths)}; give as many"
            )
        return self


class Family:
    """Builds or loads the network; a head for other people than the benchmark's is made anew."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Loads the network from `checkpoint`, or the backbone under a head drawn by `seed`.

        Raises:
            ConfigError: the weights cannot be loaded.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            backbone = self._backbone(checkpoint)
            model = self._recogniser(backbone, num_people(benchmark))
        if checkpoint is not None:
            _load_head(model.head, checkpoint)
        return LoadedModel(model.eval(), IMAGENET, write, Arguments(layers=embedding_alone))

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> nn.Module:
        """Returns the network without weights, on the meta device, with a picture to look at.

        Raises:
            ConfigError: the backbone's configuration cannot be had.
        """
        with torch.device("meta"):
            backbone = self._empty_backbone(checkpoint)
            model = self._recogniser(backbone, num_people(benchmark))
        model.picture_shape = benchmark.splits["full"][0].picture.pixels.shape
        return model

    def measure(
        self, skeleton: nn.Module, *, adapter: AdapterSettings | None, bf16: bool
    ) -> MeasuredSize:
        """Returns the size of a skeleton, which is given `adapter` for good.

        Raises:
            ConfigError: adapter.target_modules names no linear layer of the network.
        """
        height, width, channels = skeleton.picture_shape  # type: ignore[misc]
        shape = (channels, height, width)
        pictures = {"pixel_values": torch.empty(2, *shape, device="meta")}
        row_bytes, largest_bytes, row_flops = forward_size(skeleton, pictures, num_rows=2)
        model = skeleton if adapter is None else add_adapter(skeleton, adapter, seed=0)
        return MeasuredSize(weights_of(model, bf16=bf16), row_bytes, largest_bytes, row_flops)

    def check(self, checkpoint: Path | None) -> None:
        """Refuses weights that would not load.

        Raises:
            ConfigError: names the key, the path and the cure.
        """
        if checkpoint is not None or self._config.path is not None:
            self._empty_backbone(checkpoint)
        if checkpoint is not None and not (checkpoint / HEAD).is_file():
            raise _unusable(str(checkpoint), f"there is no {HEAD} in it")

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses batches in parts, where pictures of a batch are normalised together.

        Raises:
            ConfigError: names the key and the cure.
        """
        if not self.shape(checkpoint).mixes_rows:
            return
        for key, training in use.trainings.items():
            if training.micro_batch_size != training.batch_size:
                raise ConfigError(
                    f"{key}.micro_batch_size must be {key}.batch_size ({training.batch_size}) for "
                    "a network with batch normalisation, whose statistics are of whole batches, "
                    f"but got {training.micro_batch_size}; set {key}.micro_batch_size="
                    f"{training.batch_size} and gang.ranks=1"
                )
            if training.batch_size == 1:
                raise ConfigError(
                    f"{key}.batch_size must be at least 2 for a network with batch normalisation "
                    "but got 1; raise it"
                )

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns the one layer that methods may look at, the embedding, and float32.

        Raises:
            ConfigError: the backbone's configuration cannot be had.
        """
        with torch.device("meta"):
            backbone = self._empty_backbone(checkpoint)
        return Shape(1, torch.float32, mixes_rows=normalises_batches(backbone))

    def fingerprint(self) -> str:
        """Returns the name of the recipe, or a SHA-256 of a folder's files, or a hub id's commit.

        Where neither the hub nor its cache answers, the revision stands for the commit.
        """
        path = self._config.path
        if path is None:
            return "random weights, ResNet"
        folder = Path(path).expanduser()
        if folder.is_dir():
            return folder_fingerprint(folder)
        return f"{path}@{self._commit(path) or self._config.revision or 'main'}"

    def _commit(self, path: str) -> str | None:
        try:
            config = AutoConfig.from_pretrained(path, **self._where(None))
        except (OSError, ValueError):
            return None
        commit: str | None = getattr(config, "_commit_hash", None)
        return commit

    def _recogniser(self, backbone: nn.Module, people: int) -> Recogniser:
        config = self._config
        head = MarginHead(
            _width(backbone),
            people,
            scale=config.scale,
            margin=config.margin,
            normalised=config.head == "normalised",
        )
        return Recogniser(backbone, head)

    def _backbone(self, checkpoint: Path | None) -> nn.Module:
        path = self._config.path if checkpoint is None else str(checkpoint)
        if path is None:
            return _resnet(self._config)
        try:
            backbone: nn.Module = AutoModel.from_pretrained(
                os.path.expanduser(path), dtype=torch.float32, **self._where(checkpoint)
            )
        except (OSError, ValueError, SafetensorError, RuntimeError) as error:
            raise _unusable(path, str(error).partition("\n")[0]) from error
        return backbone

    def _empty_backbone(self, checkpoint: Path | None) -> nn.Module:
        path = self._config.path if checkpoint is None else str(checkpoint)
        if path is None:
            return _resnet(self._config)
        try:
            config = AutoConfig.from_pretrained(os.path.expanduser(path), **self._where(checkpoint))
            with torch.device("meta"):
                backbone: nn.Module = AutoModel.from_config(config, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise _unusable(path, str(error).partition("\n")[0]) from error
        return backbone

    def _where(self, checkpoint: Path | None) -> dict[str, Any]:
        config = self._config
        local = checkpoint is not None or config.local_files_only
        revision = "main" if checkpoint is not None else config.revision or "main"
        return {
            "revision": revision,
            "local_files_only": local,
            "trust_remote_code": False,
            "use_safetensors": True,
        }


def _resnet(config: Config) -> nn.Module:
    shape = ResNetConfig(
        embedding_size=config.embedding_size,
        hidden_sizes=list(config.hidden_sizes),
        depths=list(config.depths),
        layer_type=config.layer_type,
    )
    model: nn.Module = ResNetModel(shape)
    return model


def num_people(benchmark: Benchmark) -> int:
    """Returns how many people a benchmark numbers, whether they are trained on or not."""
    groups = [*benchmark.splits.values(), *(task.examples for task in benchmark.tasks)]
    return 1 + max(int(face.label) for group in groups for face in group)


def embedding_alone(model: nn.Module) -> list[nn.Module]:
    """Returns the layers that methods may look at: the embedding."""
    return [next(each for each in model.modules() if isinstance(each, Recogniser)).embedding]


def write(
    model: nn.Module, _processor: Processor, folder: Path, state: Mapping[str, Tensor] | None
) -> None:
    """Writes the backbone as transformers does, and the head beside it, of `state` if given."""
    assert isinstance(model, Recogniser)
    assert isinstance(model.backbone, PreTrainedModel)
    whole = dict(model.state_dict() if state is None else state)
    inner = {k.removeprefix("backbone."): v for k, v in whole.items() if k.startswith("backbone.")}
    model.backbone.save_pretrained(folder, state_dict=inner)
    head = {name: value.contiguous() for name, value in whole.items() if name.startswith("head.")}
    save_file(head, folder / HEAD)


def _load_head(head: MarginHead, checkpoint: Path) -> None:
    try:
        weight = load_file(checkpoint / HEAD)["head.weight"]
    except (OSError, SafetensorError, KeyError) as error:
        raise _unusable(str(checkpoint), f"{HEAD}: {error}") from error
    if weight.shape != head.weight.shape:
        raise _unusable(
            str(checkpoint),
            f"its head is of {weight.shape[0]} people and {weight.shape[1]} numbers each, the "
            f"benchmark's and the backbone's are {head.weight.shape[0]} and {head.weight.shape[1]}",
        )
    with torch.no_grad():
        head.weight.copy_(weight)


def _width(backbone: nn.Module) -> int:
    """Returns the width of a backbone's pooled output, by its configuration."""
    config: Any = backbone.config
    sizes = getattr(config, "hidden_sizes", None)
    return int(sizes[-1] if sizes else config.hidden_size)


def _unusable(path: str, reason: str) -> ConfigError:
    return ConfigError(
        f"model.path must be a backbone that transformers' AutoModel loads but got {path!r} "
        f"({reason}); check the folder or hub id, the revision, the login and the network"
    )
