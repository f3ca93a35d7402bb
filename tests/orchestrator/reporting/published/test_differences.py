from orchestrator.config.method_settings import resolve_method
from orchestrator.reporting.published.differences import (
    hyperparameter_differences,
    recipe_differences,
    said,
)


def test_only_what_is_not_the_same_is_said():
    recipe = [("lr", 1e-5, 1e-5), ("adapter", None, "rank 8"), ("epochs", 5.0, 10.0)]
    assert recipe_differences(recipe) == [
        "adapter null here, rank 8 there",
        "epochs 5 here, 10 there",
    ]


def test_constants_that_were_not_published_and_variants_that_are_not_there_are_nothing():
    npo = resolve_method("npo", {"beta": 0.5}, key="methods.npo")
    assert hyperparameter_differences(npo, {}, variant="_of_nobody") == ()
    assert hyperparameter_differences(npo, {"npo": {"beta": 1.0}}, variant="_clear_repo") == (
        "beta 0.5 here, 1 there",
        "the published code does what is npo_clear_repo here",
    )


def test_values_are_said_as_yaml_has_them():
    assert [said(value) for value in (None, 1e-05, 2.0, "sgd")] == ["null", "1e-05", "2", "sgd"]
