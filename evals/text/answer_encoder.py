"""What scoring and generating ask of whoever turns questions and answers into tokens."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from evals.collated import Collated
from evals.text.encoding import Row
from evals.text.example import Example


class AnswerEncoder(Protocol):
    """Encodes examples for one language model.

    `end_id` closes an answer; a row is padded with `pad_id`.
    """

    tokenizer: PreTrainedTokenizerBase
    eos_id: int
    pad_id: int
    end_id: int

    def row(self, example: Example, answer: str) -> Row:
        """Returns the row of an example with this answer."""
        ...

    def prompt_ids(self, example: Example) -> tuple[int, ...]:
        """Returns the ids that stand before any answer, to generate from; never cut."""
        ...

    def beside_tokens(self, examples: Sequence[Example]) -> Mapping[str, Tensor]:
        """Returns what a model is given of examples beside their tokens, by name."""
        ...

    def collate(self, rows: Sequence[Row]) -> Collated:
        """Returns rows side by side, padded on the right."""
        ...
