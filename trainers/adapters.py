"""LoRA adapters: fresh weights from a seed, what was learned in numbers, and peft's files.

A state is a mapping from parameter name (as in `model.named_parameters()`) to a CPU tensor.
"""

import hashlib
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear
from safetensors.torch import save_file
from torch import Tensor, nn

from evals.errors import ConfigError
from trainers.adapted_weights import AdaptedWeight, base_weights, update_norm
from trainers.lora_forward import scale_narrowly
from trainers.lora_linear import compute_at_once
from trainers.settings import AdapterSettings, L1Mode

A, B = ".lora_A.", ".lora_B."
MOVED = 1e-4
"""An update smaller than this share of the weights it is added to counts as not moved: it is
twenty times below bfloat16's rounding (2^-9), so that such a model answers as before."""


def add_adapter(model: nn.Module, settings: AdapterSettings, *, seed: int) -> PeftModel:
    """Returns `model` with a LoRA adapter in its dtype, the only part of it that trains.

    Raises:
        ConfigError: adapter.target_modules names no layer, or one that is not linear.
    """
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=_targets(model, settings),
        task_type="CAUSAL_LM" if _generates(model) else None,
    )
    try:
        with warnings.catch_warnings():  # peft asks transformers by a name it has deprecated
            warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")
            adapted: PeftModel = get_peft_model(model, config, autocast_adapter_dtype=False)
    except ValueError as error:
        if "lora_dropout" in str(error):
            raise _needs_no_dropout(settings) from error
        raise _wrong_targets(settings, str(error)) from error
    if shared := _shared(adapted):
        raise ConfigError(
            "adapter.target_modules must be layers with a weight of their own but got "
            f"{shared!r}, whose weight is another part's, too (tied embeddings): merging would "
            f"change both; leave {shared} out"
        )
    if switches := _more_than_linear(adapted):
        raise _wrong_targets(
            settings,
            f"{', '.join(switches)}: what such a layer gives is more than a product",
            instead=sorted(_leaves(adapted) - set(switches)),
        )
    strangers = [name for name, _ in trainable(adapted) if A not in name and B not in name]
    if strangers:
        raise _wrong_targets(settings, f"{strangers[0]} is no factor of a linear layer")
    load_state(adapted, initial_state(adapted, seed))
    scale_narrowly(adapted)
    compute_at_once(adapted)
    return adapted


def trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yields the parameters that train, by name."""
    return ((name, value) for name, value in model.named_parameters() if value.requires_grad)


def initial_state(model: nn.Module, seed: int) -> dict[str, Tensor]:
    """Returns fresh adapter weights: A uniform in +-1/sqrt(fan in), B zero (as peft starts).

    Every A has its own stream, drawn from the seed and its name, so that the values do not
    depend on which other layers are adapted. They are rounded to the model's dtype, which is
    what an engine holds them in, and given as float32. Works on a model that ZeRO-3 sharded.
    """
    return {name: _initial(name, value, seed) for name, value in trainable(model)}


def adapter_state(model: nn.Module) -> dict[str, Tensor]:
    """Returns a float32 CPU copy of the trainable weights of a model that is not sharded."""
    return {name: value.detach().float().cpu().clone() for name, value in trainable(model)}


def load_state(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copies `state` into the parameters of those names; the model must not be sharded."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in state.items():
            parameters[name].copy_(value)


def parameter_groups(
    model: nn.Module, *, l1: float, l1_mode: L1Mode, weight_decay: float
) -> list[dict[str, Any]]:
    """Returns an optimizer's groups: "lora_A" and "lora_B", or "all" if the whole model trains."""
    parameters = dict(trainable(model))
    common = {"l1": l1, "l1_mode": l1_mode, "weight_decay": weight_decay}
    if not any(A in name for name in parameters):
        return [{"name": "all", "params": list(parameters.values()), **common}]
    return [
        {"name": kind.strip("."), "params": _of_kind(parameters, kind), **common} for kind in (A, B)
    ]


def adapter_facts(
    state: Mapping[str, Tensor],
    weights: Sequence[AdaptedWeight],
    *,
    base_norm: float | None = None,
) -> dict[str, float]:
    """Returns sparsity_a, sparsity_b, l1_norm, update_norm and, given `base_norm`, moved.

    A sparsity is the share of exact zeros. l1_norm sums |entry| over all A and B. update_norm
    is the Frobenius norm of what is added to all `weights` under the adapter. moved is 1.0 if that
    is above MOVED times the norm of the weights it is added to, else 0.0.
    """
    facts = {
        "sparsity_a": _zero_share(state, A),
        "sparsity_b": _zero_share(state, B),
        "l1_norm": math.fsum(float(value.double().abs().sum()) for value in state.values()),
        "update_norm": update_norm(state, weights),
    }
    if base_norm is not None:
        facts["moved"] = has_moved(facts["update_norm"], base_norm)
    return facts


def has_moved(norm: float, base_norm: float) -> float:
    """Returns 1.0 if an update of this norm is above MOVED times that of the weights, else 0.0."""
    return math.nan if math.isnan(norm) else float(norm > MOVED * base_norm)


def save_adapter(state: Mapping[str, Tensor], config: PeftConfig, folder: Path) -> None:
    """Writes the adapter to `folder` in peft's own format, for `PeftModel.from_pretrained`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name.replace(".default.", "."): value.detach().cpu().contiguous()
        for name, value in state.items()
    }
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(str(folder))


def _targets(model: nn.Module, settings: AdapterSettings) -> list[str] | str:
    """Returns the layers that get an adapter, as peft takes them.

    A model of several parts says by `linear_layers` which ones may get one: the names of settings
    stand for those layers alone, by the ends of their paths or by whole ones.
    """
    offered = getattr(model, "linear_layers", None)
    if offered is None:
        return list(settings.target_modules) or "all-linear"
    asked = settings.target_modules
    names: list[str] = offered()
    chosen = [
        name
        for name in names
        if not asked or any(f".{name}".endswith(f".{target}") for target in asked)
    ]
    if not chosen:
        raise _wrong_targets(
            settings,
            "none of them is in a part of the model that trains",
            instead=sorted({name.rpartition(".")[2] for name in names}),
        )
    return chosen


def _generates(model: nn.Module) -> bool:
    """Returns whether a model can write text; peft then wraps it so that it still can."""
    return hasattr(model, "prepare_inputs_for_generation")


def _shared(adapted: nn.Module) -> str | None:
    """Returns the name of an adapted layer whose weight another module has, too, if one is so."""
    holders = Counter(id(value) for _, value in adapted.named_parameters(remove_duplicate=False))
    for name, weight in base_weights(adapted):
        if holders[id(weight)] > 1:
            return name.rpartition(".")[2]
    return None


def _more_than_linear(adapted: nn.Module) -> list[str]:
    """Returns the names of adapted layers that are linear only by descent, such as some routers."""
    layers = ((name, layer) for name, layer in adapted.named_modules() if isinstance(layer, Linear))
    found = {
        name.rpartition(".")[2]
        for name, layer in layers
        if isinstance(base := layer.get_base_layer(), nn.Linear)
        and type(base).forward is not nn.Linear.forward
    }
    return sorted(found)


def _leaves(adapted: nn.Module) -> set[str]:
    return {name.rpartition(".")[2] for name, _ in base_weights(adapted)}


def _initial(name: str, value: nn.Parameter, seed: int) -> Tensor:
    shape = getattr(value, "ds_shape", value.shape)  # ZeRO-3 leaves an empty placeholder
    fresh = torch.zeros(shape)
    if A in name:
        digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        nn.init.kaiming_uniform_(fresh, a=math.sqrt(5), generator=generator)
    return fresh.to(value.dtype).float()


def _of_kind(parameters: Mapping[str, nn.Parameter], kind: str) -> list[nn.Parameter]:
    return [value for name, value in parameters.items() if kind in name]


def _zero_share(state: Mapping[str, Tensor], kind: str) -> float:
    values = [value for name, value in state.items() if kind in name]
    zeros = sum(int((value == 0).sum()) for value in values)
    return zeros / sum(value.numel() for value in values)


def _wrong_targets(
    settings: AdapterSettings, reason: str, *, instead: Sequence[str] = ()
) -> ConfigError:
    cure = "name linear layers, or none for all of them"
    if instead:
        cure = f"set adapter.target_modules: [{', '.join(instead)}]"
    return ConfigError(
        "adapter.target_modules must be names of linear layers of the model but got "
        f"{list(settings.target_modules)} ({reason}); {cure}"
    )


def _needs_no_dropout(settings: AdapterSettings) -> ConfigError:
    return ConfigError(
        "adapter.dropout must be 0 for a model whose experts are one tensor, which cannot have "
        f"any of their inputs dropped, but got {settings.dropout}; set adapter.dropout: 0"
    )
