"""What a person is told by `python -m orchestrator.evaluate`."""

import csv
import shutil

import pytest
from safetensors.torch import load_file, save_file

from orchestrator import evaluate
from tests.orchestrator.evaluating.conftest import WORDS, saved

__all__ = ["saved"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=1"], "MODEL must be given but is missing"),
        (["./nowhere"], "MODEL must be a folder with a saved model"),
        (["x", "serach.trials=1"], "did you mean"),
        (["x", "methods=", "[ga]"], "write methods=[ga]"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_a_line(words, message, tmp_path, capsys) -> None:
    storage = tmp_path / "runs"
    assert evaluate.main([*words, f"storage={storage}"]) == evaluate.REFUSED
    error = capsys.readouterr().err
    assert error.startswith("lethe: ")
    assert message in error
    assert not storage.exists()


def test_a_folder_may_be_called_like_a_setting(saved, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lr=1").symlink_to(saved.one)
    words = ["lr=1", str(saved.one), f"storage={tmp_path}"]
    assert evaluate.main(words) == evaluate.REFUSED
    assert "MODEL must be given once but got lr=1 and" in capsys.readouterr().err


@pytest.mark.slow
def test_a_table_is_shown_written_and_recorded(saved, tmp_path, capsys) -> None:
    words = [str(saved.one), "--gold", str(saved.other), f"storage={tmp_path}", *WORDS]
    words += ["--metrics", "retain_probability, log_forget_quality"]
    assert evaluate.main(words) == evaluate.DONE
    said = capsys.readouterr().out
    assert "Gold: scoring" in said
    assert "Log Forget Quality" in said
    folder = tmp_path / "evaluations" / "demo"
    with (folder / "table.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["Model"] for row in rows] == ["Gold", "one"]
    for kind in ("md", "tex", "json"):
        assert (folder / f"table.{kind}").is_file()
    _assert_recorded(tmp_path, {"Gold", "one"})
    assert evaluate.main(words) == evaluate.DONE
    assert "one: found in storage" in capsys.readouterr().out
    _assert_recorded(tmp_path, {"Gold", "one"})


@pytest.mark.slow
def test_a_model_of_no_numbers_has_its_row_a_note_and_no_exit_code_of_success(
    saved, tmp_path, capsys
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(saved.one, broken)
    weights = load_file(broken / "model.safetensors")
    save_file(
        {name: value * float("nan") for name, value in weights.items()},
        broken / "model.safetensors",
        metadata={"format": "pt"},
    )
    words = [str(saved.other), str(broken), f"storage={tmp_path}", *WORDS]
    assert evaluate.main([*words, "--metrics", "retain_probability"]) == evaluate.FAILED
    said = capsys.readouterr()
    assert "broken must have finite scores but got nan or inf" in said.err
    assert "broken: retain_probability came out as no number" in said.out
    with (tmp_path / "evaluations" / "demo" / "table.csv").open(encoding="utf-8") as stream:
        assert [row["Model"] for row in csv.DictReader(stream)] == ["other", "broken"]


def _assert_recorded(storage, names) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    experiment = client.get_experiment_by_name("demo evaluation")
    runs = client.search_runs([experiment.experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    (parent,) = [run for run in runs if run not in children]
    assert {run.info.run_name for run in children} == names
    assert len(children) == len(names)
    assert all("retain_probability" in run.data.metrics for run in children)
    assert parent.data.tags["phase"] == "evaluation"
    assert parent.data.tags["mlflow.note.content"].startswith("| Model")
    assert "tables" in {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert {run.info.status for run in runs} == {"FINISHED"}
