"""How long the paper's experiments take on 1 to 1000 GPUs, and what they wait for; see README.md.

The jobs are `recorded/paper_jobs.csv`: those of each sweep that comes with Lethe for the paper, and
the seconds of one GPU that a plan reckons for each, by its work at 100 TFLOP/s. No GPU has run
them. What a job costs beside that was measured (`COSTS`, and anew with `--measure`). `--check`
holds the model against finished sweeps.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from cluster_simulation import Costs, Outcome, Stage, Sweep, simulated
from machine import setting, table

from orchestrator.config.budget import ATTACKS, FINALISTS
from orchestrator.config.loading import load_config
from orchestrator.limits.usage import Event, Line, read_lines
from orchestrator.planning.throughput import parallel_speed
from orchestrator.storage.files import LEDGER_FILE
from trainers.job import Phase

RECORDED = Path(__file__).parent / "recorded"
GIB, MIB, HOUR_S = 1 << 30, 1 << 20, 3600.0
COSTS = Costs(
    start_s=30.0,
    gang_s=6.9,  # README.md, a trial whose ranks start anew
    trial_s=0.09,  # README.md, a trial in a warm gang
    job_s=0.075,  # docs/results/scheduling_scale.md
    suggest_s=0.3,  # docs/architecture.md, lr and l1 at 200 trials
    event_s=0.005,
    mlflow_s=0.2155,  # docs/results/tracking_cost.md, an SQLite file
    report_s=17.5 / 1037,  # docs/results/report_scale.md
)
STAGES = ("baselines", "trials", "finalists", "attacks")
RANKS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs alike of a sweep, by what one takes of one GPU, and its sizes."""

    sweep: str
    stage: str
    count: int
    gpu_s: float
    model_gib: float
    adapter_mib: float


def read_jobs(file: Path) -> dict[str, list[Jobs]]:
    """Returns the recorded jobs by sweep."""
    found: dict[str, list[Jobs]] = {}
    with file.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            jobs = Jobs(
                row["sweep"],
                row["stage"],
                int(row["jobs"]),
                *(float(row[name]) for name in ("gpu_s", "model_gib", "adapter_mib")),
            )
            found.setdefault(jobs.sweep, []).append(jobs)
    return found


def sweep_of(jobs: Sequence[Jobs], *, ranks: int) -> Sweep:
    """Returns the sweep on gangs of so many GPUs; its methods take turns."""
    stages = []
    for name in STAGES:
        kinds = [
            [each.gpu_s / parallel_speed(ranks)] * each.count for each in jobs if each.stage == name
        ]
        turns = (s for turn in zip_longest(*kinds) for s in turn if s is not None)
        stages.append(Stage(name, tuple(turns), searched=name == "trials"))
    sizes = max(each.model_gib for each in jobs), max(each.adapter_mib for each in jobs)
    return Sweep(tuple(stages), model_bytes=sizes[0] * GIB, adapter_bytes=sizes[1] * MIB)


def quickest(jobs: Sequence[Jobs], costs: Costs, num_gpus: int) -> tuple[int, Outcome]:
    """Returns the number of ranks that is through first, as `gang: auto` has it, and with what."""
    found = [
        (ranks, simulated(sweep_of(jobs, ranks=ranks), costs, num_gpus // ranks))
        for ranks in RANKS
        if ranks <= num_gpus
    ]
    return min(found, key=lambda each: each[1].makespan_s)


HEAD = ["GPUs", "hours", "GPU-hours", "training", "no job", "more ranks", "driver", "storage"]
HEAD += ["starts", "driver busy", "MLflow busy", "MLflow behind, s"]


def row(num_gpus: int, found: Sequence[tuple[int, Outcome]], gpu_s: float) -> list[str]:
    """Returns the line of sweeps that run in turn: what the GPUs' time went into, as shares.

    Time of more ranks than one is training as far as one GPU would have taken it.
    """
    whole_s = sum(outcome.makespan_s for _, outcome in found)
    total = num_gpus * whole_s

    def share(seconds: float) -> str:
        return f"{100 * seconds / total:.1f} %"

    gangs = [(ranks, outcome) for ranks, outcome in found]
    worked = sum(ranks * outcome.work_s for ranks, outcome in gangs)
    waits = [(ranks, outcome.waits) for ranks, outcome in gangs]
    driver, storage, starts = (
        sum(ranks * getattr(wait, name) for ranks, wait in waits)
        for name in ("driver_s", "storage_s", "starts_s")
    )
    return [
        str(num_gpus),
        f"{whole_s / HOUR_S:.1f}",
        f"{total / HOUR_S:.0f}",
        share(gpu_s),
        share(total - worked - driver - storage - starts),
        share(worked - gpu_s),
        *map(share, (driver, storage, starts)),
        f"{max(o.driver for _, o in gangs):.2f}",
        f"{max(o.mlflow for _, o in gangs):.2f}",
        f"{max(o.backlog_s for _, o in gangs):.0f}",
    ]


def checked(folder: Path, costs: Costs, num_gangs: int) -> list[str]:
    """Returns the line of a finished sweep: how long it took, and how long it would here.

    What its jobs took includes the starts of gangs, and its ledger begins when all has started.
    """
    lines = read_lines(folder / LEDGER_FILE)
    took_s = lines[-1].at - lines[0].at
    inside = replace(costs, start_s=_start_s(lines), gang_s=0.0, trial_s=0.0)
    sweep = _sweep_in(lines)
    found = simulated(sweep, inside, num_gangs)
    jobs = sum(len(stage.jobs) for stage in sweep.stages)
    ideal_s = sweep.work_s / num_gangs
    figures = [f"{each:.0f}" for each in (sweep.work_s, took_s, ideal_s, found.makespan_s)]
    error = f"{100 * (found.makespan_s / took_s - 1):+.1f} %"
    use = [f"{100 * sweep.work_s / (num_gangs * took_s):.1f} %", f"{100 * found.use:.1f} %"]
    return [folder.name, str(jobs), str(num_gangs), *figures, error, *use]


CHECK_HEAD = ["sweep", "jobs", "gangs", "jobs, s", "took s", "jobs / gangs, s", "model s"]
CHECK_HEAD += ["model / took", "use", "model's use"]


def _start_s(lines: Sequence[Line]) -> float:
    given = next(line for line in lines if line.event == Event.GIVEN)
    return given.at - lines[0].at


def _sweep_in(lines: Sequence[Line]) -> Sweep:
    """Returns the sweep with every job as long as those of its label took in the mean."""
    given = {line.job: line for line in lines if line.event == Event.GIVEN}
    order = list(given)
    took = {line.job: line.gang_s for line in lines if line.event == Event.ENDED}
    by_label: dict[str, list[float]] = {}
    for job, seconds in took.items():
        by_label.setdefault(given[job].label, []).append(seconds)
    means = {label: sum(found) / len(found) for label, found in by_label.items()}
    stages: dict[str, list[float]] = {name: [] for name in STAGES}
    for job in order:
        label = given[job].label
        if job in took:
            stages[_stage_of(label)].append(means[label])
    return Sweep(tuple(Stage(n, tuple(s), searched=n == "trials") for n, s in stages.items()))


def _stage_of(label: str) -> str:
    if label in (Phase.ORIGINAL, Phase.GOLD):
        return "baselines"
    return {FINALISTS: "finalists", ATTACKS: "attacks"}.get(label, "trials")


def planned(config: str, overrides: Sequence[str]) -> Iterator[list[str]]:
    """Yields the rows of a sweep's jobs, as its plan reckons them with nothing finished."""
    from evals.building import build_benchmark
    from orchestrator.planning.jobs_left import batches_of
    from orchestrator.planning.memory import kinds_of
    from orchestrator.planning.model_sizes import sweep_sizes
    from orchestrator.planning.plan import plan
    from orchestrator.storage.records import Storage

    settings = load_config(config, overrides)
    found = plan(settings, build_benchmark(settings.benchmark), storage=Storage(settings.folder))
    kinds = kinds_of(found, sweep_sizes(found))
    weights = kinds[-1].size.weights
    trained = weights.total if settings.adapter is None else weights.trained
    sizes = [f"{weights.total * weights.loaded_bytes / GIB:.2f}", f"{4 * trained / MIB:.1f}"]
    for batch in batches_of(found, kinds, {}):
        assert batch.flops is not None
        gpu_s = batch.flops / (settings.plan.gpu_tflops * 1e12)
        yield [settings.name, batch.jobs, str(batch.count), f"{gpu_s:.1f}", *sizes]


def measured(costs: Costs) -> Costs:
    """Returns the driver's costs on this machine: its CPU time in sweeps of ranks that are idle."""
    few, many = (_idle_sweep(reports) for reports in (1, MANY_REPORTS))
    event_s = (many["driver_cpu_s"] - few["driver_cpu_s"]) / (MANY_REPORTS - 1)
    print(f"driver, CPU s: {few['driver_cpu_s']:.4f} a job, {event_s:.5f} an event", flush=True)
    return replace(costs, job_s=few["driver_cpu_s"], event_s=event_s)


MANY_REPORTS = 41


def _idle_sweep(reports: int) -> Mapping[str, float]:
    script = Path(__file__).with_name("scheduling_scale.py")
    command = [sys.executable, str(script), "--run=100", f"--reports={reports}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    options = _parser().parse_args()
    if options.plan:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows(planned(options.plan[0], options.plan[1:]))
        return
    print(setting("lethe", "ray"), flush=True)
    given = {name: getattr(options, name) for name in ("job_s", "suggest_s", "event_s", "mlflow_s")}
    costs = replace(COSTS, **given, storage_bytes_s=options.storage_gb_s * 1e9)
    costs = measured(costs) if options.measure else costs
    print(f"{costs}\n")
    if options.check:
        print(table(CHECK_HEAD, [checked(f, costs, options.gangs) for f in options.check]))
        return
    sweeps = read_jobs(options.jobs)
    rows = [
        row(
            gpus,
            [quickest(jobs, costs, gpus) for jobs in sweeps.values()],
            sum(each.count * each.gpu_s for jobs in sweeps.values() for each in jobs),
        )
        for gpus in options.gpus
    ]
    print(table(HEAD, rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="How long the paper's experiments take on so many GPUs.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    gpus = [1, 4, 8, 16, 32, 64, 128, 256, 512, 1000]
    parser.add_argument("--gpus", type=int, nargs="+", default=gpus)
    parser.add_argument("--jobs", type=Path, default=RECORDED / "paper_jobs.csv")
    parser.add_argument("--job-s", type=float, default=COSTS.job_s, help="driver, a job")
    parser.add_argument("--suggest-s", type=float, default=COSTS.suggest_s)
    parser.add_argument("--event-s", type=float, default=COSTS.event_s, help="driver, a report")
    parser.add_argument("--mlflow-s", type=float, default=COSTS.mlflow_s, help="a job's records")
    parser.add_argument("--storage-gb-s", type=float, default=1.0, help="of the storage folder")
    parser.add_argument("--measure", action="store_true", help="measure the driver's costs first")
    parser.add_argument("--check", type=Path, nargs="+", metavar="SWEEP", help="finished sweeps")
    parser.add_argument("--gangs", type=int, default=2, help="with --check: side by side")
    parser.add_argument("--plan", nargs="+", metavar="CONFIG key=value", help="rows for --jobs")
    return parser


if __name__ == "__main__":
    main()
