"""Every name in a storage folder, and the paths that are made of them.

Paths are text with slashes, so that they hold below a folder (`root / job_path(job)`) and at a URL
alike. `trainers/job.py` names the folders of weights, since it is ranks that write them.
"""

JOBS, SWEEPS, EVALUATIONS = "jobs", "sweeps", "evaluations"
DATABASE, ARTIFACTS, DATABASE_LOCK = "mlflow.db", "mlartifacts", ".mlflow.lock"
"""MLflow's, where it is given no store of its own."""

JOB_FILE, RESULT_FILE = "job.json", "result.json"
SCORES_FILE, REPORTS_FILE = "scores.json", "reports.jsonl"
FAILURE_FILE = "failure.txt"
"""What the ranks of a job that failed have said, with their tracebacks."""
REMOVED = ".removed"
"""Behind the name of a folder of weights: of the one that is left when they were removed."""
WHY_FILE = "why.txt"
"""In there: what they had to make room for."""

CONFIG_FILE, ORIGIN_FILE = "config.json", "origin.json"
JOURNAL = "search.journal"
LEDGER_FILE, MEMBERS_FILE = "ledger.jsonl", "members.jsonl"
CONTROL_FILE = "control.jsonl"
"""What people ask of the sweep's driver while it runs."""
IDENTITY_FILE = "sweep.id"
"""What MLflow knows the sweep by."""
LOCK_FILE = "driver.lock"
DRIVER_FILE = "driver.json"
"""At the URL: who drives the sweep, and when that one was last heard of."""
SCHEDULER_FOLDER = "tune"
LIVE_FILE = ".live.json"
"""What running jobs have said; it goes with its driver, and is brought to no URL."""


def job_path(job_hash: str, *inside: str) -> str:
    """Returns where a job's result lies in a storage folder, or what is `inside` it."""
    return "/".join((JOBS, job_hash, *inside))


def sweep_path(name: str, *inside: str) -> str:
    """Returns where a sweep's own folder lies in a storage folder, or what is `inside` it."""
    return "/".join((SWEEPS, name, *inside))


def evaluation_path(name: str) -> str:
    """Returns where the tables of checkpoints that were judged lie in a storage folder."""
    return "/".join((EVALUATIONS, name))
