"""Attacks have as many models of one world as of the other."""

import pytest

from evals.errors import ConfigError
from evals.validation import validated
from orchestrator.config.attacks import AttackSettings


def test_an_odd_number_of_models_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"attacks\.targets must be even, .* but got 9; take 10"):
        validated(AttackSettings, {"targets": 9}, key="attacks")


def test_models_are_counted_by_the_name_of_their_setting() -> None:
    assert AttackSettings(targets=6, shadows=8).num_models == {"targets": 6, "shadows": 8}
