from dataclasses import replace

from orchestrator.reporting.charts.curves import curve_of, curves_of
from trainers.job import Phase, Report


def reported(fakes, *metrics):
    result = fakes.result(Phase.TRIAL)
    reports = tuple(Report(2 * i, 10, found) for i, found in enumerate(metrics, start=1))
    return replace(result, reports=reports)


def test_a_probe_has_a_value_at_the_steps_that_probed_only(fakes):
    made = reported(fakes, {"loss": 3.0}, {"loss": 2.0, "probe_retain": 0.7}, {"loss": 1.0})
    curve = curve_of(made, "probe_retain")
    assert (curve.steps, curve.values, curve.num_steps) == ((4,), (0.7,), 10)


def test_loss_and_probes_are_shown_but_neither_errors_nor_the_schedule(fakes):
    made = reported(
        fakes, {"loss": 3.0, "lr": 1e-4, "probe_retain": 0.7, "probe_retain_error": 0.1}
    )
    assert [curve.name for curve in curves_of(made)] == ["loss", "probe_retain"]


def test_what_is_not_finite_leaves_a_gap_and_nothing_at_all_leaves_no_curve(fakes):
    made = reported(fakes, {"loss": 3.0}, {"loss": float("nan")}, {"loss": 1.0})
    assert curve_of(made, "loss").steps == (2, 6)
    assert curve_of(made, "probe_real") is None
    assert curves_of(fakes.result(Phase.TRIAL)) == []
