"""Says what weaknesses are known of the versions in constraints.txt, as pip-audit finds them.

Exit codes: 0 none, or the database cannot be reached, which is said; 1 there are some. pip-audit by
itself takes what its database does not know, or cannot be asked about, for harmless.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
KNOWN_EVERYWHERE = "jinja2=="
"""What begins the pin that the database is asked about first."""
ACCEPTED: tuple[str, ...] = ()
"""Weaknesses that do not concern Lethe, each with a comment that says why."""


def main() -> int:
    """Audits the pins and returns the exit code."""
    pins = [line for line in CONSTRAINTS.read_text("utf-8").splitlines() if "==" in line]
    [probe] = [pin for pin in pins if pin.lower().startswith(KNOWN_EVERYWHERE)]
    found = audited([probe])
    reason = unreachable(found)
    if reason:
        print(f"audit skipped: the database of known weaknesses cannot be reached here ({reason})")
        return 0
    found = audited(pins)
    lines = weaknesses(found)
    print("\n".join([*lines, f"audit: {len(lines)} known weaknesses in {len(pins)} versions"]))
    return 1 if lines else 0


def audited(pins: Sequence[str]) -> list[dict[str, Any]] | str:
    """Returns what pip-audit says of each pin, or why it says nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        options = ["--no-deps", "--disable-pip", "--timeout=10", "--format=json", "-r", file.name]
        ended = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--progress-spinner=off", *options],
            capture_output=True,
            text=True,
        )
    try:
        found: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        return next(reversed(ended.stderr.strip().splitlines()), "no reason")
    return found


def unreachable(found: list[dict[str, Any]] | str) -> str:
    """Returns why nobody could be asked about what everybody knows, or nothing."""
    return found if isinstance(found, str) else str(found[0].get("skip_reason", ""))


def weaknesses(found: list[dict[str, Any]] | str) -> list[str]:
    """Returns a line for each known weakness; what could not be asked about is one."""
    if isinstance(found, str):
        return [f"pip-audit failed: {found}"]
    return [
        f"{each['name']} {each['version']}: {one['id']}, "
        f"{'mended in ' + ', '.join(one['fix_versions']) if one['fix_versions'] else 'not mended'}"
        for each in found
        for one in each.get("vulns", ())
        if one["id"] not in ACCEPTED
    ]


if __name__ == "__main__":
    sys.exit(main())
