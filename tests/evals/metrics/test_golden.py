"""The aggregate metrics give the numbers of the reference code and of the published table."""

import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from evals.metric import load_metric
from evals.scores import ScoreSheet
from evals.text import components
from evals.text.scores import ItemScore

Build = Callable[..., Any]

LOGS = {
    "eval_log.json": "retain",
    "eval_real_author_wo_options.json": "authors",
    "eval_real_world_wo_options.json": "facts",
    "eval_log_forget.json": "forget",
}

UTILITY = ("Real Authors", "Real World", "Retain")


@pytest.fixture(autouse=True)
def _rouge_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference logs hold ROUGE values and no texts, so an item here says its own ROUGE."""
    monkeypatch.setattr(components, "rouge_recall", lambda truth, says: float(says))


def _from_logs(logs: dict[str, Any], item: Build, sheet: Build) -> ScoreSheet:
    return sheet(**{LOGS[name]: _items(log, item) for name, log in logs.items()})


def _items(log: dict[str, Any], item: Build) -> list[ItemScore]:
    return [
        item(
            id,
            right=log["avg_gt_loss"][id],
            paraphrase=log["avg_paraphrased_loss"][id],
            wrong=log["average_perturb_loss"][id],
            says=str(log["rougeL_recall"][id]),
        )
        for id in log["avg_gt_loss"]
    ]


def test_components_and_utility_equal_those_of_the_reference_code(
    golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    case = golden["text_model_utility_and_forget_quality"]
    expected, tolerance = case["expected"], case["tolerance"]
    unlearned = _from_logs(case["inputs"]["unlearned"], item, sheet)
    found = components.components(unlearned)
    for name, label in {
        "authors": "Real Authors",
        "facts": "Real World",
        "retain": "Retain",
        "forget": "Forget",
    }.items():
        assert found[f"{name}_rouge"] == pytest.approx(expected[f"ROUGE {label}"], abs=tolerance)
        assert found[f"{name}_probability"] == pytest.approx(
            expected[f"Prob. {label}"], abs=tolerance
        )
        assert found[f"{name}_truth_ratio"] == pytest.approx(
            expected[f"Truth Ratio {label}"], abs=tolerance
        )
    utility = load_metric("model_utility").compute(unlearned, None)
    assert utility == pytest.approx(expected["Model Utility"], abs=tolerance)
    six = [expected[f"{kind} {label}"] for kind in ("Prob.", "Truth Ratio") for label in UTILITY]
    utility = load_metric("model_utility_no_rouge").compute(unlearned, None)
    assert utility == pytest.approx(statistics.harmonic_mean(six), abs=tolerance)
    for role in ("forget", "retain"):
        for component in ("rouge", "probability", "truth_ratio"):
            name = f"{role}_{component}"
            assert load_metric(name).compute(unlearned, None) == found[name]


@pytest.mark.parametrize("role", ["forget", "retain"])
def test_the_arithmetic_truth_ratios_equal_those_of_the_reference_code(
    role: str, golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    logs = golden["text_model_utility_and_forget_quality"]["inputs"]["unlearned"]
    expected = golden["truth_ratio_arithmetic_variant"]["expected"]
    metric = load_metric(f"{role}_truth_ratio_arithmetic")
    value = metric.compute(_from_logs(logs, item, sheet), None)
    assert value == pytest.approx(expected[f"{role.capitalize()} Truth Ratio"], abs=1e-6)


@pytest.mark.parametrize("role", ["forget", "retain"])
def test_the_variants_of_open_unlearning_equal_those_of_its_code(
    role: str, golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    case = golden["open_unlearning_truth_ratio_and_probs"]
    pairs = zip(case["inputs"]["correct_avg_loss"], case["inputs"]["wrong_avg_loss"], strict=True)
    items = [item(str(i), right=right, wrong=wrong) for i, (right, wrong) in enumerate(pairs)]
    for name, key in (
        ("truth_ratio_prob_mean", "prob_mean"),
        ("probability_choice", "prob_normalised"),
    ):
        value = load_metric(f"{role}_{name}").compute(sheet(**{role: items}), None)
        assert value == pytest.approx(case["expected"][key], abs=case["tolerance"])


def test_forget_quality_equals_that_of_the_reference_code(
    golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    case = golden["text_model_utility_and_forget_quality"]
    unlearned = _from_logs(case["inputs"]["unlearned"], item, sheet)
    gold = _from_logs(case["inputs"]["gold"], item, sheet)
    p = case["expected"]["Forget Quality"]
    assert load_metric("forget_quality_ks").compute(unlearned, gold) == pytest.approx(p)
    assert load_metric("log_forget_quality").compute(unlearned, gold) == pytest.approx(math.log(p))
    log10 = load_metric("log10_forget_quality").compute(unlearned, gold)
    assert log10 == pytest.approx(math.log10(p))
    size = len(case["inputs"]["gold"]["eval_log_forget.json"]["avg_gt_loss"])
    gap = round(size * case["expected"]["KS Test Forget"])
    assert _log_quality_of_gap(gap, size, item, sheet) == pytest.approx(math.log(p))


def test_the_arithmetic_utility_equals_that_of_the_reference_code(
    golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    logs = golden["text_model_utility_and_forget_quality"]["inputs"]["unlearned"]
    expected = golden["truth_ratio_arithmetic_variant"]["expected"]["Model Utility"]
    metric = load_metric("model_utility_arithmetic")
    value = metric.compute(_from_logs(logs, item, sheet), None)
    assert value == pytest.approx(expected, abs=1e-6)


def _with_components(row: dict[str, Any], item: Build, sheet: Build) -> ScoreSheet:
    """One item a task, with the very components that the row had."""
    return sheet(
        authors=[_chosen(*row["ra"], item)],
        facts=[_chosen(*row["rw"], item)],
        retain=[_plain(*row["re"], item, log_ratio=-math.log(1 - row["re"][2]))],
        forget=[_plain(*row["fo"], item, log_ratio=math.log(row["fo"][2]))],
    )


def _plain(rouge: float, p: float, _ratio: float, item: Build, *, log_ratio: float) -> ItemScore:
    nll = -math.log(p)
    return item(right=nll, wrong=[nll + log_ratio], says=str(rouge))


def _chosen(rouge: float, p: float, ratio: float, item: Build) -> ItemScore:
    wrong = 10 + math.log(p / (1 - p))  # p = 1 / (1 + exp(10 - wrong))
    paraphrase = wrong + math.log(1 - ratio)  # ratio = 1 - exp(paraphrase - wrong)
    return item(right=10, paraphrase=paraphrase, wrong=[wrong], says=str(rouge))


@pytest.mark.parametrize("number", range(3))
def test_the_rows_of_the_published_table_come_out_to_both_decimals(
    number: int, golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    row = golden["published_table1_decode"]["expected"][number]
    scores = _with_components(row["components"], item, sheet)
    values = {
        name: load_metric(name).compute(scores, None)
        for name in (
            *("real", "real_with_rouge", "retain", "retain_with_rouge"),
            *("forget", "forget_no_rouge", "model_utility"),
        )
    }
    published = row["table_row_published"]
    assert [round(values[name], 2) for name in ("real", "retain", "forget")] == published[:3]
    other_names = {
        "real": "real_no_rouge",
        "retain": "retain_no_rouge",
        "forget": "forget_with_rouge",
    }
    for name, value in values.items():
        assert value == pytest.approx(row[other_names.get(name, name)], abs=1e-9)
    decoded = golden["published_log_forget_quality"]
    gap = decoded["inputs"]["gap"][decoded["expected"].index(published[3])]
    log_p = _log_quality_of_gap(gap, decoded["inputs"]["samples_of"], item, sheet)
    assert log_p == pytest.approx(row["ln_p"], abs=1e-6)
    assert round(log_p, 2) == published[3]


def _log_quality_of_gap(gap: int, size: int, item: Build, sheet: Build) -> float:
    """Log forget quality of truth ratios whose distributions are D = gap / size apart at most."""
    ours, golds = (
        sheet(forget=[item(f"{i:03}", right=0.0, wrong=[i + ahead]) for i in range(size)])
        for ahead in (0.0, gap - 0.5)
    )
    return load_metric("log_forget_quality").compute(ours, golds)
