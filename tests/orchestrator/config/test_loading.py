"""YAML and overrides become a sweep, or one sentence that says what to correct."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evals.errors import ConfigError
from orchestrator.config.loading import load_config, load_resumed
from orchestrator.config.resume import write_config
from orchestrator.config.sweep_config import SweepConfig

SWEEP = """
name: small
benchmark: {name: characters}
model: {name: tiny_llama, hidden_size: 64}
methods:
  ga:
  npo: {beta: 0.2}
search: {trials: 4, lr: {low: 1e-5, high: 1e-3}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SWEEP)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which a person stands."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def load(file: Path, *overrides: str) -> SweepConfig:
    return load_config(str(file), overrides)


def refusal(file: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, *overrides)
    return str(caught.value)


def test_an_exponent_without_a_dot_is_a_number(file: Path) -> None:
    assert load(file).search.lr.low == 1e-5


def test_an_override_sets_one_nested_value_and_keeps_the_rest(file: Path) -> None:
    config = load(file, "search.lr.high=5e-4")
    assert (config.search.lr.low, config.search.lr.high) == (1e-5, 5e-4)
    assert config.search.trials == 4


def test_mappings_merge_deeply_and_lists_replace(file: Path) -> None:
    config = load(
        file,
        "search={lr: {high: 0.1}}",
        "evaluation.metrics=[retain, forget]",
        "search.objective=forget",
    )
    assert (config.search.lr.low, config.search.lr.high, config.search.trials) == (1e-5, 0.1, 4)
    assert config.evaluation.metrics == ("retain", "forget")


def test_later_overrides_win(file: Path) -> None:
    assert load(file, "seed=1", "seed=2").seed == 2


def test_a_list_of_methods_chooses_among_them_and_keeps_what_the_file_says(file: Path) -> None:
    config = load(file, "methods=[npo, gd]")
    assert list(config.methods) == ["npo", "gd"]
    assert config.methods["npo"].settings["beta"] == 0.2


def test_one_method_may_be_named_without_brackets(file: Path) -> None:
    assert list(load(file, "methods=npo").methods) == ["npo"]


def test_a_hyperparameter_of_a_method_can_be_overridden(file: Path) -> None:
    assert load(file, "methods.npo.beta=0.5").methods["npo"].settings["beta"] == 0.5


def test_a_plug_in_with_another_name_replaces_the_old_one_whole(file: Path) -> None:
    config = load(file, "model={name: causal_lm, path: some/model}")
    assert config.model.name == "causal_lm"


def test_a_resolved_config_written_as_json_loads_again_as_the_same_sweep(
    file: Path, tmp_path: Path
) -> None:
    config = load(file, "methods.npo={retain_term: nll, search: {alpha: default}}")
    again = tmp_path / "resolved.yaml"
    again.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    assert load(again) == config


def test_the_demo_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None, []).name == "demo"


@pytest.mark.parametrize("name", ["tofu_tiny", "tofu_tiny.yaml", "configs/tofu_tiny.yaml"])
def test_a_config_of_lethes_own_is_found_by_its_name_unless_there_is_another(
    elsewhere: Path, name: str
) -> None:
    assert load_config(name, []).benchmark.name == "tofu"
    file = elsewhere / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(SWEEP)
    assert load_config(name, []).name == "small"


@pytest.mark.parametrize("name", ["./tofu_tiny.yaml", "other/tofu_tiny.yaml", "a" * 300])
def test_what_leads_elsewhere_is_no_name_of_a_config(elsewhere: Path, name: str) -> None:
    if name.startswith("./"):
        name = f"{elsewhere}/tofu_tiny.yaml"
    with pytest.raises(ConfigError, match="must be a readable YAML file"):
        load_config(name, [])


def test_the_default_storage_is_the_checkouts_and_one_that_is_given_the_current_folders(
    checkout: Path, elsewhere: Path
) -> None:
    assert load_config(None, []).folder == checkout / "runs"
    assert load_config(None, ["storage=runs"]).folder == elsewhere / "runs"
    url = "storage=s3://bucket/lethe"
    assert load_config(None, [url]).folder.parent == checkout / "runs" / "cache"
    assert load_config(None, [url, "cache=near"]).folder.parent == elsewhere / "near"


def test_a_missing_file_lists_the_configs_that_exist(tmp_path: Path) -> None:
    said = refusal(tmp_path / "absent.yaml")
    assert "absent.yaml' (No such file or directory)" in said
    assert f"configs{os.sep}demo.yaml" in said


def test_broken_yaml_is_told_with_line_and_column(file: Path) -> None:
    file.write_text("name: x\nmethods: [ga\nseed: 1\n")
    said = refusal(file)
    assert str(file) in said
    assert "got an error at line 3, column 5" in said
    assert said.endswith("correct it there")


def test_a_key_given_twice_is_refused_with_its_line(file: Path) -> None:
    file.write_text(SWEEP + "name: other\n")
    assert "an error at line 9, column 1: the key 'name' twice" in refusal(file)


def test_a_file_that_is_no_mapping_is_refused(file: Path) -> None:
    file.write_text("- ga\n- npo\n")
    assert "must be a mapping of keys to values but got list" in refusal(file)


def test_an_empty_file_is_refused(file: Path) -> None:
    file.write_text("")
    assert "must be a mapping" in refusal(file)


def test_an_unknown_key_suggests_the_nearest_with_its_full_name(file: Path) -> None:
    said = refusal(file, "search.trails=3")
    assert said == (
        "search.trails must be a known key but is not one; did you mean 'search.trials'?"
    )


def test_an_unknown_top_level_key_is_told_before_anything_that_follows_from_it(file: Path) -> None:
    file.write_text(SWEEP.replace("benchmark:", "bencmark:"))
    assert refusal(file).startswith("bencmark must be a known key but is not one; did you mean 'be")


def test_an_unknown_key_of_a_plug_in_suggests_the_nearest(file: Path) -> None:
    said = refusal(file, "model.hiden_size=32")
    assert said == (
        "model.hiden_size must be a known key but is not one; did you mean 'model.hidden_size'?"
    )


def test_an_unknown_key_in_a_nested_range_suggests_the_nearest(file: Path) -> None:
    assert "did you mean 'search.lr.high'?" in refusal(file, "search.lr.hihg=1")


def test_an_override_below_a_plain_value_is_refused(file: Path) -> None:
    said = refusal(file, "name.first=x")
    assert said == "name.first must be a known key but name holds 'small'; override that instead"


@pytest.mark.parametrize("override", ["=3", "search..trials=3", "trials"])
def test_an_override_without_key_and_value_is_refused(file: Path, override: str) -> None:
    said = refusal(file, override)
    assert said == (
        f"an override must be key=value but got {override!r}; write it like search.trials=16"
    )


def test_an_override_whose_value_is_not_yaml_is_refused(file: Path) -> None:
    assert "the override 'methods=[ga' must be valid YAML" in refusal(file, "methods=[ga")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "search.trials=0",
            "search.trials must be greater than or equal to 1 but got 0; give 1 or more",
        ),
        (
            "search.trials=many",
            "search.trials must be a whole number but got 'many'; give a whole number",
        ),
        (
            "methods=[ga, ga]",
            "methods must be a list of different names but got 'ga' twice; "
            "leave one out, or give it a label of its own",
        ),
        (
            "name=a b",
            "name must be text like ^[A-Za-z0-9][A-Za-z0-9_.-]*$ but got 'a b'; rename it",
        ),
        (
            "evaluation.metrics=retain",
            "evaluation.metrics must be a list but got 'retain'; give a list like [a, b]",
        ),
        (
            "search.sampler=gpp",
            "search.sampler must be 'gp', 'tpe', 'random' or 'grid' but got 'gpp'; "
            "did you mean 'gp'?",
        ),
        (
            "gang=4",
            "gang must be a mapping of keys to values but got 4; write its keys below it",
        ),
        (
            "engine={zero_stage: 2, offload_parameters: true}",
            "engine.offload_parameters must be off unless engine.zero_stage is 3 but got True; "
            "change it",
        ),
    ],
)
def test_a_value_out_of_its_rule_names_key_rule_value_and_cure(
    file: Path, override: str, said: str
) -> None:
    assert refusal(file, override) == said


def test_a_missing_key_is_named(file: Path) -> None:
    file.write_text(SWEEP.replace("name: small\n", ""))
    assert refusal(file) == "name must be given but is missing; add it"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("seed: -1", "seed must be .* but got -1; .* \\({file}, line 9\\)"),
        ("gang:\n  ranks: many", "gang.ranks must be .* but got 'many'; .*\\({file}, line 10\\)"),
        ("tracking: {\n  url: x}", "tracking.url must be a known key .*\\({file}, line 10\\)"),
        ("gang: {ranks: 3, ranks_per_node: 2}", "gang.ranks must be .*\\({file}, line 9\\)"),
        ("storage: ~nobody-here/x", "storage must be a path whose ~ .*\\({file}, line 9\\)"),
        (f"cache: {'x' * 5000}", "cache must be a path of at most .*\\({file}, line 9\\)"),
        (f"baselines: {{gold: {'x' * 300}}}", "baselines.gold must be .*\\({file}, line 9\\)"),
    ],
)
def test_what_a_file_says_wrong_is_told_with_its_line(file: Path, lines: str, said: str) -> None:
    file.write_text(SWEEP + lines)
    assert re.fullmatch(said.format(file=re.escape(str(file))), refusal(file))


def test_a_file_is_not_blamed_for_an_override(file: Path) -> None:
    file.write_text(SWEEP + "gang: {ranks: 2}")
    assert str(file) not in refusal(file, "gang.ranks=many")
    assert str(file) not in refusal(file, "gang={ranks: many}")
    assert refusal(file, "gang.ranks=many", "seed=1").endswith("give a whole number")


@pytest.mark.parametrize("key", ["storage", "cache", "model.path", "baselines.original"])
@pytest.mark.parametrize("path", ["~nobody-here/x", "x" * 5000, "a/" * 2000])
def test_a_path_that_cannot_be_is_refused_by_its_key(file: Path, key: str, path: str) -> None:
    said = refusal(file, "model={name: causal_lm, path: gpt2}", f"{key}={path}")
    assert said.startswith(f"{key} must be a path ")
    assert len(said) < 400


@pytest.mark.parametrize("override", ["x" * 9999 + "=1", "a." * 99 + "b=1", "seed=" + "x" * 9999])
def test_a_long_override_is_cut_in_its_message(file: Path, override: str) -> None:
    assert len(refusal(file, override)) < 500


def test_a_byte_order_mark_is_no_part_of_the_first_key(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().lstrip())
    assert load(file).name == "small"


@pytest.mark.parametrize("path", [".", "/dev/zero", "/dev/null", "x" * 5000, "a\0b", "~nobody/x"])
def test_what_is_no_file_of_text_is_refused(path: str) -> None:
    with pytest.raises(ConfigError):
        load_config(path, [])


@pytest.mark.parametrize("path", ["~nobody/x", "a\0b", "x" * 5000, "/dev/null", "a/" * 3000])
def test_what_is_no_folder_is_not_resumed(path: str) -> None:
    with pytest.raises(ConfigError, match="^--resume must be"):
        load_resumed(path, [])


def begun(storage: Path, *overrides: str) -> Path:
    """Returns the folder of a sweep that was begun there."""
    config = load_config(None, [f"storage={storage}", *overrides])
    folder = storage / "sweeps" / config.name
    folder.mkdir(parents=True)
    write_config(config, folder)
    return folder


def test_a_sweep_is_resumed_with_the_config_it_was_begun_with(tmp_path: Path) -> None:
    folder = begun(tmp_path, "methods=[ga, npo]", "training.epochs=7", "methods.npo.beta=0.2")
    assert load_resumed(str(folder), []) == load_config(
        None,
        [f"storage={tmp_path}", "methods=[ga, npo]", "training.epochs=7", "methods.npo.beta=0.2"],
    )


def test_a_sweep_is_found_by_its_name_in_the_default_storage(checkout: Path, elsewhere) -> None:
    folder = begun(checkout / "runs")
    assert load_resumed("demo", []).folder == checkout / "runs"
    here = elsewhere / "demo"
    here.mkdir()
    with pytest.raises(ConfigError, match=r"got 'demo', which has no config\.json"):
        load_resumed("demo", [])
    here.rmdir()
    with pytest.raises(ConfigError, match=rf"which is not in {folder.parent} either; there are"):
        load_resumed("dmo", [])
    with pytest.raises(ConfigError, match="which does not exist"):
        load_resumed("sweeps/demo", [])


def test_what_changes_no_trial_may_be_overridden_when_it_is_resumed(tmp_path: Path) -> None:
    config = load_resumed(str(begun(tmp_path)), ["search.trials=99", "budget.hours=2"])
    assert (config.search.trials, config.budget.hours) == (99, 2)


def test_a_storage_folder_that_was_moved_is_resumed_where_it_is(tmp_path: Path) -> None:
    begun(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    assert load_resumed(str(tmp_path / "after" / "sweeps" / "demo"), []).folder == (
        tmp_path / "after"
    )


def renamed(folder: Path) -> Path:
    return folder.rename(folder.with_name("other"))


def outside(folder: Path) -> Path:
    return folder.rename(folder.parent.parent / "demo")


def without_config(folder: Path) -> Path:
    (folder / "config.json").unlink()
    return folder


def newer(folder: Path) -> Path:
    (folder / "origin.json").write_text('{"version": "99.0.0", "layout": 1}', encoding="utf-8")
    (folder / "config.json").write_text('{"name": "demo", "unheard_of": 1}', encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("spoil", "overrides", "message"),
    [
        (lambda folder: folder / "no", [], r"demo/no', which does not exist; run the sweep's own"),
        (lambda folder: folder.parent, [], r"has no config\.json; there are .*sweeps/demo"),
        (lambda folder: folder.parent.parent, [], r"has no config\.json; there are .*sweeps/demo"),
        (without_config, [], r"--resume must be the folder of a sweep, .* has no config\.json"),
        (outside, [], r"which is not in a folder named sweeps"),
        (renamed, [], r"its own name, 'demo', but got .*other'; rename the folder back"),
        (newer, [], r"newer version 99\.0\.0 .* go on with it in version 99\.0\.0"),
        (lambda folder: folder, ["storage=x"], r"must be those of the folder .* got storage=x"),
        (lambda folder: folder, ["name=x"], r"must be those of the folder .* got name=x; leave"),
    ],
)
def test_what_cannot_be_resumed_is_refused_with_the_cure(
    tmp_path: Path, spoil: Callable[[Path], Path], overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_resumed(str(spoil(begun(tmp_path))), overrides)
