"""What the charts of the HTML report draw, as JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.reporting.charts.boundary import boundary
from orchestrator.reporting.charts.chart_axis import (
    Axis,
    linear_axis,
    objective_axis,
    parameter_axis,
)
from orchestrator.reporting.charts.curves import PROBE, curves_of
from orchestrator.reporting.charts.incumbent import Incumbent, incumbents_of
from orchestrator.reporting.charts.parallel_axes import coordinates_of, measured_trials
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.method_styles import Mark
from orchestrator.reporting.page.finalists import finalists_of
from orchestrator.reporting.provenance import command
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import (
    Axes,
    best_trials,
    front_between,
    is_measured,
    is_trial,
    trials_of,
)
from orchestrator.searching.constraints import Bound, said
from orchestrator.searching.shared_parameters import SHARED, own_part, shared_values

MAX_POINTS = 200
"""Points of a curve in the page; of more every n-th is kept, and the last."""

Json = dict[str, Any]


def page_data(record: SweepRecord, figure_data: FigureData) -> Json:
    """Returns the sweep as plain values, without NaN and infinities: null stands for them.

    Trials are in the order in which they ended and have their place in it as `id`.
    """
    search, metrics, finals = figure_data.search, figure_data.axes, figure_data.finals
    trials = [entry for entry in record.entries if is_trial(entry)]
    names = dict.fromkeys(name for entry in record.entries for name in entry.result.metrics)
    fixed = (search.primary, metrics.horizontal.metric, metrics.objective.metric)
    incumbents = incumbents_of(trials, search, figure_data.corner)
    data = {
        "objective": search.primary,
        "toBeat": figure_data.to_beat,
        "progress": _progress(record, figure_data, incumbents),
        "pareto": {"x": asdict(metrics.horizontal), "y": asdict(metrics.objective)},
        "probe": PROBE,
        "headings": {name: metric_title(name) for name in [*names, *fixed]},
        "methods": [_method(label, figure_data.marks[label]) for label in record.config.methods],
        "trials": _trials(record, trials, metrics),
        "baselines": _baselines(record, finals),
        "bounds": [_bound(bound) for bound in figure_data.bounds],
        "reportedBounds": [_bound(bound) for bound in finals.bounds] if finals else [],
        "finals": finalists_of(record, finals) if finals else [],
        "axes": _axes(record, figure_data, trials),
        "boundaries": _boundaries(trials, figure_data.bounds),
        "incumbents": [asdict(incumbent) for incumbent in incumbents],
        "coordinates": _coordinates(record, trials),
        "weights": [asdict(weight) for weight in figure_data.weights],
    }
    plain: Json = _plain(data)
    return plain


def _progress(
    record: SweepRecord, figure_data: FigureData, incumbents: Sequence[Incumbent]
) -> Json:
    """Returns the axis of what the search has to show, what that is, and what is to be beaten."""
    if not figure_data.corner:
        axis = _up(_values(record, None, figure_data.search.primary))
        return {
            "axis": asdict(axis),
            "title": figure_data.progress_title,
            "toBeat": figure_data.to_beat,
        }
    ends = [value for each in incumbents for value in each.best if math.isfinite(value)]
    return {"axis": asdict(_up(ends)), "title": figure_data.progress_title, "toBeat": None}


def _method(label: str, mark: Mark) -> Json:
    return {"label": label, **asdict(mark)}


def _trials(record: SweepRecord, trials: Sequence[Entry], metrics: Axes) -> list[Json]:
    best = best_trials(trials, record.config.methods, search=record.config.search)
    front = front_between(trials, metrics)
    made = []
    for i, entry in enumerate(trials):
        facts = _trial(entry)
        facts["id"] = i
        facts["best"] = entry is best.get(entry.label)
        facts["front"] = any(entry is one for one in front)
        facts["command"] = command(record, entry.result)
        made.append(facts)
    return made


def _trial(entry: Entry) -> Json:
    result, measured = entry.result, is_measured(entry)
    return {
        "label": entry.label,
        "number": entry.number,
        "state": ("feasible" if entry.feasible else "infeasible") if measured else "failed",
        "reason": result.reason or result.stopped,
        "stopped": bool(result.stopped),
        "forgot": entry.forgot,
        **shared_values(result.job.training),
        "params": own_part(entry.params or {}),
        "metrics": dict(result.metrics) if measured else {},
        "job": result.job.hash,
        "seconds": result.wall_s,
        "curves": _curves(entry),
    }


def _curves(entry: Entry) -> Json:
    made = {}
    for curve in curves_of(entry.result):
        every = math.ceil(len(curve.steps) / MAX_POINTS)
        kept = sorted({*range(0, len(curve.steps), every), len(curve.steps) - 1})
        made[curve.name] = {
            "numSteps": curve.num_steps,
            "steps": [curve.steps[i] for i in kept],
            "values": [float(f"{curve.values[i]:.6g}") for i in kept],
        }
    return made


def _baselines(record: SweepRecord, finals: Finals | None) -> list[Json]:
    """Returns the baselines on the items that finalists are reported on, if there are any."""
    if record.reference is None:
        return []
    original, gold = record.reference.original, record.reference.gold
    own = (original.metrics, gold.metrics)
    shown = own if finals is None else (finals.original, finals.gold)
    pairs = zip(("Original", "Gold"), shown, strict=True)
    return [{"name": name, "metrics": dict(metrics)} for name, metrics in pairs]


def _bound(bound: Bound) -> Json:
    sides = {"metric": bound.metric, "side": bound.side, "value": bound.value}
    return {**sides, "text": said(bound)}


def _axes(record: SweepRecord, figure_data: FigureData, trials: Sequence[Entry]) -> Json:
    metrics, finals = figure_data.axes, figure_data.finals
    settings = [shared_values(entry.result.job.training) for entry in trials]
    across, up = metrics.horizontal.metric, metrics.objective.metric
    bounds = [*figure_data.bounds, *(finals.bounds if finals is not None else ())]
    limits = [bound.value for bound in bounds if bound.metric == across]
    xs = _values(record, finals, across) + limits
    return {
        "x": asdict(linear_axis(xs or [0.0, 1.0])),
        "y": asdict(_up(_values(record, finals, up))),
        "objective": asdict(_up(_values(record, None, figure_data.search.primary))),
        **{name: asdict(parameter_axis([one[name] for one in settings])) for name in SHARED},
    }


def _up(values: Sequence[float]) -> Axis:
    return objective_axis(values or [0.0, 1.0])


def _values(record: SweepRecord, finals: Finals | None, metric: str) -> list[float]:
    """Returns every value of a metric that is drawn."""
    found = [entry.result.metrics.get(metric, math.nan) for entry in record.entries]
    if finals is not None:
        found += [baseline.get(metric, math.nan) for baseline in (finals.original, finals.gold)]
        own = [final.metrics[metric] for final in finals.finals if metric in final.metrics]
        found += [value for one in own for value in (one.low, one.mean, one.high)]
    return [value for value in found if math.isfinite(value)]


def _boundaries(trials: Sequence[Entry], bounds: Sequence[Bound]) -> Json:
    labels = sorted({entry.label for entry in trials})
    return {
        label: [[*piece.start, *piece.end] for piece in boundary(trials_of(trials, label), bounds)]
        for label in labels
    }


def _coordinates(record: SweepRecord, trials: Sequence[Entry]) -> Json:
    shown = measured_trials(trials)
    made = []
    for coordinate in coordinates_of(shown, record.config.search) if shown else ():
        low, high = coordinate.ends
        heading = metric_title(coordinate.name) if coordinate.is_metric else coordinate.name
        made.append(
            {
                "name": heading,
                "shares": coordinate.shares,
                "low": low,
                "high": high,
                "isMetric": coordinate.is_metric,
            }
        )
    ids = {id(entry): i for i, entry in enumerate(trials)}
    return {"trials": [ids[id(entry)] for entry in shown], "axes": made}


def _plain(value: Any) -> Any:
    """Returns a value that JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
