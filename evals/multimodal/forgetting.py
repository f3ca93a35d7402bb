"""Which of what is known is to be forgotten: what texts tell, what pictures show, or both.

So that the three compare, the same number of rows is forgotten in a pass, and so in as many steps:
as many as `both` has. Where only one kind is to be forgotten, its rows come again from the first
one on until there are that many; what comes again has an id of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from evals.multimodal.example import Example


class Modality(StrEnum):
    """What is to be forgotten."""

    TEXT = "text"
    VISUAL = "visual"
    BOTH = "both"


def forget_rows(
    text: Sequence[Example], visual: Sequence[Example], modality: Modality
) -> tuple[Example, ...]:
    """Returns the rows of the split `forget`: equally many, whatever the modality."""
    both = (*text, *visual)
    if modality is Modality.BOTH:
        return both
    rows = text if modality is Modality.TEXT else visual
    return tuple(_again(rows[k % len(rows)], k // len(rows)) for k in range(len(both)))


def _again(row: Example, times: int) -> Example:
    return replace(row, id=f"{row.id}~{times + 1}") if times else row
