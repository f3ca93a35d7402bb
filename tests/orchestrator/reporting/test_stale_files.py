import ast
from pathlib import Path

import pytest

from orchestrator.reporting import figures
from orchestrator.reporting.publish import publish
from orchestrator.reporting.stale_files import FIGURES, TABLES, clear

FOLDER = Path(figures.__file__).parent


def test_what_a_report_did_not_make_is_removed_and_nothing_of_somebodys_own(fakes, tmp_path):
    stale = ("table.md", "settings.tex", "comparisons.csv", "training_retain.png", "report.html")
    own = ("notes.md", "config.json", "table.csv.bak", "my_pareto.pdf", "tables.tex")
    for name in (*stale, *own, "table.csv"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "search.json").mkdir()
    removed = clear(tmp_path, fakes.config(), made=[tmp_path / "table.csv"])
    assert {file.name for file in removed} == {*stale}
    assert {file.name for file in tmp_path.iterdir()} == {*own, "table.csv", "search.json"}


@pytest.mark.slow
def test_every_file_that_a_report_makes_is_known(lively, tmp_path):
    files = publish(lively, tmp_path, say=lambda _: None, hold=lambda write: write())
    assert files
    assert {file.name for file in clear(tmp_path, lively.config, made=[])} == {
        file.name for file in files
    }
    assert list(tmp_path.iterdir()) == []


def test_the_names_are_those_of_all_figures_and_each_is_there_once():
    calls = (
        node
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "save" and len(node.args) == 3
    )
    names = {ast.unparse(call.args[2]) for call in calls}
    assert names == {*map(repr, FIGURES), "f'training_{metric}'"}
    assert len(set(TABLES)) == len(TABLES)
