"""What CLEAR's evaluation of texts does, written anew on transformers.

After somvy/multimodal_unlearning at bb14c96 (2025-08-06), nlp/evaluate_util.py: `get_all_evals`
runs the model over the true answers, generates an answer to every question of every task, and
`eval_perturbation_ratio` runs it over the paraphrased and the wrong answers. All rows are as wide
as the longest that may be (generation.max_length), and logits are made of every position. Left out
are loading, tokenising and its files, which would only take longer.
"""

from collections.abc import Sequence
from typing import Any

import open_unlearning
from open_unlearning import IGNORE, Inputs
from torch.nn.functional import pad


def widened(rows: Inputs, width: int, pad_id: int) -> Inputs:
    """Returns rows as `TextDatasetQA` gives them: padded on the right up to the longest length."""
    values = {"input_ids": pad_id, "labels": IGNORE}
    return {
        name: pad(value, (0, width - value.shape[1]), value=values.get(name, 0))
        for name, value in rows.items()
    }


def evaluate(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Inputs],
    prompts: Sequence[Inputs],
    truths: Sequence[str],
    *,
    most: int,
) -> None:
    """`get_all_evals` of one task: likelihoods of all its answers, generations and their ROUGE."""
    open_unlearning.probabilities(model, rows)
    open_unlearning.similarity(model, tokenizer, prompts, truths, most=most)
