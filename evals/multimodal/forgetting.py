"""Which of what is known is to be forgotten: what texts tell, what pictures show, or both.

So that the three compare, the same number of rows is forgotten in a pass, and so in as many steps:
as many as `both` has. Where only one kind is to be forgotten, its rows come again from the first
one on until there are that many; what comes again has an id of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from evals.benchmark import FORGET, forget_split
from evals.errors import ConfigError
from evals.multimodal.example import Example


class Modality(StrEnum):
    """What is to be forgotten."""

    TEXT = "text"
    VISUAL = "visual"
    BOTH = "both"


def forget_splits(
    text: Sequence[Example], visual: Sequence[Example], modality: Modality
) -> Mapping[str, tuple[Example, ...]]:
    """Returns the split `forget`, of `modality`, and one of each modality that there are rows of.

    Raises:
        ConfigError: there are no rows of `modality`.
    """
    rows = {each: forget_rows(text, visual, each) for each in Modality}
    if not rows[modality]:
        raise ConfigError(
            "benchmark.forget_modality must be one of which there are rows to be forgotten but got "
            f"{str(modality)!r}, of which there are none; choose {str(Modality.BOTH)!r}"
        )
    parts = {forget_split(each): found for each, found in rows.items() if found}
    return {FORGET: rows[modality], **parts}


def forget_rows(
    text: Sequence[Example], visual: Sequence[Example], modality: Modality
) -> tuple[Example, ...]:
    """Returns the rows of a modality: equally many of each, or none where there are none."""
    both = (*text, *visual)
    if modality is Modality.BOTH:
        return both
    rows = text if modality is Modality.TEXT else visual
    return tuple(_again(rows[k % len(rows)], k // len(rows)) for k in range(len(both)) if rows)


def _again(row: Example, times: int) -> Example:
    return replace(row, id=f"{row.id}~{times + 1}") if times else row
