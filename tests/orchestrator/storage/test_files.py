import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.storage import files
from orchestrator.storage.files import JOB_FILE, job_path, sweep_path
from tests.fixtures.paths import ROOT
from trainers.job import ADAPTER, MODEL

HOMES = {"orchestrator/storage/files.py", "trainers/job.py"}
WORDS = {files.JOBS, files.SCHEDULER_FOLDER, ADAPTER, MODEL}
"""Names that are words as well, so that only a path made of one is wrong."""
NAMES = {n for key, n in vars(files).items() if key.isupper() and isinstance(n, str)} - WORDS
OTHERS = {"trainers/pretrained.py": {"config.json"}}
"""Files of the same name that are not in a storage folder, but in a model's."""


def spelled(tree: ast.AST) -> Iterator[str]:
    """Yields every part of a path that is written out in the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if not any(map(str.isspace, node.value)):
                yield from NAMES & set(node.value.split("/"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            right = node.right
            if isinstance(right, ast.Constant) and right.value in WORDS:
                yield right.value


@pytest.mark.parametrize("floor", ["orchestrator", "cluster", "trainers", "evals", "benchmarks"])
def test_no_other_module_spells_a_name_of_the_storage_folder(floor: str) -> None:
    for file in (ROOT / floor).rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        if name not in HOMES:
            found = set(spelled(ast.parse(file.read_text(encoding="utf-8"))))
            assert found <= OTHERS.get(name, set()), name


@pytest.mark.parametrize(
    "code", ['root / "jobs"', '"sweeps"', 'f"sweeps/{name}"', 'folder / "model"', '"a/job.json"']
)
def test_a_name_that_is_spelled_out_is_found(code: str) -> None:
    assert list(spelled(ast.parse(code)))


def test_words_and_sentences_are_no_paths() -> None:
    assert not list(spelled(ast.parse('settings["model"], "in <storage>/sweeps/<name>, say"')))


def test_paths_hold_below_a_folder_and_at_a_url() -> None:
    assert Path("/data") / job_path("0f") == Path("/data/jobs/0f")
    assert job_path("0f", MODEL, JOB_FILE) == "jobs/0f/model/job.json"
    assert sweep_path("demo", files.LEDGER_FILE) == "sweeps/demo/ledger.jsonl"
