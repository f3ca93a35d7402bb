"""What open-unlearning does in a step and in an evaluation, written anew on transformers.

After locuslab/open-unlearning at d3d7cf9 (2025-12-23): src/trainer/utils.py, src/trainer/unlearn/
(grad_ascent, grad_diff, npo, dpo, simnpo, rmu) and src/evals/metrics/utils.py
(evaluate_probability, eval_text_similarity).
Its reference is a second model, each source has a pass of its own, logits are made of every
position, and transformers computes a loss of them, too, as rows bring labels. Left out are its
Trainer's callbacks, logging and accelerate, which would only take longer. It has no LoRA; here the
weights that train are those of the other side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from rouge_score import rouge_scorer
from torch import Tensor, nn
from torch.nn import functional

from trainers.decoder_call import decoder_layers

Inputs = Mapping[str, Tensor]
IGNORE = -100


def batch_nll(model: nn.Module, inputs: Inputs) -> Tensor:
    """`compute_batch_nll`: each row's summed nats."""
    logits = model(**inputs).logits[..., :-1, :].contiguous()
    labels = inputs["labels"][..., 1:].contiguous()
    loss = functional.cross_entropy(
        logits.transpose(-1, -2), labels, ignore_index=IGNORE, reduction="none"
    )
    return loss.sum(dim=-1)


def ga(model: nn.Module, _reference: nn.Module, forget: Inputs, _retain: Inputs) -> Tensor:
    """`GradAscent.compute_loss`."""
    loss: Tensor = -model(**forget).loss
    return loss


def gd(model: nn.Module, _reference: nn.Module, forget: Inputs, retain: Inputs) -> Tensor:
    """`GradDiff.compute_loss` with the retain loss NLL."""
    loss: Tensor = -model(**forget).loss + model(**retain).loss
    return loss


def npo(model: nn.Module, reference: nn.Module, forget: Inputs, retain: Inputs) -> Tensor:
    """`NPO.compute_loss`, beta 0.1."""
    nll = batch_nll(model, forget)
    with torch.no_grad():
        reference_nll = batch_nll(reference, forget)
    forgotten = -2 / 0.1 * functional.logsigmoid(0.1 * (nll - reference_nll)).mean()
    loss: Tensor = forgotten + model(**retain).loss
    return loss


def dpo(
    model: nn.Module, reference: nn.Module, forget: Inputs, retain: Inputs, refusal: Inputs
) -> Tensor:
    """`DPO.compute_loss`, beta 0.1, with the retain loss NLL; a refusal wins over the answer."""
    log_ratios = []
    for inputs in (refusal, forget):
        nll = batch_nll(model, inputs)
        with torch.no_grad():
            reference_nll = batch_nll(reference, inputs)
        log_ratios.append(reference_nll - nll)
    margin = log_ratios[0] - log_ratios[1]
    forgotten = -2 / 0.1 * functional.logsigmoid(0.1 * margin).mean()
    loss: Tensor = forgotten + model(**retain).loss
    return loss


def simnpo(model: nn.Module, _reference: nn.Module, forget: Inputs, retain: Inputs) -> Tensor:
    """`SimNPO.compute_loss`, beta 4.5, gamma 0.125."""
    lengths = (forget["labels"] != IGNORE).sum(-1)
    nll = batch_nll(model, forget) / lengths
    forgotten = -functional.logsigmoid(4.5 * nll).mean() * 2 / 4.5
    loss: Tensor = 0.125 * forgotten + model(**retain).loss
    return loss


def kl(model: nn.Module, reference: nn.Module, forget: Inputs, retain: Inputs) -> Tensor:
    """`GradDiff.compute_loss` with the retain loss KL; its retain pass runs twice, as published."""
    forget_loss: Tensor = -model(**forget).loss
    model(**retain)  # compute_retain_loss has it before it asks for the divergence
    with torch.no_grad():
        said = reference(**retain).logits
    says = model(**retain).logits
    says_NV, said_NV = (functional.log_softmax(each, dim=-1).flatten(0, 1) for each in (says, said))
    return forget_loss + functional.kl_div(says_NV, said_NV, reduction="batchmean", log_target=True)


def rmu(layer: int) -> Callable[..., Tensor]:
    """`RMU.compute_loss` at a layer, which the whole model is run for."""

    def loss(model: nn.Module, reference: nn.Module, forget: Inputs, retain: Inputs) -> Tensor:
        states = _states(model, layer, forget)
        control = torch.rand(1, 1, states.shape[-1], device=states.device)
        control = (control / control.norm() * 20.0).expand_as(states)
        scrambled = _activation_loss(states, control, forget["labels"] != IGNORE)
        kept = _states(model, layer, retain)
        with torch.no_grad():
            before = _states(reference, layer, retain)
        return scrambled + _activation_loss(kept, before, retain["labels"] != IGNORE)

    return loss


def probabilities(model: nn.Module, rows: Sequence[Inputs]) -> list[float]:
    """`evaluate_probability` over batches of rows: nats a token of each."""
    found: list[float] = []
    with torch.no_grad():
        for inputs in rows:
            lengths = (inputs["labels"] != IGNORE).sum(-1)
            found += (batch_nll(model, inputs) / lengths).cpu().numpy().tolist()
    return found


def similarity(
    model: Any, tokenizer: Any, prompts: Sequence[Inputs], truths: Sequence[str], *, most: int
) -> tuple[list[str], list[float]]:
    """`eval_text_similarity` over batches of prompts padded on the left: texts, ROUGE-L recall.

    Of `most` new tokens, and without its decoding of the prompts.
    """
    texts: list[str] = []
    for inputs in prompts:
        output = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=most,
            use_cache=True,
            pad_token_id=tokenizer.eos_token_id,
        )
        new = output[:, inputs["input_ids"].shape[-1] :]
        texts += tokenizer.batch_decode(new, skip_special_tokens=True)
    scorer = rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    texts = [text.strip() for text in texts]
    scores = (scorer.score(truth, text) for truth, text in zip(truths, texts, strict=True))
    return texts, [score["rougeL"].recall for score in scores]


def _states(model: nn.Module, layer: int, inputs: Inputs) -> Tensor:
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)

    handle = decoder_layers(model)[layer].register_forward_hook(keep)
    model(**inputs)
    handle.remove()
    return kept[0]


def _activation_loss(one: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    squares = functional.mse_loss(one, other, reduction="none")
    summed = (squares * mask.unsqueeze(-1).expand_as(squares)).mean(dim=2).sum(dim=1)
    return (summed / mask.sum(dim=-1, keepdim=True)).mean()
