"""What a micro-batch runs through the model follows from what its method needs."""

import pytest

from orchestrator.config.method_settings import MethodSettings, resolve_method
from orchestrator.planning.passes import Draw, draw_of


def resolved(name: str, **raw) -> MethodSettings:
    return resolve_method("mine", {"method": name, **raw}, key="methods.mine")


@pytest.mark.parametrize(
    ("settings", "draw"),
    [
        (resolved("ga"), Draw((1,), 0)),
        (resolved("gd"), Draw((1, 1), 0)),
        (resolved("kl"), Draw((1, 1), 1)),
        (resolved("npo"), Draw((1,), 1)),
        (resolved("llmu", num_random=3), Draw((1, 3, 1), 1)),
        (resolved("llmu", search={"num_random": "default"}), Draw((1, 8, 1), 1)),
        (resolved("npo", search={"lr": {"low": 1e-5, "high": 1e-4}}), Draw((1,), 1)),
    ],
    ids=["ga", "gd", "kl", "npo", "llmu", "searched", "shared"],
)
def test_a_method_draws_what_it_needs_at_the_upper_end_of_its_search(settings, draw):
    found = draw_of(settings)
    assert sorted(found.passes) == sorted(draw.passes)
    assert found.references == draw.references
    assert found.together == sum(draw.passes)


def test_a_baseline_draws_one_pass():
    assert Draw() == Draw((1,), 0)


def test_of_the_choices_that_are_searched_the_one_that_draws_most_counts():
    alpha = {"low": 0.5, "high": 5, "when": {"retain_term": ["nll", "kl"]}}
    search = {"retain_term": {"choices": ["kl", "none"]}, "alpha": alpha}
    assert draw_of(resolve_method("npo", {"search": search}, key="methods.npo")).passes == (1, 1)
    assert draw_of(resolve_method("npo", {}, key="methods.npo")).passes == (1,)
