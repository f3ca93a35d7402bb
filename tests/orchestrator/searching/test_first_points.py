"""Points that a person wants tried first are checked against what is searched."""

import pytest

from evals.errors import ConfigError
from orchestrator.searching.first_points import check_first
from orchestrator.searching.space import SearchChoices, SearchRange

SPACE = {
    "lr": SearchRange(low=1e-5, high=1e-3),
    "layer": SearchRange(low=1, high=4, log=False, integer=True),
    "retain_term": SearchChoices(choices=("none", "nll", "kl")),
    "alpha": SearchRange(low=0.1, high=10.0, when={"retain_term": ("nll", "kl")}),
}


def refusal(point):
    with pytest.raises(ConfigError) as caught:
        check_first(point, SPACE, key="search.first.0", method="methods.npo")
    return str(caught.value)


@pytest.mark.parametrize(
    "point",
    [
        {},
        {"lr": 1e-5},
        {"lr": 1e-3, "layer": 4, "retain_term": "none"},
        {"retain_term": "kl", "alpha": 10},
        {"retain_term": "kl"},
    ],
)
def test_a_point_may_be_whole_or_in_part_and_lie_on_the_edge(point) -> None:
    assert check_first(point, SPACE, key="search.first.0", method="methods.npo") is None


def test_a_value_outside_its_range_is_refused() -> None:
    assert refusal({"lr": 0.1}) == (
        "search.first.0.lr must be a number from 1e-05 to 0.001, as methods.npo searches it, but "
        "got 0.1; move it into the range or widen that"
    )
    assert "layer must be a whole number from 1 to 4" in refusal({"layer": 1.5})
    assert "retain_term must be one of none, nll, kl" in refusal({"retain_term": "klx"})
    assert "lr must be a number from" in refusal({"lr": "low"})


def test_a_parameter_that_is_not_searched_is_refused_with_the_nearest() -> None:
    assert refusal({"alhpa": 1.0}) == (
        "search.first.0.alhpa must be searched by methods.npo but is not; did you mean 'alpha'?, "
        "or write the point under the methods that search it"
    )


@pytest.mark.parametrize("point", [{"alpha": 1.0}, {"alpha": 1.0, "retain_term": "none"}])
def test_a_value_that_would_have_no_effect_is_refused(point) -> None:
    assert refusal(point).startswith(
        "search.first.0.alpha must stand with retain_term: nll or kl, where methods.npo searches it"
    )
