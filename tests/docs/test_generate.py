"""The pages of methods, metrics and settings are what the code's own docstrings say."""

from pathlib import Path

import generate
import pytest

from evals import plugins
from orchestrator.config.sweep_config import SweepConfig


@pytest.mark.parametrize("page", generate.PAGES)
def test_a_page_is_what_would_be_written(page) -> None:
    committed = (generate.DOCS / page).read_text(encoding="utf-8")
    assert committed == generate.PAGES[page](), f"docs/{page} is stale: python docs/generate.py"


@pytest.mark.parametrize(
    ("page", "package"),
    [("methods.md", "trainers.methods"), ("metrics.md", "evals.metrics")],
)
def test_every_plug_in_has_a_section_and_a_row_that_leads_to_it(page, package) -> None:
    lines = generate.PAGES[page]().splitlines()
    for name in plugins.names(package):
        assert f"## {name}" in lines
        assert any(line.startswith(f"| [`{name}`](#{name}) |") for line in lines)


def test_every_section_of_a_sweep_has_its_keys() -> None:
    text = generate.PAGES["settings.md"]()
    for section in ("baselines.training", "search.stopping", "gang", "disk", "tracking"):
        assert f"\n## `{section}`\n" in text
    for key in SweepConfig.model_fields:
        assert f"\n| `{key}` |" in text


def written_below(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_checking_writes_nothing_and_names_what_is_stale(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    (tmp_path / "decisions").mkdir()
    assert generate.main(["--check"]) == 1
    assert written_below(tmp_path) == set()
    assert "docs/metrics.md" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert written_below(tmp_path) == set(generate.PAGES)
    assert generate.main(["--check"]) == 0
