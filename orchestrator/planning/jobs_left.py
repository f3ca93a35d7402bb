"""The jobs of a plan that are left, with the work that each of them is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from evals.benchmark import Task
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.hours import Batch
from orchestrator.planning.memory import Kind
from orchestrator.planning.plan import Plan, PlannedBaseline
from orchestrator.planning.throughput import Pace
from trainers.memory.model_size import ModelSize
from trainers.requirements import Requirements


def batches_of(plan: Plan, kinds: Sequence[Kind], paces: Mapping[str, Pace]) -> list[Batch]:
    """Returns the plan's jobs by recipe; without `kinds` their work is not known."""
    by_jobs = {kind.jobs: kind for kind in kinds}

    def model(each: PlannedBaseline, jobs: str) -> Batch:
        steps = each.num_steps
        flops = _flops(plan, by_jobs.get("baselines"), label="", num_steps=steps)
        left = int(not each.finished)
        return Batch(jobs, count=left, num_steps=steps, flops=flops, pace=paces.get(""))

    trials = []
    for method in plan.methods:
        steps = method.num_steps
        flops = _flops(plan, by_jobs.get("trials"), label=method.label, num_steps=steps)
        left = plan.num_splits * (method.trials - method.finished)
        trials.append(Batch("trials", left, steps, flops=flops, pace=paces.get(method.method)))
    baselines = [model(each, "baselines") for each in plan.baselines if each.num_steps]
    return [
        *baselines,
        *trials,
        *(model(each, "baselines") for each in plan.split_baselines),
        *(model(each, "finalists") for each in filter(None, [plan.gold_again])),
        *(_finalists(plan, trials) if plan.config.finalists is not None else ()),
        *_shadows(plan, [*baselines, *trials]),
    ]


def _shadows(plan: Plan, batches: Sequence[Batch]) -> Iterator[Batch]:
    """Yields baselines and trials again, as models for attacks."""
    labels = [*(str(each.job.phase) for each in plan.baselines), *plan.config.methods]
    for label, batch in zip(labels, batches, strict=False):
        if plan.shadows_left:
            yield replace(batch, jobs="attacks", count=plan.shadows_left[label])


def _finalists(plan: Plan, trials: Sequence[Batch]) -> Iterator[Batch]:
    """Yields each method's trials again, as its finalist's runs.

    Of those that are done it is not known whose they will be, so all are reckoned as done in part.
    """
    left = plan.num_final_trials_left
    for index, batch in enumerate(trials):
        yield replace(batch, jobs="finalists", count=(left + index) // len(trials))


def _flops(plan: Plan, kind: Kind | None, *, label: str, num_steps: int) -> float | None:
    if kind is None:
        return None
    training = _training_flops(plan, kind, asked=kind.asked[label], num_steps=num_steps)
    return training + _evaluation_flops(plan, kind.size)


def _training_flops(plan: Plan, kind: Kind, *, asked: Requirements, num_steps: int) -> float:
    recipe, sizes = kind.training, plan.suite.sizes
    length = sizes.mean_positions(plan.benchmark.splits["full"], max_length=recipe.max_length)
    micro_batches = num_steps * recipe.batch_size / recipe.micro_batch_size
    return micro_batches * kind.size.training_flops(
        asked, num_rows=recipe.micro_batch_size, length=length, on_gpu=_on_gpu(plan.config)
    )


def _evaluation_flops(plan: Plan, size: ModelSize) -> float:
    """Returns the work of scoring all rows, and of writing as much as may be written."""
    settings, on_gpu = plan.config.evaluation, _on_gpu(plan.config)
    sizes, total = plan.suite.sizes, 0.0
    for task in plan.tasks:
        length = sizes.mean_positions(task.examples, max_length=settings.max_length)
        scored = size.forward_flops(
            num_passes=sizes.num_scored(task) / settings.batch_size,
            num_rows=settings.batch_size,
            length=length,
            on_gpu=on_gpu,
        )
        calls = _calls(task, settings.batch_size, plan.config.gang.ranks)
        written = calls * sizes.num_generated(task, settings)
        total += scored + size.forward_flops(
            num_passes=written, num_rows=settings.batch_size, length=1, on_gpu=on_gpu
        )
    return total


def _on_gpu(config: SweepConfig) -> bool:
    return config.gang.gpus_per_rank > 0


def _calls(task: Task, batch_size: int, ranks: int) -> int:
    """Returns in how many batches all ranks together write behind a task's examples."""
    each = -(-len(task.examples) // ranks)
    return ranks * -(-each // batch_size)
