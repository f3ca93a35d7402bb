"""Loads a causal language model and its tokenizer, and says in plain words why it cannot."""

import os
import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import urlopen

import torch
from huggingface_hub.errors import StrictDataclassError
from pydantic import Field
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import is_flash_attn_2_available
from transformers.utils.hub import constants as hub

from evals.choice import Settings
from evals.errors import ConfigError, OutOfReach
from evals.text.encoding import Processor
from trainers.loaded_model import Shape
from trainers.stored_dtype import stored_dtype

FAILURES = (
    OSError,
    ValueError,
    TypeError,
    RuntimeError,
    KeyError,
    ImportError,
    EOFError,
    struct.error,
    pickle.UnpicklingError,
    SafetensorError,
    StrictDataclassError,
)
"""What transformers raises on missing, broken or foreign files and on an unreachable hub."""

HUB_TIMEOUT_S = 3.0
"""Enough for an answer of any kind."""
NO_CODE = {"trust_remote_code": False}
"""Code that lies beside weights is never run, and nobody is asked on standard input whether to."""
_NOT_READ = {
    ".bin": "a pickle; save the model there again with save_pretrained",  # these run code
    ".gguf": "quantised weights, which do not train; unpack and save them with transformers, "
    "by GgufConfig(dequantize=True) and save_pretrained",
}
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")


@dataclass(frozen=True, slots=True)
class Kind:
    """What is loaded: one of transformers' Auto classes, and what its models are called."""

    auto: Any
    name: str


CAUSAL = Kind(AutoModelForCausalLM, "a causal language model")


class Running(Settings):
    """How any language model is held in memory and run."""

    dtype: Literal["fp32", "bf16", "auto"] = "auto"
    """Type of the weights; auto keeps that of the checkpoint."""
    attn_implementation: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    gradient_checkpointing: bool = False
    """Recomputes activations in the backward pass: less memory, about a third more time."""


class Source(Settings):
    """Where a model is: a folder, or a hub id with its revision."""

    path: str = Field(min_length=1)
    revision: str | None = None
    local_files_only: bool = False


def torch_dtype(running: Running) -> torch.dtype | Literal["auto"]:
    """Returns the dtype as torch knows it."""
    known = {"fp32": torch.float32, "bf16": torch.bfloat16}
    return known.get(running.dtype, "auto")


def load_model(source: Source, running: Running, *, kind: Kind = CAUSAL) -> PreTrainedModel:
    """Loads the weights, in evaluation mode and on the CPU.

    Raises:
        ConfigError: they cannot be loaded, or leave a weight of the model without a value.
    """
    require_attention(running)
    return prepare(read_weights(source, running, device="cpu", kind=kind), running)


def shape_of(source: Source) -> Shape:
    """Returns what the model's configuration says of it, or else a folder's weights.

    Raises:
        ConfigError: there is no configuration, or it cannot be read.
    """
    config = _read_config(source)
    layers = int(config.get_text_config().num_hidden_layers)
    dtype = getattr(config, "dtype", None) or stored_dtype(Path(source.path).expanduser())
    return Shape(layers, dtype, getattr(config, "_commit_hash", None))


def require_attention(running: Running) -> None:
    """Refuses an attention kernel that this machine has not got; for the ranks to call."""
    if running.attn_implementation == "flash_attention_2" and not is_flash_attn_2_available():
        raise ConfigError(
            "model.attn_implementation must be sdpa or eager where flash-attn does not run but "
            "got 'flash_attention_2'; install flash-attn on every node with a GPU, or take sdpa"
        )


def write_model(
    model: nn.Module, processor: Processor, folder: Path, state: Mapping[str, Tensor] | None
) -> None:
    """Writes model and tokenizer as transformers does, with the weights `state` if given."""
    assert isinstance(model, PreTrainedModel)
    model.save_pretrained(folder, state_dict=state)
    processor.tokenizer.save_pretrained(folder)


def load_skeleton(source: Source, running: Running, *, kind: Kind = CAUSAL) -> PreTrainedModel:
    """Returns the model without weights, on the meta device, in the dtype that it would have.

    Takes moments and no memory.

    Raises:
        ConfigError: there is no configuration, or it cannot be read.
    """
    config = _read_config(source)
    dtype = torch_dtype(running)
    if dtype == "auto":
        stated = config.dtype or stored_dtype(Path(source.path).expanduser())
        dtype = stated or torch.float32
    try:
        with torch.device("meta"):
            model: PreTrainedModel = kind.auto.from_config(config, dtype=dtype, **NO_CODE)
    except FAILURES as error:
        raise unusable(source, f"model.path must be {kind.name}", error) from error
    return model


def load_tokenizer(source: Source) -> PreTrainedTokenizerBase:
    """Loads the tokenizer that lies beside the weights.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    require_folder(source, _TOKENIZER_FILES)
    try:
        return AutoTokenizer.from_pretrained(
            os.path.expanduser(source.path),
            revision=source.revision or "main",
            local_files_only=source.local_files_only or not answers_for(source),
            use_fast=True,
            **NO_CODE,
        )
    except FAILURES as error:
        raise unusable(source, "model.path must be a model with its tokenizer", error) from error


def prepare(model: PreTrainedModel, running: Running) -> PreTrainedModel:
    """Puts a model into evaluation mode and switches gradient checkpointing on if asked.

    With a frozen base and a LoRA adapter nothing that enters the first checkpointed block needs
    a gradient, and the reentrant kind would drop all of them; so the embeddings are told to.
    """
    if running.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    model.eval()
    return model


def read_weights(
    source: Source, running: Running, *, device: str, kind: Kind = CAUSAL
) -> PreTrainedModel:
    """Returns the model with its weights on `device`; on "meta" they keep shapes only."""
    require_folder(source, ("config.json",))
    try:
        model, info = kind.auto.from_pretrained(
            os.path.expanduser(source.path),
            revision=source.revision or "main",
            local_files_only=source.local_files_only,
            dtype=torch_dtype(running),
            attn_implementation=running.attn_implementation,
            device_map=None if device == "cpu" else device,
            output_loading_info=True,
            use_safetensors=True,  # other formats are pickles, which run code when they are read
            **NO_CODE,
        )
    except FAILURES as error:
        raise unusable(source, f"model.path must be {kind.name}", error) from error
    lacking = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if lacking:
        raise ConfigError(
            f"model.path must hold every weight of the model but got {source.path!r}, which "
            f"lacks {', '.join(lacking[:3])}; save the whole model there"
        )
    loaded: PreTrainedModel = model
    return loaded


def _read_config(source: Source) -> PreTrainedConfig:
    """Returns the configuration; where the hub does not answer, the one in its cache.

    transformers would come to the same, but after half a minute of retries.
    """
    require_folder(source, ("config.json",))
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            os.path.expanduser(source.path),
            revision=source.revision or "main",
            local_files_only=source.local_files_only or not answers_for(source),
            **NO_CODE,
        )
    except FAILURES as error:
        raise unusable(source, "model.path must be a causal language model", error) from error
    return config


def answers_for(source: Source) -> bool:
    """Tells whether there is a hub to ask for a model; nobody is asked for a folder's."""
    return not Path(source.path).expanduser().is_dir() and _answers(hub.ENDPOINT)


@cache
def _answers(endpoint: str) -> bool:
    """Tells whether anything answers at the address, be it with an error."""
    try:
        urlopen(endpoint, timeout=HUB_TIMEOUT_S).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


def require_folder(source: Source, files: Sequence[str]) -> None:
    """Refuses a path that is meant as a folder and is none, or has none of `files`."""
    folder = Path(source.path).expanduser()
    if folder.is_dir():
        _require_safe(source, folder)
        if not any((folder / file).is_file() for file in files):
            raise ConfigError(
                f"model.path must be a folder with {' or '.join(files)} but got {source.path!r}; "
                "save the whole model and its tokenizer there (an adapter: merge it first)"
            )
    elif folder.is_absolute() or source.path.startswith((".", "~")) or source.path.count("/") > 1:
        raise ConfigError(
            f"model.path must be an existing folder or a hub id but got {source.path!r}; "
            "create it or correct the path"
        )


def _require_safe(source: Source, folder: Path) -> None:
    """Refuses weights of which there are none as safetensors, but some in a form not to be read."""
    if any(folder.glob("*.safetensors")):
        return
    for ending, said in _NOT_READ.items():
        if files := sorted(file.name for file in folder.glob(f"*{ending}")):
            raise ConfigError(
                f"model.path must be a folder with weights as *.safetensors but got "
                f"{source.path!r} with {files[0]}, {said}"
            )


def unusable(source: Source, rule: str, error: Exception) -> ConfigError:
    """Returns the error of a user whose `source` could not be used, by what was raised."""
    if "custom code" in str(error):
        return ConfigError(
            "model.path must be a model that transformers itself can build but got "
            f"{source.path!r}, which brings code of its own; that is never run: take another model"
        )
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    said = f"{rule} but got {source.path!r} ({type(error).__name__}: {reason})"
    if Path(source.path).expanduser().is_dir():
        cure = "save the model and its tokenizer there again with save_pretrained"
        return ConfigError(f"{said}; {cure}")
    cure = "check the hub id, the revision, the login and the network, or give a local folder"
    kind = ConfigError if _answers(hub.ENDPOINT) and not source.local_files_only else OutOfReach
    return kind(f"{said}; {cure}")
