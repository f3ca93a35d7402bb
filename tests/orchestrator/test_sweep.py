"""The command line: what it refuses before anything starts, and a whole sweep as a user runs it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from orchestrator import repeat
from orchestrator import sweep as sweep_module
from orchestrator.driver.signals import StopSignals
from orchestrator.sweep import main
from tests.fixtures.paths import CONFIGS, ROOT, SWEEP
from tests.fixtures.processes import ONE_RANK, called, free_port, without_cluster

SMALL = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=2",
    "model.num_heads=2",
    "methods.rmu.layer=1",
    "baselines.training.epochs=2",
    "training.epochs=1",
    "search.trials=2",
    "finalists=null",
    "search.startup_trials=1",
)
TWO_METHODS = (
    "methods=[npo, gd]",
    "methods.gd.search.lr={low: 1e25, high: 1e30}",
    "finalists={seeds: 2}",
)


def nothing_started(folder: Path) -> bool:
    return not (folder / "runs").exists()


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("lethe: ")
    assert "Traceback" not in error
    return error


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("serach.trials=3", r"serach .*did you mean .*search"),
        ("methods=[npoo]", r"'npoo'; did you mean 'npo'"),
        ("search.lr={low: 1e-2, high: 1e-4}", r"search\.lr.*low.*below high"),
        (
            "search.constraints.retain.at_least=1.5",
            r"search\.constraints\.retain\.at_least must be .*0 to 1.* but got 1\.5",
        ),
        ("training.batch_size=6", r"training\.batch_size must be a multiple"),
        ("evaluation.metrics=[retian]", r"'retian'; did you mean 'retain'"),
        ("model={name: causal_lm, path: ./nowhere}", r"model\.path must be .*nowhere"),
        ("benchmark={name: tofu, path: ./nowhere}", r"benchmark.* '?./nowhere|nowhere"),
        ("methods.rmu.layer=7", r"methods\.rmu\.layer must be .* 0 to 3, but got 7; .* such as 2"),
        ("engine.dtype=bf16", r"engine\.dtype must be .*\(float32\) but got 'bf16'; set model"),
        ("baselines.gold=./nowhere", r"baselines\.gold must be .*nowhere"),
    ],
)
def test_what_cannot_run_is_refused_with_key_value_and_cure(
    word: str, message: str, checkout: Path, capsys
) -> None:
    assert re.search(message, refused([word], capsys))
    assert nothing_started(checkout)


def test_two_config_files_are_one_too_many(capsys) -> None:
    assert "one config file but got a.yaml and b.yaml" in refused(["a.yaml", "b.yaml"], capsys)


def test_help_has_examples_and_names_every_plug_in(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert "python -m orchestrator.sweep --plan" in said
    for name in ("simnpo", "log_forget_quality", "u_lira", "portraits", "causal_lm"):
        assert name in said


def test_keys_are_shown_and_nothing_is_started(capsys, checkout: Path) -> None:
    assert main(["--keys", "gang.ranks"]) == 0
    assert "\n  ranks: 2  # whole number >= 1" in capsys.readouterr().out
    assert "did you mean 'gang.ranks'?" in refused(["--keys", "gang.rank"], capsys)
    assert nothing_started(checkout)


def test_a_setting_that_a_shell_has_cut_is_refused_with_the_word_that_was_meant(capsys) -> None:
    assert "write 'methods=[ga, npo]'" in refused(["methods=[ga,", "npo]"], capsys)


def test_a_value_that_the_search_overwrites_is_pointed_out(tmp_path: Path, capsys) -> None:
    assert main(["--plan", *SMALL, f"storage={tmp_path}", "training.lr=1e-4"]) == 0
    assert "lethe: training.lr (0.0001) has no effect" in capsys.readouterr().err


def test_to_resume_a_sweep_takes_its_folder_and_no_config_file(tmp_path: Path, capsys) -> None:
    refusal = refused(["--resume", str(tmp_path), "configs/demo.yaml"], capsys)
    assert "--resume must be given without a config file but got configs/demo.yaml" in refusal
    refusal = refused(["--resume", str(tmp_path)], capsys)
    assert "--resume must be the folder of a sweep, <storage>/sweeps/<name>, but got" in refusal


def test_a_folder_that_another_version_wrote_is_refused_by_a_plan_too(
    tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "sweeps" / "demo"
    folder.mkdir(parents=True)
    (folder / "origin.json").write_text('{"version": "99.0", "layout": 1}', encoding="utf-8")
    assert "newer version 99.0" in refused([f"storage={tmp_path}", "--plan"], capsys)
    assert "newer version 99.0" in refused([f"storage={tmp_path}"], capsys)


def test_a_plan_starts_nothing_and_names_its_folder_and_every_job(checkout: Path, capsys) -> None:
    assert main(["--plan", *SMALL]) == 0
    said = capsys.readouterr().out
    assert f" (seed 0) in {checkout}/runs\n" in said
    assert "original" in said
    assert "simnpo" in said
    for estimated in ("Room: ", "Memory of a rank", "Disk: about", "CPU-hours left: about"):
        assert estimated in said
    assert nothing_started(checkout)


@pytest.mark.parametrize("lost_in", ["nothing", "an error", "a finalizer"])
def test_who_was_asked_to_leave_says_so_whatever_became_of_the_exception(
    lost_in, monkeypatch, capsys
) -> None:
    def run(_parsed: object, signals: StopSignals, _masked: object) -> int:
        try:
            signals._on_signal(signal.SIGTERM, None)
        except KeyboardInterrupt as asked:
            if lost_in == "nothing":
                raise
            if lost_in == "an error":
                raise RuntimeError("failed to import numpy") from asked
        return 0

    monkeypatch.setattr(sweep_module, "_main", run)
    assert main([]) == 130
    said = "lethe: interrupted; run the same command again to go on\n"
    assert capsys.readouterr().err == said


def test_a_disk_that_is_full_from_the_start_is_said_without_a_traceback(small_disk, capsys) -> None:
    (small_disk.folder / "sweeps" / "demo").mkdir(parents=True)
    small_disk.fill()
    assert main([f"storage={small_disk.folder}", *SMALL]) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        "lethe: there is no room on the disk to begin: [Errno 28] No space left"
    )
    assert error.endswith("make room there, or choose another folder with storage=<folder>\n")


def test_a_cluster_that_does_not_answer_is_refused_within_seconds(
    checkout: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free_port()}")
    started = time.monotonic()
    assert "RAY_ADDRESS must be" in refused(["--plan", *SMALL], capsys)
    assert time.monotonic() - started < 30
    assert nothing_started(checkout)


def test_the_papers_sweep_is_planned_without_network_and_refused_where_there_is_no_gpu(
    tmp_path: Path, capsys, monkeypatch
) -> None:
    if torch.cuda.device_count() >= 4:
        pytest.skip("this machine could hold its gang")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    words = ["benchmark={name: characters}", f"storage={tmp_path / 'runs'}", "--plan"]
    words.append("model.local_files_only=true")
    assert main([str(CONFIGS / "clear_text_llama2.yaml"), *words]) == 2
    said, error = capsys.readouterr()
    assert "Gang: 4 ranks of 4 CPU and 1 GPU, PACK" in said
    assert "Memory and disk: not estimated, since model.path must be" in said
    assert said.splitlines()[-1].startswith(
        "Not checked, as it is out of reach: model.path must be"
    )
    assert "gang.ranks must be a number that the cluster can place but got 4 ranks" in error
    assert nothing_started(tmp_path)


@dataclass(frozen=True)
class Finished:
    code: int
    output: str
    storage: Path

    @property
    def sweep(self) -> Path:
        return self.storage / "sweeps" / "demo"

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.sweep / f"{name}.csv").open(encoding="utf-8") as stream:
            return list(csv.DictReader(stream))


def start(storage: Path, *words: str) -> subprocess.Popen[str]:
    return driver(f"storage={storage}", *SMALL, *words)


def driver(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator.sweep", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=without_cluster(),
        cwd=ROOT,
    )


def resume(folder: Path) -> subprocess.Popen[str]:
    return driver("--resume", str(folder))


def sweep(storage: Path, *words: str) -> Finished:
    return Finished(*called(main, f"storage={storage}", *SMALL, *words), storage)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A sweep of two methods, one of which has learning rates that no loss survives."""
    return sweep(tmp_path_factory.mktemp("storage"), *TWO_METHODS)


@pytest.mark.ray
@pytest.mark.slow
def test_a_sweep_ends_with_its_tables_and_the_way_to_look_at_them(finished: Finished) -> None:
    assert finished.code == 0, finished.output
    finals = {row["Method"]: row for row in finished.rows("table")}
    assert set(finals) == {"Original", "Gold", "Gold, seed 1", "npo", "gd"}
    assert finals["npo"]["Seeds"] == "2"
    assert finals["gd"]["Note"].startswith("nothing measured: ")
    rows = {row["Method"]: row for row in finished.rows("search")}
    assert set(rows) == {"Original", "Gold", "npo", "gd"}
    assert float(rows["Gold"]["Log Forget Quality"]) == 0.0
    assert rows["npo"]["Done"] == "2"
    assert "mlflow ui --backend-store-uri" in finished.output
    assert (finished.sweep / "pareto.md").is_file()
    assert (finished.sweep / "pareto.png").stat().st_size > 10_000


@pytest.mark.ray
@pytest.mark.slow
def test_a_loss_that_is_no_number_is_a_failed_row_and_the_sweep_goes_on(finished: Finished) -> None:
    trials = finished.rows("trials")
    failed = [row for row in trials if row["State"] == "failed"]
    assert {row["Method"] for row in failed} == {"gd"}
    assert len(failed) == 2
    assert all("nan" in row["Reason"].lower() or "inf" in row["Reason"] for row in failed)
    assert [row in failed for row in trials if row["Method"] == "npo"] == [False, False]


@pytest.mark.ray
@pytest.mark.slow
def test_a_row_of_a_sweep_comes_out_the_same_when_trained_again(finished: Finished) -> None:
    row = next(row for row in finished.rows("trials") if row["Method"] == "npo")
    assert_repeats(row["Job"], finished.storage, "--retrain")


def assert_repeats(job: str, storage: Path, *how: str) -> None:
    code, said = called(repeat.main, job, "--storage", str(storage), *how)
    assert code == 0, said
    assert "The same: the likelihoods of" in said


@pytest.mark.ray
@pytest.mark.slow
def test_a_sweep_of_whole_models_keeps_to_its_quota_and_can_be_repeated(tmp_path: Path) -> None:
    """With all weights training, under ZeRO-3 on two ranks; a model takes 1 MB, four may stay.

    Nothing is forgotten or else bounded, so that the objective alone says what is dominated.
    """
    words = ("adapter=null", "methods=[npo, kl]", "engine.zero_stage=3", "search.trials=3")
    alone = "search.constraints={retain: null, forget: {at_most: 1, relative_to: absolute}}"
    done = sweep(tmp_path, *words, alone, "disk.quota=4MB")
    assert done.code == 0, done.output
    assert "lethe: removed the models of" in done.output
    rows = done.rows("trials")
    removed = {row["Job"] for row in rows if row["Weights"] == "removed"}
    assert 0 < len(removed) < len(rows) == 6
    for row in rows:
        job = tmp_path / "jobs" / row["Job"]
        assert (job / "model.removed").is_dir() == (row["Job"] in removed)
        assert (job / "model" / "model.safetensors").is_file() == (row["Job"] not in removed)
        assert not (job / "adapter").exists()
    assert_repeats(next(row["Job"] for row in rows if not row["Weights"]), tmp_path)


@pytest.mark.ray
@pytest.mark.slow
def test_finalists_are_run_under_other_seeds_and_listed(finished: Finished) -> None:
    from orchestrator.reporting.sweep_record import read_record

    record = read_record(str(finished.sweep))
    assert record.gaps == ()
    assert [(r.label, r.result.job.seed) for r in record.replicates] == [("npo", 1), ("npo", 2)]
    assert record.gold_again.job.seed == 1
    assert {r.result.job.training.lr for r in record.replicates} <= {
        e.result.job.training.lr for e in record.entries if e.label == "npo"
    }


@pytest.mark.ray
@pytest.mark.slow
def test_every_job_is_a_child_run_with_its_files(finished: Finished) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{finished.storage}/mlflow.db")
    experiment = client.get_experiment_by_name("demo")
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(children) == 9
    assert len(runs) == 10
    trial = next(r for r in children if r.data.tags.get("method") == "npo")
    files = {item.path for item in client.list_artifacts(trial.info.run_id)}
    assert {"job.json", "scores.json", "adapter"} <= files
    assert {"log_forget_quality", "forget_truth_ratio", "moved"} <= trial.data.metrics.keys()
    statuses = sorted(run.data.tags["status"] for run in children)
    assert statuses == ["done"] * 7 + ["failed"] * 2


@pytest.mark.ray
@pytest.mark.slow
def test_an_adapter_loads_back_with_peft(finished: Finished) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    job = next(row["Job"] for row in finished.rows("trials") if row["Method"] == "npo")
    described = json.loads((finished.storage / "jobs" / job / "job.json").read_text())
    base = finished.storage / "jobs" / described["base"] / "model"
    model = AutoModelForCausalLM.from_pretrained(base)
    adapter = PeftModel.from_pretrained(model, finished.storage / "jobs" / job / "adapter")
    assert any(float(p.abs().sum()) > 0 for n, p in adapter.named_parameters() if "lora_B" in n)


@pytest.mark.ray
@pytest.mark.slow
def test_the_same_command_again_finds_everything(finished: Finished) -> None:
    before = {path: path.stat().st_mtime_ns for path in (finished.storage / "jobs").glob("*/*")}
    again = sweep(finished.storage, *TWO_METHODS, *ONE_RANK)
    assert again.code == 0, again.output
    assert again.output.count("found in storage") == 9
    assert "Error" not in again.output
    after = {path: path.stat().st_mtime_ns for path in (finished.storage / "jobs").glob("*/*")}
    assert after == before


def until(process: subprocess.Popen[str], start: str) -> None:
    """Reads what the sweep says up to a line that starts so."""
    assert any(line.startswith(start) for line in process.stdout), f"it never said {start}"


def ended(process: subprocess.Popen[str]) -> Finished:
    output, _ = process.communicate(timeout=120)
    return Finished(process.returncode, output, Path())


def sweep_status(storage: Path, name: str) -> str:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    experiment = client.get_experiment_by_name(name)
    mine = f"tags.sweep = '{name}'"
    (run,) = client.search_runs([experiment.experiment_id], mine)
    return run.info.status


@pytest.mark.ray
@pytest.mark.slow
def test_who_is_asked_to_leave_while_ray_starts_leaves_within_seconds(tmp_path: Path) -> None:
    starting = start(tmp_path / "runs", "methods=[npo]", *ONE_RANK)
    until(starting, "Sweep demo (seed 0)")
    time.sleep(3)
    starting.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    left = ended(starting)
    assert time.monotonic() - asked < 20
    assert left.code == 130, left.output
    assert "lethe: interrupted; run the same command again to go on" in left.output
    assert "Traceback" not in left.output


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sweep_leaves_in_order_when_asked_to_and_goes_on_where_it_was(
    finished: Finished, capsys
) -> None:
    words = [
        "methods=[npo]",
        "name=interrupted",
        "training.epochs=20",
        "search.trials=5",
        *ONE_RANK,
    ]
    folder = finished.storage / "sweeps" / "interrupted"
    first = start(finished.storage, *words)
    until(first, "Sweep interrupted: ")
    second = refused([f"storage={finished.storage}", *SMALL, *words], capsys)
    assert f"is driven by process {first.pid} on" in second
    until(first, "[3/7]")
    first.send_signal(signal.SIGINT)
    left = ended(first)
    assert left.code == 130, left.output
    assert f"--resume {folder}" in left.output
    assert sweep_status(finished.storage, "interrupted") == "KILLED"
    assert "Traceback" not in left.output

    resumed = resume(folder)
    until(resumed, "[4/7]")
    resumed.send_signal(signal.SIGTERM)
    assert ended(resumed).code == 130

    again = sweep(finished.storage, *words)
    assert again.code == 0, again.output
    assert again.output.count("found in storage") >= 4
    assert sweep_status(finished.storage, "interrupted") == "FINISHED"
    with (folder / "trials.csv").open(encoding="utf-8") as stream:
        assert [row["State"] == "failed" for row in csv.DictReader(stream)] == [False] * 5


@pytest.mark.ray
@pytest.mark.slow
def test_a_budget_that_ends_with_nothing_feasible_is_code_3_and_starts_nothing_more(
    finished: Finished,
) -> None:
    words = ["methods=[gd]", "name=short", *TWO_METHODS[1:], "budget.cpu_hours=1e-9", *ONE_RANK]
    done = sweep(finished.storage, *words, "search.trials=4", "training.max_length=96")
    assert done.code == 3, done.output
    assert "budget.cpu_hours (1e-09) is used up" in done.output
    assert "no trial is feasible" in done.output
    with (finished.storage / "sweeps/short/ledger.csv").open(encoding="utf-8") as stream:
        rows = {row["Method"]: row for row in csv.DictReader(stream)}
    assert (rows["gd"]["Trials given"], rows["gd"]["Trials used"]) == ("4", "1")
    assert float(rows["gd"]["Gang s"]) > 0
    assert float(rows["Baselines"]["Gang s"]) == 0


@pytest.mark.ray
@pytest.mark.slow
def test_more_ranks_than_the_cluster_has_are_refused_with_code_2(tmp_path: Path) -> None:
    done = sweep(
        tmp_path / "runs",
        "methods=[npo]",
        "gang.ranks=512",
        "training.batch_size=2048",
        "baselines.training.batch_size=4096",
    )
    assert done.code == 2
    assert "gang.ranks must be" in done.output
    assert nothing_started(tmp_path)


@pytest.mark.ray
@pytest.mark.slow
def test_a_plan_asks_the_cluster_that_is_named(tmp_path: Path) -> None:
    import ray

    ray.init(address="local", num_cpus=5, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        environment = {**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address}
        command = [sys.executable, "-m", "orchestrator.sweep", "--plan", *SMALL]
        done = subprocess.run(
            [*command, f"storage={tmp_path / 'runs'}"],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            timeout=120,
        )
    finally:
        ray.shutdown()
    assert done.returncode == 0, done.stderr
    assert "Room: 2 gangs side by side on 1 x 5 CPU" in done.stdout
    assert nothing_started(tmp_path)


@pytest.mark.ray
@pytest.mark.slow
def test_a_tracking_server_that_does_not_answer_is_refused_with_code_2(tmp_path: Path) -> None:
    port = free_port()
    done = sweep(tmp_path / "runs", "methods=[npo]", f"tracking.uri=http://127.0.0.1:{port}")
    assert done.code == 2
    assert "tracking.uri must be" in done.output
    assert nothing_started(tmp_path)
