"""Whether a merged model answers as the one with the adapter did.

Merging adds the adapter's update to the weights, and what is written must be what was trained. So
a few rows are scored before and after. The two differ by rounding alone: of each weight, once, to
the precision that the model is held in.
"""

import torch
from torch import Tensor, nn

from evals.errors import shown
from evals.evaluating import evaluating
from trainers import losses
from trainers.batch import Batch
from trainers.distributed import Place, gather
from trainers.job import TrialFailure
from trainers.model_call import Arguments
from trainers.views import StudentView

TOLERANCES = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""Nats a token, by the weights' dtype.

A weight w becomes w (1 + d) with |d| at most 2^-24, 2^-11 and 2^-8 (half a unit in the last place).
Errors of so many weights add up like random ones: a logit, of size 10 to 100 behind some fifty
layers, is off by about the size of d times a hundred, and a mean over tokens by less. In float32
that leaves room for the order in which sums are made, too. Small Llamas with a trained adapter
differed by at most 1e-6 and 2e-3 in float32 and bfloat16. A merge that went wrong is off by whole
nats: it forgets what was learned, or destroys the model.
"""
LIKELY = 10.0
"""Nats a token of a row that a model knows nothing of. Where a row has more, logits are so large
that the tolerance grows with it."""


class MergeFailed(TrialFailure):
    """A merged model does not answer as the trained one did."""


def row_nlls(model: nn.Module, batch: Batch, arguments: Arguments) -> Tensor:
    """Returns nll_B, each row's mean nats a token, without gradients or dropout."""
    with evaluating(model):
        logits_NV = StudentView(model, arguments).answer_logits(batch)
        return losses.answer_nll(logits_NV, batch).cpu()


def require_same_answers(
    before_B: Tensor, after_B: Tensor, dtype: torch.dtype, place: Place
) -> None:
    """Refuses a merged model whose rows differ, on the mean over those of all ranks.

    Raises:
        MergeFailed: they do, or are no numbers; raised on every rank at once.
    """
    pairs = torch.cat(list(gather(torch.stack([before_B, after_B], dim=1), place))).double()
    before, after = pairs.mean(dim=0).tolist()
    difference = float((pairs[:, 1] - pairs[:, 0]).abs().mean())
    allowed = TOLERANCES[dtype] * max(1.0, before / LIKELY)
    if difference <= allowed:
        return
    raise MergeFailed(
        f"merging the adapter into the model changed its answers: {len(pairs)} rows had "
        f"{before:.4g} nats a token with the adapter and have {after:.4g} without it, "
        f"{difference:.4g} apart where {shown(dtype)} allows {allowed:.4g}; nothing was saved. "
        "Leave out layers of baselines.adapter.target_modules that share their weights with "
        "others, hold the model in fp32 (model.dtype, engine.dtype), or train all weights "
        "(baselines.adapter: null)"
    )
