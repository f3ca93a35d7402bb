"""The jobs of a plan that are left, with the work that each of them is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from evals.benchmark import Task
from evals.metric import load_metric
from evals.selection import selected_tasks
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.flops import RIDGE_TOKENS, Load, forward_flops, training_flops
from orchestrator.planning.hours import Batch
from orchestrator.planning.memory import Kind
from orchestrator.planning.passes import Draw
from orchestrator.planning.plan import Plan, PlannedBaseline
from orchestrator.planning.row_lengths import answers, mean_tokens
from orchestrator.planning.throughput import Pace


def batches_of(plan: Plan, kinds: Sequence[Kind], paces: Mapping[str, Pace]) -> list[Batch]:
    """Returns the plan's jobs by recipe; without `kinds` their work is not known."""
    by_jobs = {kind.jobs: kind for kind in kinds}

    def model(each: PlannedBaseline, jobs: str) -> Batch:
        steps = each.num_steps
        flops = _flops(plan, by_jobs.get("baselines"), draw="", num_steps=steps)
        left = int(not each.finished)
        return Batch(jobs, count=left, num_steps=steps, flops=flops, pace=paces.get(""))

    trials = []
    for method in plan.methods:
        steps = plan.steps_per_trial
        flops = _flops(plan, by_jobs.get("trials"), draw=method.label, num_steps=steps)
        left = method.trials - method.finished
        trials.append(Batch("trials", left, steps, flops=flops, pace=paces.get(method.method)))
    return [
        *(model(each, "baselines") for each in plan.baselines if each.num_steps),
        *trials,
        *(model(each, "finalists") for each in filter(None, [plan.gold_again])),
        *(_finalists(plan, trials) if plan.config.finalists is not None else ()),
    ]


def _finalists(plan: Plan, trials: Sequence[Batch]) -> Iterator[Batch]:
    """Yields each method's trials again, as its finalist's runs.

    Of those that are done it is not known whose they will be, so all are reckoned as done in part.
    """
    left = plan.num_final_trials_left
    for index, batch in enumerate(trials):
        yield replace(batch, jobs="finalists", count=(left + index) // len(trials))


def _flops(plan: Plan, kind: Kind | None, *, draw: str, num_steps: int) -> float | None:
    if kind is None:
        return None
    load = _load(plan.config, kind)
    return _training_flops(plan, kind, load, draw=kind.draws[draw], num_steps=num_steps) + (
        _evaluation_flops(plan, load)
    )


def _load(config: SweepConfig, kind: Kind) -> Load:
    weights = kind.anatomy.weights
    adapted = kind.adapter is not None
    return Load(
        base=weights.total - weights.trained * adapted,
        trained=weights.trained * adapted,
        checkpointing=bool(config.model.settings["gradient_checkpointing"]),
        least_tokens=RIDGE_TOKENS if config.gang.gpus_per_rank else 0,
    )


def _training_flops(plan: Plan, kind: Kind, load: Load, *, draw: Draw, num_steps: int) -> float:
    recipe = kind.training
    length = mean_tokens(plan.benchmark.splits["full"], max_length=recipe.max_length)
    passes = tuple(rows * recipe.micro_batch_size * length for rows in draw.passes)
    micro_batches = num_steps * recipe.batch_size / recipe.micro_batch_size
    return micro_batches * training_flops(load, passes=passes, references=draw.references)


def _evaluation_flops(plan: Plan, load: Load) -> float:
    """Returns the work of scoring all answers, and of generating to the end where it is asked."""
    settings = plan.config.evaluation
    roles = {r for name in settings.metrics for r in load_metric(name).generation_roles}
    total = 0.0
    for task in selected_tasks(plan.benchmark, settings):
        length = mean_tokens(task.examples, max_length=settings.max_length)
        num_answers = sum(len(answers(example)) for example in task.examples)
        scored = forward_flops(
            load,
            num_passes=num_answers / settings.batch_size,
            tokens_each=length * settings.batch_size,
        )
        calls = _calls(task, settings.batch_size, plan.config.gang.ranks)
        steps = calls * settings.max_new_tokens if task.role in roles else 0
        total += scored + forward_flops(load, num_passes=steps, tokens_each=settings.batch_size)
    return total


def _calls(task: Task, batch_size: int, ranks: int) -> int:
    """Returns in how many batches a task's questions are answered by all ranks together."""
    each = -(-len(task.examples) // ranks)
    return ranks * -(-each // batch_size)
