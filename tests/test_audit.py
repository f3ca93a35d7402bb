"""The audit of what is installed says what it found, and never takes silence for a good answer."""

import importlib.util
import re
from types import ModuleType

import pytest

from tests.fixtures.paths import ROOT

CLEAN = [{"name": "jinja2", "version": "3.1.6", "vulns": []}]
WEAK = [
    {
        "name": "ray",
        "version": "2.60.0",
        "vulns": [{"id": "CVE-1", "fix_versions": []}, {"id": "CVE-2", "fix_versions": ["2.61"]}],
    },
    {"name": "own", "skip_reason": "not found"},
]
NOBODY = [{"name": "jinja2", "skip_reason": "Dependency not found and could not be audited"}]


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("first", "whole", "code", "said"),
    [
        (CLEAN, CLEAN, 0, "audit: 0 known weaknesses in "),
        (
            CLEAN,
            WEAK,
            1,
            "ray 2.60.0: CVE-1, not mended\nray 2.60.0: CVE-2, mended in 2.61\naudit: 2 known",
        ),
        (CLEAN, "a timeout", 1, "pip-audit failed: a timeout"),
        (NOBODY, None, 0, "audit skipped: the database of known weaknesses cannot be reached here"),
        ("no route to host", None, 0, "audit skipped: .* \\(no route to host\\)"),
    ],
)
def test_weaknesses_fail_and_a_database_that_cannot_be_reached_is_said(
    audit, monkeypatch, capsys, first, whole, code, said
) -> None:
    monkeypatch.setattr(audit, "audited", lambda pins: first if len(pins) == 1 else whole)
    assert audit.main() == code
    assert re.match(said, capsys.readouterr().out)
