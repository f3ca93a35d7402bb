"""A sweep's folder goes on only with the recipe it was begun with."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.continuity import check_continues, write_config
from orchestrator.loading import load_config


def begin(folder: Path, *overrides: str) -> None:
    write_config(load_config(None, overrides), folder)


@pytest.mark.parametrize(
    "override",
    [
        "search.trials=99",
        "search.warm_start=elsewhere",
        "gang.ranks=1",
        "tracking.experiment=other",
        "storage=elsewhere",
        "methods=[ga]",
    ],
)
def test_what_changes_no_trial_may_change(tmp_path: Path, override: str) -> None:
    begin(tmp_path)
    assert check_continues(load_config(None, [override]), tmp_path) is None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs=9", r"training\.epochs must stay .* but got 9"),
        (
            "search.constraints.retain.at_least=0.5",
            r"search\.constraints\.retain\.at_least must stay 0\.9 .* but got 0\.5",
        ),
        ("search.sampler=grid", r"search\.sampler must stay 'gp'"),
        ("search.first=[{lr: 1e-3}]", r"search\.first must stay \[\]"),
        ("search.constraints.forget.at_most=0.5", r"search\.constraints\.forget\.at_most must"),
        ("seed=7", r"seed must stay 0 in the sweep 'demo' .* name=<name>"),
        ("benchmark.num_people=30", r"benchmark\.num_people must stay"),
        ("methods.npo.beta=0.5", r"methods\.npo\.beta must stay 0\.1 .* but got 0\.5"),
        ("search.lr.high=0.5", r"search\.lr\.high must stay"),
    ],
)
def test_another_recipe_is_refused_by_its_key(tmp_path: Path, override: str, message: str) -> None:
    begin(tmp_path)
    with pytest.raises(ConfigError, match=message):
        check_continues(load_config(None, [override]), tmp_path)


def test_a_fresh_folder_takes_any_recipe(tmp_path: Path) -> None:
    assert check_continues(load_config(None, ["seed=5"]), tmp_path) is None


def test_a_damaged_record_names_the_file_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.json must be .* name=<name>"):
        check_continues(load_config(None, []), tmp_path)
