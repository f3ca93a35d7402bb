"""A batch of encoded rows that knows the normalisers of the whole optimizer step.

Splitting a global batch over ranks and accumulation steps must not change a mean. So each part
carries `*_norm`: the count over the WHOLE optimizer step divided by the number of parts. A loss
term is a sum over this part divided by the norm; the average over parts (which DeepSpeed takes)
is then the mean over the whole batch. For a single part the norms are its own counts.

Shapes: B rows, T positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from evals.collated import IGNORE, Collated

TOKENS = {"input_ids", "attention_mask"}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as a model takes them: `inputs`, `attended_BT` and `labels_BT` are as in `Collated`.

    `ids` are the rows' ids: an example's for its own answer, else one that says what the example
    was given in its place ("<example id>#idk<number>", "<example id>#twin").
    """

    ids: tuple[str, ...]
    inputs: Mapping[str, Tensor]
    attended_BT: Tensor
    labels_BT: Tensor
    token_norm: float
    position_norm: float
    row_norm: float
    longest: int
    """Positions of the longest row that any rank has in its batch of the same turn."""

    @property
    def only_tokens(self) -> bool:
        """Whether the model is given ids and where they are, and nothing else, such as pictures."""
        return self.inputs.keys() == TOKENS


def single(ids: tuple[str, ...], rows: Collated) -> Batch:
    """Returns a batch that is a whole optimizer step by itself."""
    return Batch(
        ids=ids,
        inputs=rows.inputs,
        attended_BT=rows.attended_BT,
        labels_BT=rows.labels_BT,
        token_norm=float((rows.labels_BT != IGNORE).sum()),
        position_norm=float(rows.attended_BT.sum()),
        row_norm=float(len(ids)),
        longest=rows.attended_BT.shape[1],
    )


def with_norms(batch: Batch, parts: list[Batch]) -> Batch:
    """Returns `batch` normalised as one of `parts`, which together are one optimizer step."""
    return replace(
        batch,
        token_norm=sum(part.token_norm for part in parts) / len(parts),
        position_norm=sum(part.position_norm for part in parts) / len(parts),
        row_norm=sum(part.row_norm for part in parts) / len(parts),
    )
