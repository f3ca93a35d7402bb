"""The numbers every text metric is built from: probability, truth ratio and ROUGE of a task.

All likelihoods are per-token means in nats and stay in log space until the last step, so that
an answer the model finds impossible gives 0 or infinity and not a NaN by accident.
Sources: TOFU (arXiv 2401.06121, section 2.2.1), CLEAR (arXiv 2410.18057, section 4.2).
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from evals.benchmark import Role
from evals.means import Component
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.rouge import rouge_recall
from evals.text.scores import ItemScore, TaskScores

Floats = NDArray[np.float64]


def components(sheet: ScoreSheet) -> dict[str, float]:
    """Returns every component the sheet has data for, as `<task>_<component>`.

    Truth ratios are left out of tasks without wrong answers, ROUGE of tasks without generations.
    """
    return {
        f"{task.name}_{name}": component(task)
        for task in cast(Sequence[TaskScores], sheet.tasks)
        for name, component in _available(task).items()
    }


def items_of(sheet: ScoreSheet, role: Role) -> tuple[ItemScore, ...]:
    """Returns the items of all tasks of `role`; ValueError if there is none."""
    items = tuple(item for task in sheet.by_role(role) for item in task.items)
    if not items:
        raise ValueError(f"the score sheet has no items of role {role}")
    return items


def probability(task: TaskScores) -> float:
    """Returns the mean probability of the true answers.

    PLAIN: p_i = exp(-mean nll), the geometric mean of the token probabilities.
    CHOICE: p_true / (p_true + sum of p_wrong), each p as above.
    """
    items = _items(task)
    if task.probability is Probability.PLAIN:
        return _mean([np.exp(-item.answer.mean_nll) for item in items])
    return choice_probability(task)


def choice_probability(task: TaskScores) -> float:
    """Returns `probability` as multiple choice, whatever the task itself asks for."""
    return _mean([_choice_probability(item) for item in _items(task)])


def truth_ratio(task: TaskScores) -> float:
    """Returns the mean truth ratio, built on the geometric mean of the wrong answers.

    With R_i of `log_truth_ratios`: mean of min(R, 1/R) for the forget task (1: the model is
    indifferent, as one that never saw the answers), of max(0, 1 - 1/R) for all others (1: the
    truth is certain).
    """
    return _squash(task, log_truth_ratios(task.items))


def arithmetic_truth_ratio(task: TaskScores) -> float:
    """Returns `truth_ratio` with the arithmetic mean of the wrong answers' probabilities.

    R_i = p_true / mean_j p_wrong_j, as in the paper's text and the utilities of TOFU's code,
    while its published tables use the geometric mean.
    """
    return _squash(task, np.array([_log_arithmetic_ratio(item) for item in _items(task)]))


def prob_mean_truth_ratio(task: TaskScores) -> float:
    """Returns the mean of R / (R + 1) = p_right / (p_right + p_wrong), R of `log_truth_ratios`.

    0.5 where the model is indifferent, whatever the task's role; "prob_mean" of open-unlearning.
    """
    return _mean(expit(log_truth_ratios(_items(task))))


def pooled_truth_ratio(task: TaskScores) -> float:
    """Returns `truth_ratio` built on `pooled_log_truth_ratios`."""
    return _squash(task, pooled_log_truth_ratios(_items(task)))


def log_truth_ratios(items: Sequence[ItemScore]) -> Floats:
    """Returns ln R_i, R_i = exp(mean_j nll(wrong_j) - nll(right)), nll per token, item by item.

    "Right" is the paraphrase where the item has one, else the true answer.

    Raises:
        ValueError: an item has no wrong answers.
    """
    with np.errstate(invalid="ignore"):  # right and wrong both impossible: undefined, hence NaN
        return np.array([_wrong_nlls(item).mean() - right_nll(item) for item in items])


def pooled_log_truth_ratios(items: Sequence[ItemScore]) -> Floats:
    """Returns ln R_i, R_i = exp(mean_kj nll(wrong_kj) - nll(right_i)), item by item.

    All wrong answers of all items are averaged to one number, so that only the right answers
    differ between items: what the multimodal script of CLEAR's code does.

    Raises:
        ValueError: no item has a wrong answer.
    """
    wrong = [score.mean_nll for item in items for score in item.perturbed]
    if not wrong:
        raise ValueError("the items have no wrong answers")
    with np.errstate(invalid="ignore"):  # as in log_truth_ratios
        return np.array([np.mean(wrong) - right_nll(item) for item in items])


def right_nll(item: ItemScore) -> float:
    """Returns the nats per token of the paraphrase, or of the true answer if there is none."""
    return (item.paraphrase or item.answer).mean_nll


def rouge(task: TaskScores) -> float:
    """Returns the mean ROUGE-L recall (stemmed) of the generations against the true answers.

    NaN if a true answer's likelihood is NaN: such a model's words mean nothing, and the 0 they
    would get must not look like perfect forgetting. NaN, too, if one has no letter and no digit.

    Raises:
        ValueError: an item was scored without a generation.
    """
    return _mean([_item_rouge(item) for item in _items(task)])


def _available(task: TaskScores) -> dict[str, Component]:
    found: dict[str, Component] = {"probability": probability}
    if any(item.perturbed for item in task.items):
        found["truth_ratio"] = truth_ratio
    if any(item.generation is not None for item in task.items):
        found["rouge"] = rouge
    return found


def _items(task: TaskScores) -> tuple[ItemScore, ...]:
    if not task.items:
        raise ValueError(f"task {task.name} has no items")
    return task.items


def _item_rouge(item: ItemScore) -> float:
    if item.generation is None:
        raise ValueError(f"item {item.id} was scored without a generation")
    return float("nan") if np.isnan(item.answer.nll) else rouge_recall(item.truth, item.generation)


def _wrong_nlls(item: ItemScore) -> Floats:
    if not item.perturbed:
        raise ValueError(f"item {item.id} has no wrong answers")
    return np.array([score.mean_nll for score in item.perturbed])


def _choice_probability(item: ItemScore) -> float:
    log_probs = -np.array([item.answer.mean_nll, *_wrong_nlls(item)])
    with np.errstate(invalid="ignore"):  # all options impossible: 0/0 is NaN and stays NaN
        return float(np.exp(log_probs[0] - logsumexp(log_probs)))


def _log_arithmetic_ratio(item: ItemScore) -> float:
    wrong = _wrong_nlls(item)
    with np.errstate(invalid="ignore"):  # as in log_truth_ratios
        return float(np.log(wrong.size) - logsumexp(-wrong) - right_nll(item))


def _squash(task: TaskScores, log_ratios: Floats) -> float:
    _items(task)
    with np.errstate(over="ignore"):  # R = 0 gives 1/R = inf, which the maximum turns into 0
        if task.role is Role.FORGET:
            return _mean(np.exp(-np.abs(log_ratios)))
        return _mean(np.maximum(0.0, -np.expm1(-log_ratios)))


def _mean(values: Sequence[float] | Floats) -> float:
    return float(np.mean(values))
