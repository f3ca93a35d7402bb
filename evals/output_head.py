"""Logits of a language model at the positions that are looked at, and at no others.

A vocabulary is many times as wide as a model: logits of prompts and padding, which nobody reads,
are a large part of a small model's work and much of what any model holds. transformers' own
`logits_to_keep` keeps the same positions of every row, and not every architecture has it. What all
that were tried have is an output head which is a module, called with the states of all positions:
it is given those at the wanted ones alone. Whatever an architecture does to states or logits
beside it (a scale, a cap) is done entry by entry and stays. Where a head is none, or is called
with something else, all logits are made and the wanted ones taken.

Shapes: B rows, T positions, N wanted positions, H hidden width, V vocabulary entries.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


def output_head(model: nn.Module) -> nn.Module | None:
    """Returns the module that makes logits of states, if the model names one."""
    find = getattr(model, "get_output_embeddings", None)
    head = None if find is None else find()
    return head if isinstance(head, nn.Module) else None


def logits_at(model: nn.Module, arguments: Mapping[str, Any], mask_BT: Tensor) -> Tensor:
    """Returns logits_NV of a call with `arguments` where the mask is True, row by row."""
    with _head_at(model, mask_BT) as narrowed:
        logits: Tensor = model(**arguments).logits
    return logits.squeeze(0) if narrowed else logits[mask_BT]


@contextmanager
def _head_at(model: nn.Module, mask_BT: Tensor) -> Iterator[list[None]]:
    """Has the output head see the wanted positions alone; the list gets an entry once it does."""
    narrowed: list[None] = []

    def narrow(_head: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not inputs or inputs[0].dim() != 3 or inputs[0].shape[:2] != mask_BT.shape:
            return None
        narrowed.append(None)
        return (inputs[0][mask_BT][None], *inputs[1:])

    head = output_head(model)
    if head is None:
        yield narrowed
        return
    handle = head.register_forward_pre_hook(narrow)
    try:
        yield narrowed
    finally:
        handle.remove()
