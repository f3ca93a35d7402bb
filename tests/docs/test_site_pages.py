"""The documents' site leads where the repository leads, and asks no other host for anything."""

import logging
import re

import pytest
import site_pages
from mkdocs.commands.build import build
from mkdocs.config import load_config

from tests.fixtures.paths import ROOT

LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]* src=\"?([^\" >]+)|<link [^>]*href=\"?([^\" >]+)"
)


@pytest.fixture(autouse=True)
def no_advertisement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Several objectives", "several-objectives"),
        ("`search.stopping`", "searchstopping"),
        ("Before it starts: `--plan`", "before-it-starts---plan"),
    ],
)
def test_headings_are_named_as_code_hosts_name_them(heading: str, name: str) -> None:
    assert site_pages.heading_id(heading, "-") == name


@pytest.mark.slow
def test_the_site_is_whole_and_needs_no_other_host(tmp_path) -> None:
    build(load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(tmp_path)))
    sweeps = (tmp_path / "docs" / "sweeps.html").read_text(encoding="utf-8")
    assert 'href="../configs/demo.yaml.html"' in sweeps
    assert (tmp_path / "configs" / "demo.yaml.html").is_file()
    for page in tmp_path.rglob("*.html"):
        for found in LOADED.findall(page.read_text(encoding="utf-8")):
            assert "//" not in "".join(found), f"{page.name} loads {found}"


def test_a_link_that_leads_nowhere_is_an_error() -> None:
    config = load_config(str(ROOT / "mkdocs.yml"))
    for checks in (config.validation.nav, config.validation.links):
        assert set(checks.values()) == {logging.WARNING}
    # A quiet build counts no warnings, so that none would be an error.
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "mkdocs build --strict\n" in made
    assert re.search(r"^lint:.*(\n\t.*)*\n\t\$\(SITE\)", made, flags=re.MULTILINE)
