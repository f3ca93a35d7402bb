"""A batch of encoded rows that knows the normalisers of the whole optimizer step.

Splitting a global batch over ranks and accumulation steps must not change a mean. So each part
carries `*_norm`: the count over the WHOLE optimizer step divided by the number of parts. A loss
term is a sum over this part divided by the norm; the average over parts (which DeepSpeed takes)
is then the mean over the whole batch. For a single part the norms are its own counts.

Shapes: B rows, T positions.
"""

from dataclasses import dataclass, replace

from torch import Tensor

IGNORE = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows: `labels_BT` is IGNORE everywhere but on answer tokens (and their EOS).

    Labels are not shifted: position t's logits predict `labels_BT[:, t + 1]`.
    `ids` are the examples' row ids (a refusal's id is "<example id>#idk<number>").
    """

    ids: tuple[str, ...]
    input_ids_BT: Tensor
    attention_mask_BT: Tensor
    labels_BT: Tensor
    token_norm: float
    position_norm: float
    row_norm: float


def single(
    ids: tuple[str, ...], input_ids_BT: Tensor, attention_mask_BT: Tensor, labels_BT: Tensor
) -> Batch:
    """Returns a batch that is a whole optimizer step by itself."""
    return Batch(
        ids=ids,
        input_ids_BT=input_ids_BT,
        attention_mask_BT=attention_mask_BT,
        labels_BT=labels_BT,
        token_norm=float((labels_BT[:, 1:] != IGNORE).sum()),
        position_norm=float(attention_mask_BT.sum()),
        row_norm=float(len(input_ids_BT)),
    )


def with_norms(batch: Batch, parts: list[Batch]) -> Batch:
    """Returns `batch` normalised as one of `parts`, which together are one optimizer step."""
    return replace(
        batch,
        token_norm=sum(part.token_norm for part in parts) / len(parts),
        position_norm=sum(part.position_norm for part in parts) / len(parts),
        row_norm=sum(part.row_norm for part in parts) / len(parts),
    )
