"""Probability, truth ratio and ROUGE of a task, by hand and by the reference code's numbers."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.components import (
    arithmetic_truth_ratio,
    choice_probability,
    components,
    log_truth_ratios,
    pooled_log_truth_ratios,
    pooled_truth_ratio,
    prob_mean_truth_ratio,
    probability,
    truth_ratio,
)
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from tests.fixtures.golden import GOLDEN

INF, NAN = math.inf, math.nan


def _item(
    id: str, right: float, wrong: Sequence[float] = (), *, paraphrase: float | None = None
) -> ItemScore:
    """Nlls per token; the answer has 2 tokens, so that sums and means differ."""
    return ItemScore(
        id=id,
        truth="blue whale",
        answer=AnswerScore(2 * right, 2),
        paraphrase=None if paraphrase is None else AnswerScore(4 * paraphrase, 4),
        perturbed=tuple(AnswerScore(3 * nll, 3) for nll in wrong),
        token_logprobs=(-right, -right),
        token_hits=(True, True),
    )


def _task(
    *items: ItemScore, role: Role = Role.RETAIN, kind: Probability = Probability.PLAIN
) -> TaskScores:
    return TaskScores(str(role), role, kind, items)


def test_plain_probability_is_the_geometric_mean_over_tokens() -> None:
    # Two items with per-token probabilities 1/2 and 1/8: mean 5/16.
    task = _task(_item("0", math.log(2)), _item("1", math.log(8)))
    assert probability(task) == pytest.approx(5 / 16)


def test_choice_probability_divides_by_all_options() -> None:
    # p = 1/2 against 1/4 and 1/4: 1/2.
    task = _task(_item("0", math.log(2), [math.log(4), math.log(4)]), kind=Probability.CHOICE)
    assert probability(task) == pytest.approx(1 / 2)


def test_choice_probability_survives_options_that_underflow() -> None:
    # exp(-1000) is 0 in floats, but 1000 against 1000 + ln 3 is still 3 : 1.
    task = _task(_item("0", 1000, [1000 + math.log(3)]), kind=Probability.CHOICE)
    assert probability(task) == pytest.approx(3 / 4)


def test_truth_ratio_prefers_the_paraphrase_to_the_answer() -> None:
    task = _task(_item("0", 9.0, [1 + math.log(4)], paraphrase=1.0))
    assert truth_ratio(task) == pytest.approx(3 / 4)  # R = 4, 1 - 1/4
    assert truth_ratio(_task(_item("0", 1.0, [1 + math.log(4)]))) == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("right", "wrong", "forget", "retain"),
    [
        (1.0, 1.0, 1.0, 0.0),
        (1.0, 1 + math.log(4), 1 / 4, 3 / 4),
        (1 + math.log(4), 1.0, 1 / 4, 0.0),  # 1 - 4 is cut at 0
        (0.0, 800.0, 0.0, 1.0),  # R = e^800 overflows: 1/R = 0
        (800.0, 0.0, 0.0, 0.0),  # R = 0: 1/R = inf
        (0.0, INF, 0.0, 1.0),
        (INF, 0.0, 0.0, 0.0),
        (NAN, 1.0, NAN, NAN),
        (1.0, NAN, NAN, NAN),
        (INF, INF, NAN, NAN),  # 0/0
    ],
)
def test_truth_ratio_at_and_beyond_the_ends_of_floats(
    right: float, wrong: float, forget: float, retain: float
) -> None:
    item = _item("0", right, [wrong])
    for component in (truth_ratio, arithmetic_truth_ratio):
        found = component(_task(item, role=Role.FORGET)), component(_task(item))
        assert found == pytest.approx((forget, retain), nan_ok=True)


def test_the_two_means_of_wrong_answers_differ_as_geometric_and_arithmetic() -> None:
    # Wrong 1/2 and 1/32, right 1/2: geometric 1/8, R = 4; arithmetic 17/64, R = 32/17.
    task = _task(_item("0", math.log(2), [math.log(2), math.log(32)]))
    assert truth_ratio(task) == pytest.approx(3 / 4)
    assert arithmetic_truth_ratio(task) == pytest.approx(1 - 17 / 32)


def test_arithmetic_truth_ratios_equal_those_of_the_reference_code() -> None:
    logs = GOLDEN["text_model_utility_and_forget_quality"]["inputs"]["unlearned"]
    expected = GOLDEN["truth_ratio_arithmetic_variant"]["expected"]
    for file, label, role in (
        ("eval_real_author_wo_options.json", "Real Authors", Role.REAL),
        ("eval_real_world_wo_options.json", "Real World", Role.REAL),
        ("eval_log.json", "Retain", Role.RETAIN),
        ("eval_log_forget.json", "Forget", Role.FORGET),
    ):
        log = logs[file]
        items = [
            _item(
                id,
                log["avg_gt_loss"][id],
                log["average_perturb_loss"][id],
                paraphrase=log["avg_paraphrased_loss"][id],
            )
            for id in log["avg_gt_loss"]
        ]
        value = arithmetic_truth_ratio(_task(*items, role=role))
        assert value == pytest.approx(expected[f"{label} Truth Ratio"], abs=1e-6)


def test_ratios_equal_the_inverse_of_those_of_open_unlearning() -> None:
    case = GOLDEN["open_unlearning_truth_ratio_and_probs"]
    expected, tolerance = case["expected"], case["tolerance"]
    pairs = zip(case["inputs"]["correct_avg_loss"], case["inputs"]["wrong_avg_loss"], strict=True)
    items = [_item(str(i), right, wrong) for i, (right, wrong) in enumerate(pairs)]
    inverse = np.exp(-log_truth_ratios(items))
    assert inverse == pytest.approx(np.array(expected["truth_ratio"]), abs=tolerance)
    closer = truth_ratio(_task(*items, role=Role.FORGET))
    assert closer == pytest.approx(expected["closer_to_1_better"], abs=tolerance)
    assert truth_ratio(_task(*items)) == pytest.approx(expected["true_better"], abs=tolerance)
    chosen = probability(_task(*items, kind=Probability.CHOICE))
    assert chosen == pytest.approx(expected["prob_normalised"], abs=tolerance)
    assert choice_probability(_task(*items)) == chosen
    for role in (Role.FORGET, Role.RETAIN):
        mean = prob_mean_truth_ratio(_task(*items, role=role))
        assert mean == pytest.approx(expected["prob_mean"], abs=tolerance)


@pytest.mark.parametrize(
    ("right", "wrong", "mean"),
    [
        (1.0, 1.0, 0.5),
        (1.0, 1 + math.log(3), 3 / 4),
        (0.0, 800.0, 1.0),
        (800.0, 0.0, 0.0),
        (INF, 0.0, 0.0),
        (INF, INF, NAN),  # 0 / (0 + 0)
        (1.0, NAN, NAN),
    ],
)
def test_the_mean_of_right_over_right_and_wrong_at_and_beyond_the_ends_of_floats(
    right: float, wrong: float, mean: float
) -> None:
    found = prob_mean_truth_ratio(_task(_item("0", right, [wrong])))
    assert found == pytest.approx(mean, nan_ok=True)


def test_pooled_ratios_differ_between_items_by_the_right_answers_alone() -> None:
    # Wrong answers at 1, 2 and 6 nats: 3 on average; right at 1 and 3.
    items = [_item("0", 1.0, [1.0, 2.0]), _item("1", 9.0, [6.0], paraphrase=3.0)]
    assert pooled_log_truth_ratios(items).tolist() == [2.0, 0.0]
    forget, retain = _task(*items, role=Role.FORGET), _task(*items)
    assert pooled_truth_ratio(forget) == pytest.approx((math.exp(-2) + 1) / 2)
    assert pooled_truth_ratio(retain) == pytest.approx((1 - math.exp(-2)) / 2)
    assert math.isnan(pooled_truth_ratio(_task(_item("0", INF, [INF]))))


def test_components_name_what_the_sheet_has_data_for() -> None:
    full = replace(_item("0", 1.0, [2.0]), generation="blue")
    sheet = ScoreSheet((_task(full), _task(_item("1", 1.0), role=Role.HOLDOUT)))
    found = components(sheet)
    assert set(found) == {
        "retain_probability",
        "retain_truth_ratio",
        "retain_rouge",
        "holdout_probability",
    }
    assert found["retain_rouge"] == pytest.approx(1 / 2)


def test_a_choice_without_wrong_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="item 7 has no wrong answers"):
        probability(_task(_item("7", 1.0), kind=Probability.CHOICE))
