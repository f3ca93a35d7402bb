"""Every key can be asked for, with its default and what it means."""

import pytest

from evals import plugins
from evals.errors import ConfigError
from orchestrator.config.keys import all_sections, keys_text
from orchestrator.config.method_settings import METHODS
from orchestrator.config.sweep_config import PLUGINS


def test_every_plug_in_has_its_section() -> None:
    named = {section.name for section in all_sections()} - {""}
    packages = (*PLUGINS.values(), METHODS)
    assert named == {name for package in packages for name in plugins.names(package)}


def test_all_keys_are_shown_by_default() -> None:
    text = keys_text("")
    for heading in ("search  #", "search.stopping  #", "gang  #", "benchmark: {name: tofu}  #"):
        assert f"\n\n{heading}" in text
    assert "\n\nmethods.<label>: {method: npo}  # Negative preference optimisation" in text


def test_a_key_is_shown_alone_with_its_default_type_and_meaning() -> None:
    _, key, meaning, *_ = keys_text("search.floor_probability").splitlines()
    assert key == "  floor_probability: 0.9  # number >= 0.5, < 1"
    assert meaning.startswith("      # How likely what the Gaussian process proposes is to keep ")


def test_a_section_is_shown_with_what_is_below_it_and_without_the_key_above_it() -> None:
    text = keys_text("search")
    assert text.startswith("search  # ")
    assert "\n\nsearch.stopping  # " in text
    assert "\n\ngang" not in text


@pytest.mark.parametrize("name", ["npo", "tofu", "causal_lm"])
def test_a_plug_in_is_shown_by_its_name(name) -> None:
    assert f"name: {name}}}" in keys_text(name) or f"method: {name}}}" in keys_text(name)


def test_what_is_written_of_a_method_is_shown_and_not_how_it_is_kept() -> None:
    text = keys_text("methods.<label>")
    assert "\n  search:" in text
    assert "\n  unsearched:" not in text


def test_a_key_that_is_none_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"but got 'gang.rank'; did you mean 'gang.ranks'\?"):
        keys_text("gang.rank")


def test_a_plug_in_without_keys_of_its_own_is_known_all_the_same() -> None:
    assert keys_text("ga").startswith("methods.<label>: {method: ga}  # ")
    assert keys_text("ga").endswith("  # nothing can be set of it alone")
