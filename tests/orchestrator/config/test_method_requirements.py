"""What a method may ask for follows from its hyperparameters and from what is searched."""

import pytest

from orchestrator.config.method_requirements import most_demanding, possible_requirements
from orchestrator.config.method_settings import MethodSettings, resolve_method
from trainers.requirements import ReferenceUse, Source


def resolved(name: str, **raw) -> MethodSettings:
    return resolve_method("mine", {"method": name, **raw}, key="methods.mine")


@pytest.mark.parametrize(
    ("settings", "passes", "use"),
    [
        (resolved("ga"), (1,), ReferenceUse.NONE),
        (resolved("gd"), (1, 1), ReferenceUse.NONE),
        (resolved("kl"), (1, 1), ReferenceUse.MODEL),
        (resolved("npo"), (1,), ReferenceUse.LIKELIHOODS),
        (resolved("llmu", num_random=3), (1, 3, 1), ReferenceUse.MODEL),
        (resolved("llmu", search={"num_random": "default"}), (1, 8, 1), ReferenceUse.MODEL),
        (
            resolved("npo", search={"lr": {"low": 1e-5, "high": 1e-4}}),
            (1,),
            ReferenceUse.LIKELIHOODS,
        ),
    ],
    ids=["ga", "gd", "kl", "npo", "llmu", "searched", "shared"],
)
def test_a_method_asks_for_most_at_the_upper_end_of_its_search(settings, passes, use):
    found = most_demanding(possible_requirements(settings))
    assert sorted(found.passes) == sorted(passes)
    assert found.reference_use == use


def test_both_ends_and_every_choice_are_possible():
    found = possible_requirements(
        resolved("rmu", search={"layer": {"low": 2, "high": 5, "integer": True}})
    )
    assert [asked.hidden_layer for asked in found] == [2, 5]
    order = {"order": {"choices": ["as_run", "intended"]}}
    found = possible_requirements(resolved("dpo_clear_repo", search=order))
    assert [asked.needs for asked in found] == [{Source.RETAIN}, {Source.IDK}]


def test_of_the_choices_that_are_searched_the_most_demanding_one_counts():
    alpha = {"low": 0.5, "high": 5, "when": {"retain_term": ["nll", "kl"]}}
    search = {"retain_term": {"choices": ["kl", "none"]}, "alpha": alpha}
    searched = possible_requirements(resolved("npo", search=search))
    assert most_demanding(searched).passes == (1, 1)
    assert most_demanding(possible_requirements(resolved("npo"))).passes == (1,)
