"""Ranges, choices and conditions: what belongs to a space, and in which order it is asked for."""

import pytest

from evals.errors import ConfigError
from orchestrator.searching.space import (
    SearchChoices,
    SearchRange,
    active_part,
    check_conditions,
    holds,
    is_active,
    order,
    typed,
)

TERM = SearchChoices(choices=("none", "nll", "kl"))
ALPHA = SearchRange(low=0.1, high=10.0, when={"retain_term": ("nll", "kl")})
SPACE = {"alpha": ALPHA, "lr": SearchRange(low=1e-5, high=1e-3), "retain_term": TERM}


def keys(space):
    return {name: f"search.{name}" for name in space}


def refusal(space):
    with pytest.raises(ConfigError) as caught:
        check_conditions(space, keys=keys(space))
    return str(caught.value)


def test_a_parameter_comes_after_those_that_its_condition_reads() -> None:
    assert order(SPACE) == ("lr", "retain_term", "alpha")
    chain = {**SPACE, "a": SearchRange(low=1, high=2, when={"alpha": (1,)})}
    assert order(chain)[-2:] == ("alpha", "a")


def test_a_single_value_stands_for_a_list_of_one() -> None:
    assert SearchRange(low=1, high=2, when={"retain_term": "kl"}).when == {"retain_term": ("kl",)}


def test_a_parameter_is_active_where_every_condition_holds() -> None:
    both = SearchRange(low=1, high=2, when={"retain_term": ("kl",), "layer": (1, 2)})
    assert is_active(both, {"retain_term": "kl", "layer": 2})
    assert not is_active(both, {"retain_term": "kl", "layer": 3})
    assert not is_active(both, {"retain_term": "kl"})


def test_what_is_not_active_is_left_out_and_so_is_what_depends_on_it() -> None:
    space = {
        "a": SearchChoices(choices=("on", "off")),
        "b": SearchChoices(choices=(1, 2), when={"a": "on"}),
        "c": SearchRange(low=1, high=2, when={"b": 1}),
    }
    assert active_part(space, {"a": "on", "b": 1, "c": 1.5}) == {"a": "on", "b": 1, "c": 1.5}
    assert active_part(space, {"a": "off", "b": 1, "c": 1.5}) == {"a": "off"}


def test_a_space_holds_a_point_that_has_what_is_active_within_its_range_and_no_more() -> None:
    assert holds(SPACE, {"lr": 1e-4, "retain_term": "kl", "alpha": 1.0})
    assert holds(SPACE, {"lr": 1e-3, "retain_term": "none"})
    assert not holds(SPACE, {"lr": 1e-4, "retain_term": "none", "alpha": 1.0})
    assert not holds(SPACE, {"lr": 1e-4, "retain_term": "kl"})
    assert not holds(SPACE, {"lr": 1e-2, "retain_term": "none"})
    assert not holds(SPACE, {"lr": 1e-4, "retain_term": "nll2"})
    assert not holds(SPACE, {"lr": 1e-4, "retain_term": "none", "beta": 1.0})


def test_a_range_of_whole_numbers_holds_whole_numbers_only() -> None:
    layers = SearchRange(low=1, high=4, log=False, integer=True)
    assert layers.holds(4)
    assert layers.holds(2.0)
    assert not layers.holds(2.5)
    assert not layers.holds(True)
    assert not layers.holds("2")


def test_shares_of_a_range_follow_its_scale_and_shares_of_choices_their_order() -> None:
    assert SearchRange(low=1e-4, high=1.0).at(0.5) == pytest.approx(1e-2)
    assert SearchRange(low=0, high=8, log=False, integer=True).at(0.26) == 2
    assert [TERM.at(share) for share in (0.0, 0.5, 0.99, 1.0)] == ["none", "nll", "kl", "kl"]


def test_numbers_take_the_kind_of_their_range() -> None:
    space = {**SPACE, "layer": SearchRange(low=1, high=4, log=False, integer=True)}
    made = typed(space, {"lr": 1, "layer": 2.0, "retain_term": "kl"})
    assert (type(made["lr"]), type(made["layer"]), made["retain_term"]) == (float, int, "kl")


def test_repeated_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="choices must be different from each other"):
        SearchChoices(choices=("a", "b", "a"))


def test_a_condition_on_what_is_not_searched_is_refused() -> None:
    assert refusal({"alpha": ALPHA, "retain_trm": TERM}) == (
        "search.alpha.when.retain_term must be a searched parameter but is not one; "
        "did you mean 'retain_trm'?"
    )


def test_a_condition_on_a_number_without_steps_is_refused() -> None:
    space = {**SPACE, "beta": SearchRange(low=1, high=2, when={"lr": 1e-4})}
    assert refusal(space).startswith("search.beta.when.lr must be a choice or a whole number but")


def test_a_condition_on_a_value_that_is_not_searched_is_refused() -> None:
    space = {**SPACE, "beta": SearchRange(low=1, high=2, when={"retain_term": "no"})}
    assert refusal(space) == (
        "search.beta.when.retain_term must be one of none, nll, kl but got 'no'; "
        "correct it or add it there"
    )


def test_conditions_in_a_circle_are_refused() -> None:
    space = {
        "a": SearchChoices(choices=(1, 2), when={"b": 1}),
        "b": SearchChoices(choices=(1, 2), when={"a": 1}),
    }
    assert refusal(space).startswith("search.a.when must be a condition on parameters that do not")
