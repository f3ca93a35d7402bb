"""Log forget quality and its relatives: what is compared, and on what scale."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from evals.metric import load_metric

Build = Callable[..., Any]
NAMES = (
    "log_forget_quality",
    "log_forget_quality_clear_repo",
    "forget_quality_js",
    "forget_quality_js_clear_repo",
)


@pytest.mark.parametrize("name", NAMES)
def test_items_join_on_ids_and_not_on_places(name: str, item: Build, sheet: Build) -> None:
    ours = [item(str(i), right=0.3 * i, wrong=[2.0]) for i in range(5)]
    same = load_metric(name).compute(sheet(forget=ours), sheet(forget=ours[::-1]))
    assert same == pytest.approx(load_metric(name).bounds[1])


@pytest.mark.parametrize("name", NAMES)
def test_different_forget_sets_are_refused_and_the_first_difference_is_named(
    name: str, item: Build, sheet: Build
) -> None:
    ours = sheet(forget=[item(id, wrong=[2.0]) for id in ("a", "b", "d")])
    golds = sheet(forget=[item(id, wrong=[2.0]) for id in ("a", "c", "d")])
    with pytest.raises(ValueError, match="differ first at 'b' against 'c'"):
        load_metric(name).compute(ours, golds)
    shorter = sheet(forget=[item(id, wrong=[2.0]) for id in ("a", "b")])
    with pytest.raises(ValueError, match="differ first at 'd' against None"):
        load_metric(name).compute(ours, shorter)


def test_a_model_beyond_the_reach_of_floats_still_gets_a_finite_log(
    item: Build, sheet: Build
) -> None:
    # 600 items on either side of ln R = 0: p = 2 / C(1200, 600), about 1e-359.
    ours = sheet(forget=[item(str(i), right=900.0, wrong=[0.0]) for i in range(600)])
    golds = sheet(forget=[item(str(i), right=0.0, wrong=[900.0]) for i in range(600)])
    log_p = math.log(2) - math.log(math.comb(1200, 600))
    assert load_metric("log_forget_quality").compute(ours, golds) == pytest.approx(log_p)
    assert load_metric("forget_quality_ks").compute(ours, golds) == 0.0


def test_the_clear_repo_variant_pools_all_wrong_answers_into_one_number(
    item: Build, sheet: Build
) -> None:
    # ln R by item: 0 and 2 for both, p = 1. The pooled wrong answers are 2 against 2.5, which makes
    # ln R 1 and 1 against 1.5 and 1.5: disjoint, p = 2 / C(4, 2) = 1/3.
    ours = sheet(forget=[item("0", right=1, wrong=[1, 1]), item("1", right=1, wrong=[3, 3])])
    golds = sheet(forget=[item("0", right=1, wrong=[1]), item("1", right=1, wrong=[3, 3, 3])])
    assert load_metric("log_forget_quality").compute(ours, golds) == 0.0
    value = load_metric("log_forget_quality_clear_repo").compute(ours, golds)
    assert value == pytest.approx(math.log(1 / 3))


def test_the_js_distance_equals_that_of_the_reference_code(
    golden: dict[str, Any], item: Build, sheet: Build
) -> None:
    case = golden["js_distance"]

    def with_ratios(ratios: list[float]) -> Any:
        return sheet(
            forget=[item(str(i), right=9.0, wrong=[9 + math.log(r)]) for i, r in enumerate(ratios)]
        )

    value = load_metric("forget_quality_js").compute(
        with_ratios(case["inputs"]["p"]), with_ratios(case["inputs"]["q"])
    )
    assert value == pytest.approx(case["expected"]["one_minus"], abs=case["tolerance"])
