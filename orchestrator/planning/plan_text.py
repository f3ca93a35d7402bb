"""A plan as the text that `--plan` prints."""

from collections import Counter
from collections.abc import Mapping, Sequence

from evals.building import benchmark_note
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.shadows import num_attack_splits, num_shadows
from orchestrator.planning.plan import Plan, PlannedBaseline, PlannedMethod
from orchestrator.results.warm_start import WarmStartTrial
from orchestrator.searching.constraints import SIGNS, Constraint
from orchestrator.searching.settings import SearchSettings, in_a_row
from orchestrator.searching.space import Searched, SearchRange


def render(plan: Plan) -> str:
    """Returns the plan as the text that --plan prints."""
    config = plan.config
    lines = [
        f"Sweep {config.name} (seed {config.seed}) in {config.folder}",
        f"Benchmark {plan.benchmark.name}: {_splits(plan)}",
        *filter(None, [benchmark_note(config.benchmark)]),
        f"Model {config.model.name}, {config.engine.dtype}, ZeRO stage {config.engine.zero_stage}",
        f"Gang: {_gang(config.gang)}",
        f"{_objectives(config.search)} {_constraints(config.search.constraints)}",
        "",
        f"{'baseline':<10} {'job':<16} {'steps':>6}  state",
        *(_baseline_line(baseline) for baseline in plan.baselines),
        "",
        f"{'method':<{_width(plan)}} {'trials':>6} {'done':>5} {'steps':>6}  searched",
        *(_method_line(plan, method) for method in plan.methods),
        "",
        f"{plan.num_trials} trials of {_steps(plan)} optimizer steps, "
        f"{plan.num_finished} of them finished already",
        *_search_splits(plan),
        *_finalists(plan),
        *_attacks(plan),
        *_warm(plan.warm_start),
    ]
    return "\n".join(lines)


def _objectives(search: SearchSettings) -> str:
    each = [f"{way} {n}" for way, n in zip(search.directions, search.objectives, strict=True)]
    if len(each) == 1:
        return f"Objective: {each[0]}"
    return f"Objectives, of which the front is searched: {in_a_row(each)},"


def _search_splits(plan: Plan) -> list[str]:
    if not plan.search_splits:
        return []
    others = ", ".join(str(each.number) for each in plan.search_splits)
    left = sum(not each.finished for each in plan.split_baselines)
    return [
        f"Each trial is trained at {plan.num_splits} splits, its own and {others}, and counts by "
        f"the mean; baselines there: {len(plan.split_baselines)}, {left} of them to do"
    ]


def _splits(plan: Plan) -> str:
    sizes = [f"{name} {len(examples)}" for name, examples in plan.benchmark.splits.items()]
    tasks = [f"{task.name} {len(task.examples)}" for task in plan.tasks]
    return f"{', '.join(sizes)} rows; scored on {', '.join(tasks)}"


def _gang(gang: GangSettings) -> str:
    return "chosen by what fits, which is said below" if gang.auto else gang_text(gang)


def gang_text(gang: GangSettings) -> str:
    """Returns a gang's shape in words."""
    gpus = f" and {gang.gpus_per_rank:g} GPU" if gang.gpus_per_rank else ""
    together = gang.ranks_per_node
    placed = (
        gang.strategy if together is None else f"{together} on each of {gang.ranks // together}"
    )
    nodes = "" if together is None else " nodes"
    ranks = f"{gang.ranks} rank" + "s" * (gang.ranks > 1)
    return f"{ranks} of {gang.cpus_per_rank:g} CPU{gpus}, {placed}{nodes}"


def _constraints(constraints: Mapping[str, Constraint]) -> str:
    """Returns the bounds as far as they are known before the baselines are."""
    parts = [
        f"{metric} {SIGNS[side]} {value:g}{_unit(constraint)}"
        for metric, constraint in constraints.items()
        for side, value in constraint.sides.items()
    ]
    return f"with {' and '.join(parts)}" if parts else "without constraints"


def _unit(constraint: Constraint) -> str:
    if constraint.relative_to == "absolute":
        return ""
    return f" x the {constraint.relative_to}'s"


def _width(plan: Plan) -> int:
    return max(len("method"), *(len(method.label) for method in plan.methods))


def _baseline_line(baseline: PlannedBaseline) -> str:
    state = "finished" if baseline.finished else "to do"
    job = baseline.job
    return f"{job.phase:<10} {job.hash:<16} {baseline.num_steps:>6}  {state}"


def _method_line(plan: Plan, method: PlannedMethod) -> str:
    searched = ", ".join(_searched(name, found) for name, found in method.space.items())
    return (
        f"{method.label:<{_width(plan)}} {method.trials:>6} {method.finished:>5} "
        f"{method.num_steps:>6}  {searched}"
    )


def _steps(plan: Plan) -> str:
    """Returns how many steps a trial takes, of all methods."""
    found = sorted({method.num_steps for method in plan.methods})
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _finalists(plan: Plan) -> list[str]:
    """Returns a line that says what follows the search, if anything does."""
    settings = plan.config.finalists
    if settings is None:
        return []
    gold = " and gold once more" if plan.gold_again is not None else ""
    where = f"the {settings.held_out:.0%} of all items that the search does not see"
    reported = where if settings.held_out else "all items"
    spare = (
        f"; up to {settings.spare} runs more of a method whose best breaks a bound under them"
        if settings.spare and plan.config.search.constraints
        else ""
    )
    num = plan.config.num_points
    best = "best trial" if num == 1 else f"best trial and {num - 1} more of its front"
    return [
        f"Then finalists: each method's {best} under {settings.seeds} more seeds{gold}, "
        f"reported on {reported}{spare}"
    ]


def _attacks(plan: Plan) -> list[str]:
    """Returns lines that say by how many models there are attacks in the end, if there are any."""
    settings, left = plan.config.attacks, sum(plan.shadows_left.values())
    if settings is None:
        return []
    num_splits, total = num_attack_splits(plan.config), num_shadows(plan.config)
    few = plan.few_models
    return [
        f"Then attacks: {settings.targets} targets and {settings.shadows} shadows of both worlds, "
        f"Original, Gold and each method at {num_splits} more splits: {total} models at most, "
        f"{total - left} of them finished already",
        *([f"Few models for attacks: {few}"] if few else []),
    ]


def _warm(trials: Sequence[WarmStartTrial]) -> list[str]:
    """Returns a line that says where the searches begin, if it is not at nothing."""
    if not trials:
        return []
    counts = Counter(trial.label for trial in trials)
    said = ", ".join(f"{label} {number}" for label, number in counts.items())
    return [f"Warm start: trials of {trials[0].origin.partition('/')[0]} ({said})"]


def _searched(name: str, searched: Searched) -> str:
    if isinstance(searched, SearchRange):
        scale = " log" if searched.log else ""
        said = f"{name} {searched.low:g}..{searched.high:g}{scale}"
    else:
        said = f"{name} {'|'.join(map(str, searched.choices))}"
    where = [f"{parent} {'|'.join(map(str, of))}" for parent, of in searched.when.items()]
    return f"{said} if {' and '.join(where)}" if where else said
