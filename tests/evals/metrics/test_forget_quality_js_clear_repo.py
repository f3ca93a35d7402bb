"""CLEAR's script compares truth ratios that have one mean over all wrong answers in common."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from evals.metric import load_metric

Build = Callable[..., Any]
OURS = {"right": [0.4, 1.7, 0.9, 2.2], "wrong": [[1.1, 2.3], [0.7, 0.2], [3.1, 1.9], [0.5, 1.4]]}
GOLD = {"right": [1.6, 1.2, 2.4, 0.8], "wrong": [[1.8, 1.7], [0.9, 2.9], [0.3, 1.1], [2.2, 2.6]]}


def published(ours: dict[str, Any], gold: dict[str, Any]) -> float:
    """`evaluate_forget_quality` of mm/calculate_metrics.py, less the rest of it."""
    first, second = (
        np.exp(np.array(model["wrong"]).mean() - np.array(model["right"])) for model in (ours, gold)
    )
    return float(jensenshannon(first, second))


def test_it_is_one_less_the_published_code_s_distance(item: Build, sheet: Build) -> None:
    ours, gold = (
        sheet(
            forget=[
                item(str(i), right=right, wrong=wrong)
                for i, (right, wrong) in enumerate(zip(m["right"], m["wrong"], strict=True))
            ]
        )
        for m in (OURS, GOLD)
    )
    value = load_metric("forget_quality_js_clear_repo").compute(ours, gold)
    assert value == pytest.approx(1 - published(OURS, GOLD), abs=1e-9)
    by_item = load_metric("forget_quality_js").compute(ours, gold)
    assert abs(by_item - value) > 0.01
