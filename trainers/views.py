"""Ways to run a model on a batch: the student as it trains, and the reference it started from.

The reference of a model with an adapter is the same model with it switched off, so it costs no
second copy. That holds because the fine-tuned weights are merged into the base before a fresh
adapter is added. What the reference of a model is whose own weights train, `trainers.tuning` says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.nn.functional import pad

from evals.errors import ConfigError
from evals.evaluating import evaluating
from evals.output_head import output_head
from trainers import losses
from trainers.batch import Batch
from trainers.distributed import Place, mean_over_ranks
from trainers.joint_pass import JointView
from trainers.kept_states import (
    HEAD,
    KeptStates,
    first_tokens,
    head_given,
    head_watched,
)


def longest_list(model: nn.Module) -> Sequence[nn.Module]:
    """Returns the longest list of modules in the model, wherever it is: its layers, as a rule."""
    lists = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    longest = max(lists, key=len, default=None)
    assert longest is not None, "a model without a list of layers"
    return list(longest)


def all_logits(model: nn.Module, arguments: Mapping[str, Any], mask_BT: Tensor) -> Tensor:
    """Returns logits_NV where the mask is True, of all that there are."""
    logits: Tensor = model(**arguments).logits
    return _with_positions(logits)[mask_BT]


def each_alone(batches: Sequence[Batch]) -> None:  # noqa: ARG001
    """Joins nothing."""


def whole_depth(model: nn.Module, layer: int) -> AbstractContextManager[None]:  # noqa: ARG001
    """Leaves nothing out."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a model is called with beside a batch's inputs, by name, and where its layers lie.

    Logits are asked for with `logits`; with `hidden` where the hidden states alone are looked at,
    so that the model need not make what is thrown away. `layers` gives the layers whose outputs
    are those states, whatever is wrapped around the model; `only_to` has no layer behind one run,
    and `logits_at` calls the model for its logits at some positions. `join` makes one batch of
    several where rows do not change each other and one pass costs less than one for each.
    """

    logits: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    layers: Callable[[nn.Module], Sequence[nn.Module]] = longest_list
    only_to: Callable[[nn.Module, int], AbstractContextManager[None]] = whole_depth
    logits_at: Callable[[nn.Module, Mapping[str, Any], Tensor], Tensor] = all_logits
    join: Callable[[Sequence[Batch]], Batch | None] = each_alone


class StudentView:
    """The model as it is now, with gradients."""

    def __init__(self, model: nn.Module, arguments: Arguments = Arguments()) -> None:  # noqa: B008
        self._model = model
        self._arguments = arguments

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        return _logits(self._model, batch, self._arguments)

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        return _answer_logits(self._model, batch, self._arguments)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        return _hidden(self._model, batch, self._arguments, layer=layer)

    def over(self, batches: Sequence[Batch]) -> "StudentView | JointView":
        """Returns a view that reads the answers of `batches` in one pass, if that costs less."""
        joint = self._arguments.join(batches) if len(batches) > 1 else None
        return self if joint is None else JointView(self, batches, joint)

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        return _both(self._model, batch, self._arguments, layer=layer)


class ReferenceView:
    """A model without gradients or dropout, and with its adapter off if it has one.

    Without an adapter it must be a model that does not train, or not yet. `cache` keeps summed NLLs
    by row id, `states` hidden states. Both may be shared by every trial on the same base weights
    and the same encoding of rows.
    """

    def __init__(
        self,
        model: nn.Module,
        arguments: Arguments = Arguments(),  # noqa: B008
        *,
        cache: dict[str, float] | None = None,
        states: KeptStates | None = None,
        place: Place | None = None,
    ) -> None:
        self._model = model
        self._states = None if _is_sharded(model) else states
        self._arguments = arguments
        self._cache = {} if cache is None else cache
        self._place = place or Place()

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        with _as_reference(self._model):
            head = None if self._states is None else output_head(self._model)
            if self._states is None or head is None:
                return _logits(self._model, batch, self._arguments)
            return self._kept_logits(self._states, head, batch)

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        with _as_reference(self._model):
            return _answer_logits(self._model, batch, self._arguments)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        known = None if self._states is None else self._states.find(batch, layer)
        if known is not None:
            return known
        with _as_reference(self._model):
            hidden_BTH = _hidden(self._model, batch, self._arguments, layer=layer)
        if self._states is not None:
            self._states.keep(batch, layer, hidden_BTH)
        return hidden_BTH

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        with _as_reference(self._model):
            return _both(self._model, batch, self._arguments, layer=layer)

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Returns nll_B, each row's summed answer NLL in nats, cached by row id."""
        missing = [row for row, row_id in enumerate(batch.ids) if row_id not in self._cache]
        if self._any_rank(missing):
            rows = missing or list(range(len(batch.ids)))
            self._remember(_rows_of(batch, rows))
        nlls = [self._cache[row_id] for row_id in batch.ids]
        return torch.tensor(nlls, dtype=torch.float32, device=batch.labels_BT.device)

    def _kept_logits(self, states: KeptStates, head: nn.Module, batch: Batch) -> Tensor:
        """Returns logits_BTV, of the states before the head if they are kept."""
        known = states.find(batch, HEAD)
        if known is not None:
            with head_given(head, known), self._arguments.only_to(self._model, 0):
                return _logits(self._model, first_tokens(batch), self._arguments)
        with head_watched(head) as seen:
            logits_BTV = _logits(self._model, batch, self._arguments)
        if len(seen) == 1 and seen[0].shape[:2] == batch.attended_BT.shape:
            states.keep(batch, HEAD, seen[0])
        return logits_BTV

    def _any_rank(self, missing: list[int]) -> bool:
        """Returns whether any rank must compute: under ZeRO-3 a forward needs them all."""
        if self._place.world == 1:
            return bool(missing)
        flag = torch.tensor(float(bool(missing)), device=self._place.device)
        return mean_over_ranks(flag, self._place) > 0

    def _remember(self, batch: Batch) -> None:
        nll_B = losses.sequence_nll(self.answer_logits(batch), batch)
        for row_id, nll in zip(batch.ids, nll_B.tolist(), strict=True):
            self._cache.setdefault(row_id, nll)


class NoReference:
    """Stands in where no method may ask for a reference."""

    def logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs no reference."""
        _undeclared(f"logits of {batch.ids}")

    def answer_logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs no reference."""
        _undeclared(f"logits of the answers of {batch.ids}")

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Fails: the method said it needs no reference."""
        _undeclared(f"layer {layer} of {batch.ids}")

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Fails: the method said it needs no reference."""
        _undeclared(f"logits and layer {layer} of {batch.ids}")

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs no reference."""
        _undeclared(f"likelihoods of {batch.ids}")


def _undeclared(what: str) -> NoReturn:
    raise AssertionError(f"a method whose requirements name no reference asked for {what}")


@contextmanager
def _as_reference(model: nn.Module) -> Iterator[None]:
    adapter_off = model.disable_adapter() if isinstance(model, PeftModel) else nullcontext()
    with evaluating(model), adapter_off:
        yield


def _is_sharded(model: nn.Module) -> bool:
    """Tells whether ranks hold parts of the weights, and must run the model together (ZeRO-3)."""
    return any(hasattr(parameter, "ds_id") for parameter in model.parameters())


def _rows_of(batch: Batch, rows: list[int]) -> Batch:
    index = torch.tensor(rows, device=batch.labels_BT.device)
    return replace(
        batch,
        ids=tuple(batch.ids[row] for row in rows),
        inputs={name: tensor[index] for name, tensor in batch.inputs.items()},
        attended_BT=batch.attended_BT[index],
        labels_BT=batch.labels_BT[index],
    )


def _logits(model: nn.Module, batch: Batch, arguments: Arguments) -> Tensor:
    logits: Tensor = model(**batch.inputs, **arguments.logits).logits
    return _with_positions(logits).float()


def _answer_logits(model: nn.Module, batch: Batch, arguments: Arguments) -> Tensor:
    mask_BT = losses.labelled(batch)
    whole_BT = pad(mask_BT, (0, batch.attended_BT.shape[1] - mask_BT.shape[1]))
    called_with = {**batch.inputs, **arguments.logits}
    return arguments.logits_at(model, called_with, whole_BT).float()


def _hidden(model: nn.Module, batch: Batch, arguments: Arguments, *, layer: int) -> Tensor:
    """Runs as little behind the layer as may be: no other layers, hardly an output head."""
    with _watched(model, arguments, layer) as seen, arguments.only_to(model, layer):
        model(**batch.inputs, **arguments.hidden)
    return _with_positions(seen[0]).float()


def _both(
    model: nn.Module, batch: Batch, arguments: Arguments, *, layer: int
) -> tuple[Tensor, Tensor]:
    with _watched(model, arguments, layer) as seen:
        logits_BTV = _logits(model, batch, arguments)
    return logits_BTV, _with_positions(seen[0]).float()


@contextmanager
def _watched(model: nn.Module, arguments: Arguments, layer: int) -> Iterator[list[Tensor]]:
    """Gives a list that the layer's outputs are put into, as long as the context lasts."""
    layers = arguments.layers(model)
    if not 0 <= layer < len(layers):
        raise ConfigError(
            f"method.layer must be from 0 to {len(layers) - 1} for this model but got {layer}; "
            "choose a layer that it has"
        )
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = layers[layer].register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def _with_positions(output: Tensor) -> Tensor:
    """Returns output_BT*; a classifier's, one vector for each input, is of one position."""
    return output[:, None] if output.dim() == 2 else output
