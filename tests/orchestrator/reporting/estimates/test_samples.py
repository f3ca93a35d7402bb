import numpy as np
import pytest

from evals.metric import load_metric
from orchestrator.reporting.estimates.samples import measured, samples_of

NAMES = ["log_forget_quality", "retain", "forget"]


def test_values_are_the_metrics_and_draws_are_around_them(scored):
    gold, seeds = scored(0), [scored(m, knows=0.5) for m in (1, 2, 3)]
    samples = samples_of({"ga": seeds}, gold, NAMES, seed=0)
    for name in NAMES:
        sample = samples[name]["ga"]
        assert list(sample.values) == [load_metric(name).compute(s, gold) for s in seeds]
        assert sample.draws.shape == (1000, 3)
        assert sample.num_items == 40
    assert samples["retain"]["ga"].draws.mean() == pytest.approx(
        samples["retain"]["ga"].mean, abs=0.01
    )


def test_all_models_meet_the_same_items_in_a_draw(scored):
    gold, same = scored(0), scored(1, knows=0.5)
    samples = samples_of({"ga": [same, same], "kl": [same]}, gold, NAMES, seed=0)
    for name in NAMES:
        draws = samples[name]["ga"].draws
        assert (draws[:, 0] == draws[:, 1]).all()
        assert (draws[:, :1] == samples[name]["kl"].draws).all()


def test_the_seed_decides_all(scored):
    gold, sheets = scored(0), {"ga": [scored(1, knows=0.5)]}
    first, again, other = (samples_of(sheets, gold, ["retain"], seed=s) for s in (1, 1, 2))
    assert np.array_equal(first["retain"]["ga"].draws, again["retain"]["ga"].draws)
    assert not np.array_equal(first["retain"]["ga"].draws, other["retain"]["ga"].draws)


def test_a_metric_that_one_finalist_does_not_give_is_left_out_for_all(scored):
    gold = scored(0)
    sheets = {"ga": [scored(1)], "kl": [scored(2), scored(3, rouge=False)]}
    assert set(samples_of(sheets, gold, NAMES, seed=0)) == {"log_forget_quality", "retain"}


def test_one_without_a_seed_is_in_no_sample_and_in_no_ones_way(scored):
    samples = samples_of({"ga": [scored(1)], "kl": []}, scored(0), NAMES, seed=0)
    assert {name: set(found) for name, found in samples.items()} == {n: {"ga"} for n in NAMES}


def test_what_cannot_be_measured_is_left_out(scored):
    sheet = scored(1, rouge=False)
    found = measured(sheet, scored(0), ["retain", "forget", "mia_loss"])
    assert found == {"retain": load_metric("retain").compute(sheet, None)}
