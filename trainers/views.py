"""Ways to run a model on a batch: the student as it trains, and the reference it started from.

The reference of a model with an adapter is the same model with it switched off, so it costs no
second copy. That holds because the fine-tuned weights are merged into the base before a fresh
adapter is added. What the reference of a model is whose own weights train, `trainers.tuning` says.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import torch
from torch import Tensor, nn

from evals.evaluating import evaluating
from evals.output_head import output_head
from trainers import losses
from trainers.adapter_off import adapter_off
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
from trainers.model_call import (
    Arguments,
    answer_logits_of,
    both_of,
    hidden_of,
    logits_of,
    logits_where,
)


class StudentView:
    """The model as it is now, with gradients."""

    def __init__(self, model: nn.Module, arguments: Arguments = Arguments()) -> None:  # noqa: B008
        self._model = model
        self._arguments = arguments

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        return logits_of(self._model, batch, self._arguments)

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        return answer_logits_of(self._model, batch, self._arguments)

    def attended_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) at attended positions, which spares those of padding."""
        return self.logits_at(batch, batch.attended_BT)

    def logits_at(self, batch: Batch, mask_BT: Tensor) -> Tensor:
        """Returns logits_NV (float32) where the mask is True."""
        return logits_where(self._model, batch, self._arguments, mask_BT)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        return hidden_of(self._model, batch, self._arguments, layer=layer)

    def over(
        self, batches: Sequence[Batch], whole: Sequence[Batch] = ()
    ) -> "StudentView | JointView":
        """Returns a view that reads `batches` in one pass, if that costs less.

        Of those of them that are in `whole` it reads every attended position, else the answers.
        """
        joint = self._arguments.join(batches) if len(batches) > 1 else None
        return self if joint is None else JointView(self, batches, joint, whole)

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        return both_of(self._model, batch, self._arguments, layer=layer)


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
                return logits_of(self._model, batch, self._arguments)
            return self._kept_logits(self._states, head, batch)

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        with _as_reference(self._model):
            return answer_logits_of(self._model, batch, self._arguments)

    def attended_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) at attended positions, which spares those of padding."""
        with _as_reference(self._model):
            head = None if self._states is None else output_head(self._model)
            if self._states is None or head is None:
                return logits_where(self._model, batch, self._arguments, batch.attended_BT)
            known = self._states.find(batch, HEAD)
            if known is None:
                return self._kept_logits(self._states, head, batch)[batch.attended_BT]
            return self._head_of(head, known[batch.attended_BT][None], batch)[0]

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        known = None if self._states is None else self._states.find(batch, layer)
        if known is not None:
            return known
        with _as_reference(self._model):
            hidden_BTH = hidden_of(self._model, batch, self._arguments, layer=layer)
        if self._states is not None:
            self._states.keep(batch, layer, hidden_BTH)
        return hidden_BTH

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        with _as_reference(self._model):
            return both_of(self._model, batch, self._arguments, layer=layer)

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
            return self._head_of(head, known, batch)
        with head_watched(head) as seen:
            logits_BTV = logits_of(self._model, batch, self._arguments)
        if len(seen) == 1 and seen[0].shape[:2] == batch.attended_BT.shape:
            states.keep(batch, HEAD, seen[0])
        return logits_BTV

    def _head_of(self, head: nn.Module, states_BTH: Tensor, batch: Batch) -> Tensor:
        """Returns the logits of states that go into the head."""
        with head_given(head, states_BTH), self._arguments.only_to(self._model, 0):
            return logits_of(self._model, first_tokens(batch), self._arguments)

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

    def attended_logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs no reference."""
        _undeclared(f"logits of {batch.ids}")

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
    with evaluating(model), adapter_off(model):
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
