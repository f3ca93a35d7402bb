"""A sweep's folder goes on only with the recipe it was begun with."""

import json
from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.config.loading import load_config
from orchestrator.config.resume import (
    LAYOUT,
    check_continues,
    check_origin,
    held_gang,
    read_config,
    write_config,
)
from orchestrator.storage.records import version


def begin(folder: Path, *overrides: str) -> None:
    write_config(load_config(None, overrides), folder)


@pytest.mark.parametrize(
    "override",
    [
        "search.trials=99",
        "budget.hours=2",
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
        ("training.epochs=99", r"training\.epochs must stay .* but got 99"),
        (
            "search.constraints.retain.at_least=0.5",
            r"search\.constraints\.retain\.at_least must stay 0\.9 .* but got 0\.5",
        ),
        ("search.sampler=grid", r"search\.sampler must stay 'gp'"),
        ("search.first=[{lr: 1e-3}]", r"search\.first must stay \[\]"),
        ("search.constraints.forget.at_most=0.5", r"search\.constraints\.forget\.at_most must"),
        ("seed=7", r"seed must stay 1 in the sweep 'demo' .* name=<name>"),
        ("benchmark.num_people=30", r"benchmark\.num_people must stay"),
        ("methods.npo.beta=0.5", r"methods\.npo\.beta must stay 0\.1 .* but got 0\.5"),
        ("search.lr.high=0.5", r"search\.lr\.high must stay"),
    ],
)
def test_another_recipe_is_refused_by_its_key(tmp_path: Path, override: str, message: str) -> None:
    begin(tmp_path)
    with pytest.raises(ConfigError, match=message):
        check_continues(load_config(None, [override]), tmp_path)


def test_a_method_that_was_left_out_for_a_while_keeps_its_recipe(tmp_path: Path) -> None:
    begin(tmp_path)
    write_config(load_config(None, ["methods=[ga]"]), tmp_path)
    with pytest.raises(ConfigError, match=r"methods\.npo\.beta must stay 0\.1 .* got 0\.9"):
        check_continues(load_config(None, ["methods.npo.beta=0.9"]), tmp_path)
    assert check_continues(load_config(None, []), tmp_path) is None


def test_a_folder_that_cannot_be_written_to_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(ConfigError, match=r"storage must be .*config\.json.* storage=<folder>"):
        write_config(load_config(None, []), tmp_path)


def test_what_is_chosen_is_held_on_to_once_the_sweep_has_begun(tmp_path: Path) -> None:
    auto = load_config(None, ["gang=auto"])
    assert held_gang(auto, tmp_path) is None
    chosen = auto.gang.model_copy(update={"ranks": 3, "gpus_per_rank": 1.0})
    write_config(auto.model_copy(update={"gang": chosen}), tmp_path)
    assert held_gang(auto, tmp_path) == chosen
    resumed = load_config(None, []).model_validate({**read_config(tmp_path)})
    assert resumed.gang.holds_on
    assert held_gang(resumed, tmp_path / "elsewhere") == chosen
    write_config(load_config(None, ["gang.ranks=1", "gang.cpus_per_rank=2"]), tmp_path)
    assert held_gang(auto, tmp_path).cpus_per_rank == 2


def test_a_fresh_folder_takes_any_recipe(tmp_path: Path) -> None:
    assert check_continues(load_config(None, ["seed=5"]), tmp_path) is None


def test_a_damaged_record_names_the_file_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.json must be .* name=<name>"):
        check_continues(load_config(None, []), tmp_path)


def test_a_folder_knows_which_version_and_layout_wrote_it(tmp_path: Path) -> None:
    begin(tmp_path)
    origin = json.loads((tmp_path / "origin.json").read_text(encoding="utf-8"))
    assert (origin["version"], origin["layout"]) == (version(), LAYOUT)
    assert check_origin(tmp_path) is None


@pytest.mark.parametrize(
    ("theirs", "layout", "word"),
    [("99.0.0", LAYOUT, "newer"), ("0.0.9", LAYOUT, "older"), (version(), LAYOUT + 1, "newer")],
)
def test_a_folder_of_another_version_is_refused_with_both_and_the_cure(
    tmp_path: Path, theirs: str, layout: int, word: str
) -> None:
    begin(tmp_path)
    origin = json.dumps({"version": theirs, "layout": layout})
    (tmp_path / "origin.json").write_text(origin, encoding="utf-8")
    said = rf"{word} version {theirs} \(layout {layout}\); go on with it in version {theirs}, or "
    with pytest.raises(ConfigError, match=said + r".*name=<name>"):
        check_origin(tmp_path)


def test_versions_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "origin.json").write_text(json.dumps({"version": "0.10.0", "layout": LAYOUT}))
    with pytest.raises(ConfigError, match="newer version 0.10.0"):
        check_origin(tmp_path)


def test_a_range_that_is_null_is_not_one_that_is_unset(tmp_path: Path) -> None:
    searched = "methods.npo.search={beta: default}"
    write_config(load_config(None, ["methods=[npo]", searched]), tmp_path)
    without = load_config(None, ["methods=[npo]", searched, "methods.npo.search.l1=null"])
    with pytest.raises(ConfigError, match=r"methods\.npo\.search\.l1 must stay unset .* got None"):
        check_continues(without, tmp_path)


def test_a_config_that_changed_is_refused_and_one_of_a_start_that_was_killed_is_not(
    tmp_path: Path,
) -> None:
    first, second = (load_config(None, [f"search.trials={n}"]) for n in (3, 4))
    write_config(first, tmp_path)
    before = (tmp_path / "config.json").read_text()
    write_config(second, tmp_path)
    assert read_config(tmp_path)["search"]["trials"] == 4
    (tmp_path / "config.json").write_text(before)  # killed after origin.json
    assert read_config(tmp_path)["search"]["trials"] == 3
    (tmp_path / "config.json").write_text(before.replace('"trials": 3', '"trials": 5'))
    with pytest.raises(ConfigError, match=r"config\.json must be the JSON .* other content than"):
        read_config(tmp_path)
