"""What the documents show of a sweep's YAML can be run with."""

import re

import pytest
import yaml

from orchestrator.config.loading import CONFIGS, load_config
from tests.fixtures.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{index}")
    for page in PAGES
    for index, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]


def merged(whole: dict, part: dict) -> dict:
    """Returns `whole` with what `part` says in its place, key by key."""
    both = {
        key: merged(whole[key], part[key])
        for key in whole.keys() & part.keys()
        if isinstance(whole[key], dict) and isinstance(part[key], dict)
    }
    return {**whole, **part, **both}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_is_a_sweep_or_a_part_that_the_demo_runs_with(block, tmp_path) -> None:
    example = yaml.safe_load(block)
    whole = example if "name" in example else merged(demo(example), example)
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    load_config(str(file), [])


def demo(example: dict) -> dict:
    """Returns the demo, measuring whatever the example constrains."""
    whole = yaml.safe_load((CONFIGS / "demo.yaml").read_text(encoding="utf-8"))
    constrained = example.get("search", {}).get("constraints", {})
    whole["evaluation"]["metrics"] = [
        *dict.fromkeys(["real", "retain", "forget", "log_forget_quality", *constrained])
    ]
    return whole
