"""Pure pieces of losses on logits and batches, normalised so that parts average to the whole.

Shapes: B rows, T positions, V vocabulary, H hidden width, N selected positions, row by row.

A mean here is a sum over this part divided by the batch's norm (see `trainers.batch`). Padding
never enters: likelihoods run over labelled tokens, divergences over attended positions. Only the
positions that count are copied to float32 (float64 stays), so memory follows N, not B x T.
"""

import torch
from torch import Tensor
from torch.nn.functional import (
    cosine_similarity,
    kl_div,
    log_softmax,
    logsigmoid,
    pad,
)

from evals.collated import IGNORE
from trainers.batch import Batch
from trainers.label_nll import label_nll


def at_labels(logits_BTV: Tensor, batch: Batch) -> Tensor:
    """Returns logits_NV where a label is predicted, which is all that likelihoods are made of."""
    mask_BT = labelled(batch)
    return logits_BTV[:, : mask_BT.shape[1]][mask_BT]


def at_attended(values_BT: Tensor, batch: Batch) -> Tensor:
    """Returns values_N, of whatever width, at attended positions: what divergences run over."""
    return values_BT[attended(batch)]


def labelled_among_attended(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns those of the logits_NV at attended positions where a label is predicted."""
    return logits_NV[predicting(batch)[attended(batch)]]


def mean_nll(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns the mean negative log-likelihood per answer token, in nats."""
    return _labelled_nll(logits_NV, batch).sum() / batch.token_norm


def joint_mean_nll(parts: list[tuple[Tensor, Batch]]) -> Tensor:
    """Returns the mean NLL per answer token over several batches read as one long batch."""
    total = torch.stack([_labelled_nll(logits_NV, batch).sum() for logits_NV, batch in parts])
    return total.sum() / sum(batch.token_norm for _, batch in parts)


def token_nll(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns nll_BT: entry t is that of the label which position t predicts, zero without one."""
    mask_BT = labelled(batch)
    nll_N = _labelled_nll(logits_NV, batch)
    return nll_N.new_zeros(mask_BT.shape).masked_scatter(mask_BT, nll_N)


def sequence_nll(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns nll_B, each row's summed answer NLL in nats."""
    return token_nll(logits_NV, batch).sum(dim=1)


def answer_nll(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns nll_B, each row's mean NLL per answer token; 0 for a row without a label."""
    return sequence_nll(logits_NV, batch) / labelled(batch).sum(dim=1).clamp(min=1)


def row_mean(values_B: Tensor, batch: Batch) -> Tensor:
    """Returns the mean of a value per row."""
    return values_B.sum() / batch.row_norm


def preference(margin_B: Tensor, *, beta: float) -> Tensor:
    """Returns -(2 / beta) log sigmoid(beta margin) for each row.

    The common core of NPO (arXiv 2404.05868), DPO and SimNPO; its slope at margin 0 is -1
    for every beta, so beta -> 0 is the linear loss -margin up to a constant.
    """
    return -(2.0 / beta) * logsigmoid(beta * margin_B)


def mean_kl(of_NV: Tensor, to_NV: Tensor, batch: Batch) -> Tensor:
    """Returns KL(of || to) averaged over attended positions, of which both are the logits."""
    of_NV, to_NV = _log_probs(of_NV), _log_probs(to_NV)
    return kl_div(to_NV, of_NV, reduction="sum", log_target=True) / batch.position_norm


def mean_cross_entropy(of_NV: Tensor, to_NV: Tensor, batch: Batch) -> Tensor:
    """Returns -sum_v p_of log p_to averaged over attended positions: KL(of || to) + H(of)."""
    return -(_log_probs(of_NV).exp() * _log_probs(to_NV)).sum() / batch.position_norm


def sequence_entropy(logits_NV: Tensor, batch: Batch) -> Tensor:
    """Returns entropy_B, each row's predictive entropy in nats summed over attended positions."""
    mask_BT = attended(batch)
    log_probs_NV = _log_probs(logits_NV)
    entropy_N = -(log_probs_NV.exp() * log_probs_NV).sum(dim=-1)
    return entropy_N.new_zeros(mask_BT.shape).masked_scatter(mask_BT, entropy_N).sum(dim=1)


def mean_square(of_BTH: Tensor, to_BTH: Tensor, batch: Batch) -> Tensor:
    """Returns (of - to)^2 averaged over attended positions and width; `to` may be a vector_H."""
    mask_BT = attended(batch)
    to_NH = to_BTH[mask_BT] if to_BTH.dim() == of_BTH.dim() else to_BTH
    return (of_BTH[mask_BT] - to_NH).square().mean(dim=-1).sum() / batch.position_norm


def cosines(of_BTH: Tensor, to_BTH: Tensor, batch: Batch) -> Tensor:
    """Returns cosine_N of two hidden states at attended positions, in the order of rows."""
    mask_BT = attended(batch)
    return cosine_similarity(of_BTH[mask_BT], to_BTH[mask_BT], dim=-1)


def answer_mean_square(of_BTH: Tensor, to_BTH: Tensor, batch: Batch) -> Tensor:
    """Returns squares_B, each row's (of - to)^2 averaged over width and its answer's own tokens.

    These are the positions that hold labelled tokens, one after those that predict them; a
    classifier's, whose labels are as long as its rows, are the same. `to` may be a vector_H.
    """
    mask_BT = _holding_labels(batch)
    to_NH = to_BTH[mask_BT] if to_BTH.dim() == of_BTH.dim() else to_BTH
    squares_N = (of_BTH[mask_BT] - to_NH).square().mean(dim=-1)
    squares_BT = squares_N.new_zeros(mask_BT.shape).masked_scatter(mask_BT, squares_N)
    return squares_BT.sum(dim=1) / mask_BT.sum(dim=1).clamp(min=1)


def labelled(batch: Batch) -> Tensor:
    """Returns mask_BT, as long as the labels: True where a position's logits predict a label."""
    return batch.labels_BT != IGNORE


def predicting(batch: Batch) -> Tensor:
    """Returns mask_BT as long as the rows: True where a position's logits predict a label."""
    mask_BT = labelled(batch)
    return pad(mask_BT, (0, batch.attended_BT.shape[1] - mask_BT.shape[1]))


def attended(batch: Batch) -> Tensor:
    """Returns mask_BT: True where a position is no padding."""
    return batch.attended_BT


def _holding_labels(batch: Batch) -> Tensor:
    mask_BT = labelled(batch)
    num_after = batch.attended_BT.shape[1] - mask_BT.shape[1]
    return pad(mask_BT, (1, num_after - 1)) if num_after else mask_BT


def _labelled_nll(logits_NV: Tensor, batch: Batch) -> Tensor:
    return label_nll(_at_least_float32(logits_NV), batch.labels_BT[labelled(batch)])


def _log_probs(logits_NV: Tensor) -> Tensor:
    return log_softmax(_at_least_float32(logits_NV), dim=-1)


def _at_least_float32(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))
