import pytest

from evals.errors import ConfigError
from orchestrator.config.strict_yaml import parse


def test_a_merge_key_brings_what_is_not_said():
    text = "base: &base {lr: 1e-5, epochs: 3}\ntraining: {<<: *base, epochs: 1}"
    assert parse(text, source="x")["training"] == {"lr": 1e-5, "epochs": 1}


def test_of_several_merged_mappings_the_first_wins():
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}"
    assert parse(text, source="x")["c"] == {"x": 1, "y": 2}


def test_a_merge_of_something_else_is_refused():
    with pytest.raises(ConfigError, match="<< must be a mapping but got 3"):
        parse("a: {<<: 3}", source="x")


def test_a_key_given_twice_is_refused():
    with pytest.raises(ConfigError, match="x must be valid YAML .*line 2, column 1.*'a' twice"):
        parse("a: 1\na: 2", source="x")
