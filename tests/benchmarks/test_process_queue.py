"""What a sweep and a queue cost is counted whole, and a queued trial is that of its job."""

import json
import subprocess
import sys
from pathlib import Path

import process_queue
import pytest
import queued_trial

from evals.building import build_benchmark
from tests.fixtures.jobs import choose_method, few_people, real_job, tiny_llama
from trainers.family import build_family
from trainers.job import describe
from trainers.settings import TrainingSettings

FOLDER = Path(process_queue.__file__).parent
BUSY = "import time\nwhile time.process_time() < 0.8: pass"
LEAVING = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BUSY!r}])"
UNHEEDING = f"import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n{LEAVING}.wait()"
COUNTING = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import process_queue
process_queue.adopt_orphans()
print(process_queue.cost(lambda: subprocess.run([sys.executable, "-c", sys.argv[2]]))[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [LEAVING, UNHEEDING])
def test_a_process_counts_that_is_left_behind_or_whose_end_nobody_waits_for(program) -> None:
    counting = [sys.executable, "-c", COUNTING, str(FOLDER), program]
    done = subprocess.run(counting, check=True, capture_output=True)
    assert 0.5 < float(done.stdout) < 2


def test_the_row_has_medians_of_each_pairs_own_ratio() -> None:
    found = [(1.0, 8.0, 2.0, 10.0), (9.0, 9.0, 10.0, 10.0), (3.0, 5.0, 10.0, 10.0)]
    assert process_queue._row(found)[1:] == ["3.0", "10.0", "0.80", "0.50"]


def test_the_original_is_told_from_other_jobs(tmp_path) -> None:
    for name, phase in (("a", "trial"), ("b", "original"), ("c", "gold")):
        job = tmp_path / "jobs" / name
        job.mkdir(parents=True)
        (job / "job.json").write_text(json.dumps({"phase": phase}))
        (job / "result.json").touch()
    (tmp_path / "jobs" / ".d.checkpoint").mkdir()
    assert [job.name for job in process_queue._jobs(tmp_path)] == ["a", "b", "c"]
    assert process_queue._original(tmp_path) == tmp_path / "jobs" / "b" / "model"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gd", "npo"])
def test_a_queued_trial_takes_the_steps_of_its_job_and_leaves_an_adapter(
    name, tmp_path, monkeypatch
) -> None:
    training = TrainingSettings(lr=1e-2, epochs=2, batch_size=4, micro_batch_size=4)
    job = real_job(training=training, method=choose_method(name))
    benchmark = build_benchmark(few_people())
    loaded = build_family(tiny_llama()).load(benchmark=benchmark, checkpoint=None, seed=0)
    loaded.save(tmp_path / "model")
    (tmp_path / "job.json").write_text(json.dumps(describe(job)))
    places = [f"--job={tmp_path / 'job.json'}", f"--checkpoint={tmp_path / 'model'}"]
    monkeypatch.setattr(sys, "argv", ["queued_trial.py", *places, f"--out={tmp_path / 'out'}"])
    queued_trial.main()
    losses = json.loads((tmp_path / "out" / "losses.json").read_text())["losses"]
    assert len(losses) == training.num_steps(len(benchmark.splits["forget"]))
    assert losses[-1] < losses[0]
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()
