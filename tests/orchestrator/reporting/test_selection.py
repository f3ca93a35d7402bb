import pytest

from evals.errors import ConfigError
from orchestrator.reporting.selection import everything, is_whole, selected
from orchestrator.results.ranking import Axis


def test_what_is_not_asked_for_is_whole(fakes):
    config = fakes.config()
    assert selected(config) == everything(config)
    assert everything(config).labels == ("ga", "npo", "rmu")
    assert everything(config).formats == ("csv", "md", "tex", "json")


def test_methods_metrics_and_formats_are_chosen_in_the_order_given(fakes):
    found = selected(
        fakes.config(), methods=("npo", "ga"), objectives=("forget", "real"), formats=("tex",)
    )
    assert (found.labels, found.formats) == (("npo", "ga"), ("tex",))
    assert (found.axes.objective, found.axes.horizontal) == (Axis("forget", -1), Axis("real", 1))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"methods": ("npoo",)}, r"--methods must be one of ga, npo, rmu but got 'npoo'; .*'npo'"),
        ({"objectives": ("retian", "real")}, r"--objectives .*'retian'; did you mean 'retain'"),
        ({"formats": ("jsn",)}, r"--formats must be one of .*'jsn'; did you mean 'json'"),
        ({"methods": ("ga", "ga")}, r"--methods must be different names but got 'ga' twice"),
        ({"objectives": ("retain",)}, r"--objectives must be two different metrics"),
        ({"objectives": ("model_utility", "real")}, r"--objectives must be one of .*real"),
    ],
)
def test_what_the_sweep_does_not_know_is_refused_with_the_nearest(fakes, asked, message):
    with pytest.raises(ConfigError, match=message):
        selected(fakes.config(), **asked)


def test_it_is_whole_with_all_methods_on_the_sweeps_axes_in_whatever_formats(fakes):
    config = fakes.config()
    assert is_whole(selected(config, formats=("csv",), methods=("rmu", "npo", "ga")), config)
    assert not is_whole(selected(config, methods=("npo",)), config)
    assert not is_whole(selected(config, objectives=("forget", "real")), config)
