"""The schema takes what loading takes, and refuses what an editor should underline."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.config import strict_yaml
from orchestrator.config.schema import sweep_schema
from tests.fixtures.paths import CONFIGS

FILES = sorted(CONFIGS.glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = sweep_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def written(file: Path) -> dict[str, Any]:
    return strict_yaml.parse(file.read_text(encoding="utf-8"), source=str(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sweep_of_ours_is_valid(file, validator) -> None:
    assert [error.message for error in validator.iter_errors(written(file))] == []


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"serach": {}}, []),
        ({"search": {"trails": 4}}, ["search"]),
        ({"search": {"constraints": {"retian": {"at_least": 0.9}}}}, ["search", "constraints"]),
        ({"methods": {"npo": {"betta": 1}}}, ["methods"]),
        ({"methods": {"mine": {"beta": 1}}}, ["methods"]),
        ({"methods": ["npoo"]}, ["methods"]),
        ({"benchmark": {"name": "tofu", "paht": "x"}}, ["benchmark"]),
        ({"evaluation": {"metrics": ["retian"]}}, ["evaluation", "metrics", 0]),
        ({"disk": {"quota": 1.5}}, ["disk", "quota"]),
        ({"gang": "automatic"}, ["gang"]),
    ],
)
def test_a_mistake_is_found_where_it_stands(change, at, validator) -> None:
    errors = list(validator.iter_errors({**written(CONFIGS / "demo.yaml"), **change}))
    assert [list(error.absolute_path) for error in errors] == [at]


@pytest.mark.parametrize(
    "change",
    [
        {"methods": ["npo", "ga"]},
        {"methods": {"npo": None, "mine": {"method": "npo", "search": {"beta": "default"}}}},
        {"benchmark": "characters"},
        {"gang": "auto"},
        {"disk": {"quota": "4MB"}},
        {"search": {"constraints": {"retain": None}}},
    ],
)
def test_other_ways_of_writing_are_taken(change, validator) -> None:
    assert list(validator.iter_errors({**written(CONFIGS / "demo.yaml"), **change})) == []


def test_an_editor_shows_what_a_key_means(validator) -> None:
    definitions = validator.schema["$defs"]
    assert "seed" in definitions["SearchSettings"]["properties"]["floor_probability"]["description"]
    beta = definitions["method.npo"]["properties"]["beta"]
    assert beta["default"] == 0.1
