"""A plug-in is found by its file's name; a name that is none leads to the one that was meant."""

import pytest

from evals import plugins
from evals.errors import ConfigError

METHODS = "trainers.methods"


def test_the_files_of_a_folder_are_its_plug_ins() -> None:
    assert {"ga", "npo", "retain_ft"} <= set(plugins.names(METHODS))
    assert plugins.load(METHODS, "npo", key="methods").__name__ == "trainers.methods.npo"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("npoo", "npo"),
        ("GA", "ga"),
        ("Retain-FT", "retain_ft"),
        ("gradascent", "ga"),
        ("GradDiff", "gd"),
        ("KL_Minimization", "kl"),
        ("IdkDPO", "dpo"),
        ("WMDP", "rmu"),
    ],
)
def test_a_name_that_is_none_leads_to_the_one_that_was_meant(written, meant) -> None:
    with pytest.raises(ConfigError) as refusal:
        plugins.load(METHODS, written, key="methods")
    assert str(refusal.value).endswith(f"but got {written!r}; did you mean {meant!r}?")


def test_no_alias_is_the_name_or_the_alias_of_another() -> None:
    modules = {n: plugins.load(METHODS, n, key="methods") for n in plugins.names(METHODS)}
    aliases = [alias for module in modules.values() for alias in getattr(module, "ALIASES", ())]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(modules)
