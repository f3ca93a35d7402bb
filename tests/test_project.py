"""The project's own files agree with each other and with the code."""

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FLOORS = ("orchestrator", "cluster", "trainers", "evals")
MODULES = sorted(file for floor in FLOORS for file in (ROOT / floor).rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
DEV = [Requirement(line) for line in PROJECT["project"]["optional-dependencies"]["dev"]]
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}
USED_BY_OTHERS = {"greenlet"}
"""Optuna uses it where it finds it."""
HOMES = {
    "ray": (
        "orchestrator/running/embedded_ray.py",
        "orchestrator/running/ray_connection.py",
        "orchestrator/running/scheduler.py",
        "orchestrator/running/searcher.py",
        "orchestrator/running/trainable.py",
        "cluster/*.py",
    ),
    "optuna": ("orchestrator/searching/*.py",),
    "mlflow": ("orchestrator/tracking/*.py",),
    "sqlalchemy": ("orchestrator/tracking/*.py",),
    "deepspeed": ("trainers/deepspeed_library.py",),
    "matplotlib": ("orchestrator/reporting/figures/*.py",),
    "sklearn": ("evals/faces/attacks.py",),
    "fsspec": ("orchestrator/remote/url_file_system.py",),
}
LATE = ("ray", "optuna", "mlflow", "deepspeed", "matplotlib")
HEAVY = (*LATE, "torch", "transformers", "pyarrow", "scipy")
MAX_LINES = 300
README_LINES = 200
MAX_FUNCTION_LINES = 60
UNMIRRORED = ("tests/end_to_end", "tests/docs", "tests/benchmarks")
"""Folders of tests that no single module answers for."""
WHOLES = {
    "tests/test_audit.py": "the audit of what is installed",
    "tests/test_configs.py": "every file in configs/",
    "tests/test_damaged_sweep.py": "every file that a sweep leaves behind",
    "tests/test_project.py": "the project's own files",
    "tests/test_third_modality.py": "what a new modality takes",
    "tests/test_untrusted_input.py": "every file that people or disks can spoil",
    "tests/test_uploads.py": ".rayignore",
    "tests/test_wheel.py": "the package as it is installed",
    "tests/cluster/launch/test_manifests.py": "what is launched on Kubernetes and in clouds",
    "tests/evals/benchmarks/test_conformance.py": "every benchmark",
    "tests/evals/benchmarks/test_tofu_published.py": "TOFU's published tables",
    "tests/evals/metrics/test_conformance.py": "every metric",
    "tests/evals/metrics/test_golden.py": "metrics that published code was run on",
    "tests/evals/metrics/test_memorisation.py": "three metrics of one kind",
    "tests/trainers/methods/test_conformance.py": "every method",
    "tests/trainers/methods/test_golden.py": "methods that published code was run on",
    "tests/trainers/methods/test_ranks.py": "every method on two ranks",
    "tests/trainers/models/test_conformance.py": "every model family",
    "tests/orchestrator/reporting/test_page_in_browser.py": "the page in a browser",
    "tests/orchestrator/tracking/test_mlflow_pages.py": "MLflow's pages in a browser",
    "tests/orchestrator/tracking/test_postgresql.py": "the tracker on PostgreSQL",
    "tests/orchestrator/tracking/test_server_loss.py": "the tracker without its server",
    "tests/orchestrator/watching/test_page_in_browser.py": "the page that is served, in a browser",
}
"""Test files that are about more than one module, and what they are about."""
FOLDERS = "orchestrator|cluster|trainers|evals|configs|tests|docs|benchmarks"
PATH = re.compile(rf"(?<![\w./-])(?:(?:{FOLDERS})/[\w./-]*[\w/]|[\w/]*\w\.py)(?![\w<*])")
"""A file or folder as text names it; a module may stand by its last names alone. The page of the
methods is left out, as it names files of other projects."""
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@cache  # for every library anew
def third_party(file: Path) -> set[str]:
    """Returns the top-level names of the libraries that `file` imports, wherever in it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {node.module or ""}
    heads = {module.partition(".")[0] for module in modules}
    return heads - set(FLOORS) - set(sys.stdlib_module_names)


def pins() -> Iterator[Requirement]:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield Requirement(line)


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def text_files() -> list[Path]:
    """Returns the files that are in the repository or could be added to it."""
    if not (ROOT / ".git").exists():
        pytest.skip("the tree is no git checkout, so its own files cannot be told from others")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [f for f in files if f.is_file() and b"\0" not in f.read_bytes()[:8000]]


def test_every_dependency_has_a_range_that_holds_what_was_tried() -> None:
    tried = {canonicalize_name(pin.name): pin for pin in pins()}
    for requirement in [*RUNTIME, *DEV]:
        pin = tried[canonicalize_name(requirement.name)]
        (version,) = [specifier.version for specifier in pin.specifier]
        assert requirement.specifier.contains(version), f"{requirement} does not admit {pin}"
        assert ">=" in {specifier.operator for specifier in requirement.specifier}, requirement


def test_every_runtime_dependency_has_an_upper_bound() -> None:
    for requirement in RUNTIME:
        assert "<" in {specifier.operator for specifier in requirement.specifier}, requirement


def test_constraints_pin_each_distribution_exactly_once() -> None:
    names = [canonicalize_name(pin.name) for pin in pins()]
    assert len(set(names)) == len(names)
    assert "lethe" not in names
    for pin in pins():
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert pin.url is None
        assert "+" not in str(pin), f"{pin} is a build of one index only"


def test_what_the_code_imports_is_declared() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in RUNTIME}
    for file in MODULES:
        for name in third_party(file):
            distribution = canonicalize_name(DISTRIBUTIONS.get(name, name))
            assert distribution in declared, f"{relative(file)} imports {name}"


def test_what_is_declared_is_imported() -> None:
    imported = {name for file in MODULES for name in third_party(file)}
    used = {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in imported}
    assert {canonicalize_name(requirement.name) for requirement in RUNTIME} == used | USED_BY_OTHERS


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_is_imported_in_its_home_only(library: str) -> None:
    users = [relative(file) for file in MODULES if library in third_party(file)]
    strangers = [user for user in users if not any(fnmatch(user, h) for h in HOMES[library])]
    assert not strangers


def test_packages_hold_no_code_and_modules_stay_short() -> None:
    for file in MODULES:
        text = file.read_text(encoding="utf-8")
        assert file.name != "__init__.py" or not text.strip(), relative(file)
        assert len(text.splitlines()) <= MAX_LINES, relative(file)


def test_functions_stay_short() -> None:
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                num_lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert num_lines <= MAX_FUNCTION_LINES, f"{relative(file)}: {node.name}"


def test_the_version_that_is_cited_is_this_one() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == PROJECT["project"]["version"]
    assert cited["license"] == PROJECT["project"]["license"]


def test_console_scripts_lead_to_functions() -> None:
    for target in PROJECT["project"]["scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "from orchestrator.sweep import main\ntry: main(['--help'])\nexcept SystemExit: pass",
            HEAVY,
        ),
        (
            "from orchestrator.report import main\ntry: main(['--help'])\nexcept SystemExit: pass",
            HEAVY,
        ),
        ("import orchestrator.config.loading, orchestrator.planning.plan", HEAVY),
        ("import orchestrator.driver.main", LATE),
        ("import orchestrator.running.trainable, cluster.gang", ("torch",)),
    ],
    ids=["help", "report help", "plan", "conduct", "gang"],
)
def test_what_a_person_waits_for_starts_without_heavy_libraries(
    code: str, absent: tuple[str, ...]
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('|', *sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout
    loaded = said.rpartition("|")[2].split()
    assert "orchestrator" in loaded
    assert not set(absent) & set(loaded)


def test_every_test_file_mirrors_a_module_a_package_or_a_script() -> None:
    files = {relative(file): file for file in (ROOT / "tests").rglob("test_*.py")}
    assert set(WHOLES) <= set(files), "a file that is not there needs no exception"
    for name, file in files.items():
        if name.startswith(UNMIRRORED) or name in WHOLES:
            continue
        place = file.parent.relative_to(ROOT / "tests")
        subject = file.stem.removeprefix("test_")
        found = [ROOT / place / subject, *(ROOT / place).glob(f"{subject}.*")]
        assert any(each.exists() for each in found), f"there is no {place}/{subject} to test"


def test_make_has_a_target_for_what_people_do() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = dict(re.findall(r"^([a-z][a-z-]*): *([^#\n]*)", text, flags=re.MULTILINE))
    for target in ("sweep", "test", "test-fast", "lint", "types"):
        assert targets[target].split() == ["venv"], f"{target} must set itself up"
    assert {"venv", "clean"} <= set(targets)
    assert re.search(r"^PYTHON \?= ", text, flags=re.MULTILINE)
    assert "constraints.txt" in text


def test_ci_calls_make_and_the_workflow_calls_ci() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make lint audit test"
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "run: .ci/run" in workflow


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= README_LINES
    for page in (ROOT / "docs").glob("*.md"):
        assert f"]({relative(page)})" in readme


def test_the_pages_name_every_sweep_and_contributing_every_mark() -> None:
    sweeps = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    for file in (ROOT / "configs").glob("*.yaml"):
        assert relative(file) in sweeps
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for mark in PROJECT["tool"]["pytest"]["ini_options"]["markers"]:
        assert f"`{mark.partition(':')[0]}`" in contributing


def test_documents_link_to_files_that_exist() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in LINK.findall(document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{relative(document)} links to {target}"


def test_documents_name_files_and_folders_that_exist() -> None:
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.name != "methods.md"]
    modules = [f"/{relative(file)}" for file in ROOT.rglob("*.py")]
    pages += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")]
    for document in pages:
        for name in PATH.findall(document.read_text(encoding="utf-8")):
            is_module = any(module.endswith(f"/{name}") for module in modules)
            assert is_module or (ROOT / name).exists(), f"{relative(document)} names {name}"


def test_no_file_names_a_machines_folder_or_a_package_index() -> None:
    # Joined from halves, so that this file does not name them either.
    halves = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/bash", "_jobs")]
    halves += [("pypi", ".org"), ("python", "hosted"), ("download.", "pytorch"), ("index", "-url")]
    forbidden = re.compile("|".join(re.escape(first + second) for first, second in halves))
    for file in text_files():
        found = forbidden.search(file.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{relative(file)} names {found and found.group()}"
