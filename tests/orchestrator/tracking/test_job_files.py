import json
from dataclasses import replace

from orchestrator.tracking.job_files import job_files, log_text
from trainers.job import Report


def test_the_log_says_how_the_job_went(entry):
    result = entry(reason="the loss is nan").result
    facts = {**result.facts, "attempts": 2.0, "resumed_step": 3.0}
    assert log_text(replace(result, facts=facts)).splitlines() == [
        f"job {result.job.hash}, begun 2023-11-14 22:13:20+00:00",
        "gone on with from step 3",
        "step 1 of 4  loss 1",
        "step 2 of 4  loss 0.5",
        "step 3 of 4  loss 0.3333",
        "step 4 of 4  loss 0.25",
        "failed after 8.0 s and 2 attempts: the loss is nan",
    ]


def test_of_a_long_log_the_end_is_kept(entry):
    reports = tuple(Report(step, 999, {"loss": 1.0}) for step in range(1, 1000))
    lines = log_text(replace(entry().result, reports=reports, stopped="lost")).splitlines()
    assert lines[1] == "... 799 earlier reports"
    assert lines[2].startswith("step 800 of")
    assert lines[-2:] == ["stopped early: lost", "done after 8.0 s"]


def test_deepspeeds_config_is_that_of_the_last_attempt(entry, tmp_path):
    result = entry().result
    lighter = {"micro_batch_size": 1.0, "zero_stage": 3.0, "offload_optimizer": 1.0}
    found = job_files(replace(result, facts={**result.facts, **lighter}), tmp_path)
    config = json.loads(found["deepspeed.json"])
    assert config["train_batch_size"] == 8
    assert config["train_micro_batch_size_per_gpu"] == 1
    assert config["gradient_accumulation_steps"] == 4  # 8 over 1 row on each of 2 ranks
    assert config["zero_optimization"] == {
        "stage": 3,
        "leaf_module": {"classes": []},
        "offload_optimizer": {"device": "cpu"},
    }


def test_what_is_not_known_of_a_job_is_left_out(entry, tmp_path):
    made = entry(reason="lost").result
    assert job_files(replace(made, facts={}), tmp_path).keys() == {"log.txt"}
    given = replace(made, job=made.job.model_copy(update={"checkpoint": "given"}))
    assert job_files(given, tmp_path).keys() == {"log.txt"}


def test_the_first_row_is_a_file_of_its_own(entry, tmp_path):
    result = replace(entry().result, first_row="prompt: 'Who?'")
    assert job_files(result, tmp_path)["first_row.txt"] == "prompt: 'Who?'"


def test_a_job_with_scores_has_a_table_of_them(entry, job_folder, tmp_path):
    made = entry()
    folder = job_folder(tmp_path, made)
    assert len(json.loads(job_files(made.result, folder)["evaluation.json"])["data"]) == 2
    (folder / "scores.json").write_text("{", encoding="utf-8")
    assert "evaluation.json" not in job_files(made.result, folder)
