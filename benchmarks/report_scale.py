"""What the report of a large sweep takes of one core, and what that is made of; see README.md.

The sweep is the offline demo with more trials, and nobody has trained it (`large_sweep.py`). The
report is `python -m orchestrator.report` in a process of its own, on one CPU; a second process
makes it again and times its parts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from large_sweep import write_sweep
from machine import setting, table

from orchestrator.config.loading import load_config
from orchestrator.storage.records import Storage

GOAL_S = 20.0
DEMO = Path(__file__).parents[1] / "configs" / "demo.yaml"
PUBLISH = "orchestrator.reporting.publish"
PARTS = {
    "reading the sweep": ("orchestrator.reporting.sweep_record", "read_record"),
    "chance and finalists": (PUBLISH, "with_estimates"),
    "making tables": (PUBLISH, "tables_of"),
    "writing tables": (PUBLISH, "_saved"),
    "charts": (PUBLISH, "figure_data_of"),
    "figures": (PUBLISH, "figures_of"),
    "the page": (PUBLISH, "write_page"),
}
"""The functions that a report is made of, by what they do."""


def main() -> None:
    options = _parser().parse_args()
    if options.parts:
        _time_parts(options.parts)
        return
    print(setting("lethe", "numpy", "optuna", "matplotlib"), flush=True)
    with tempfile.TemporaryDirectory() as name:
        storage = options.storage or Path(name)
        begun = time.perf_counter()
        folder = write_sweep(load_config(str(DEMO), _overrides(options.trials, storage)))
        jobs = len(list(Storage(storage).jobs()))
        print(f"{jobs} jobs stored in {time.perf_counter() - begun:.0f} s", flush=True)
        took_s = [_report(folder) for _ in range(options.repeats)]
        parts = _parts(folder)
    print(f"\nThe report of {jobs} jobs, {options.repeats} times, on one CPU:\n")
    rows = [[f"{wall:.1f}", f"{cpu:.1f}", f"{gib:.2f}"] for wall, cpu, gib in took_s]
    print(table(["s", "CPU s", "GiB"], rows))
    print("\nIn a process of its own:\n")
    print(table(["part", "CPU s"], [[part, f"{cpu_s:.1f}"] for part, cpu_s in parts.items()]))
    slowest = max(cpu_s for _, cpu_s, _ in took_s)
    print(f"\nGoal ({GOAL_S:g} s of a core): {'met' if slowest < GOAL_S else 'MISSED'}")


def _report(folder: Path) -> tuple[float, float, float]:
    """Returns the seconds, CPU seconds and GiB of memory that a report takes."""
    command = [sys.executable, "-m", "orchestrator.report", str(folder)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=_on_one_cpu) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    wall_s = time.perf_counter() - begun
    return wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def _parts(folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, f"--parts={folder}"]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=_on_one_cpu
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _on_one_cpu() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])


def _time_parts(folder: str) -> None:
    """Makes the report and prints what its parts took as the last line."""
    spent = dict[str, float]()
    for part, (module, name) in PARTS.items():
        home = import_module(module)
        setattr(home, name, _timed(getattr(home, name), part, spent))
    from orchestrator import report

    spent["starting Python, imports"] = _cpu_s()
    assert report.main([folder]) == 0
    spent["all else"] = _cpu_s() - sum(spent.values())
    print(json.dumps(spent))


def _timed(function: Callable[..., Any], part: str, spent: dict[str, float]) -> Callable[..., Any]:
    @wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = _cpu_s()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] = spent.get(part, 0.0) + _cpu_s() - begun

    return timed


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _overrides(trials: int, storage: Path) -> list[str]:
    return [f"storage={storage}", f"search.trials={trials}", "search.sampler=random"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="What the report of a large sweep takes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--trials", type=int, default=125, help="of each method of the demo")
    parser.add_argument("--repeats", type=int, default=3, help="how often the report is made")
    parser.add_argument("--storage", type=Path, help="where the sweep is kept, if it is to be")
    parser.add_argument("--parts", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
