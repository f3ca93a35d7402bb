import pytest

from evals.errors import ConfigError
from evals.splits import splits_of
from orchestrator.config.loading import load_config
from orchestrator.jobs.search_splits import check_splits, further_splits, search_splits
from tests.fixtures.paths import CONFIGS
from trainers.job import Phase

SMALL = (
    "benchmark={name: portraits, forget_people: 1, holdout_people: 1, retain_people: 2, "
    "other_people: 2, pictures_per_person: 2, enrolled: 1, size: 16, num_splits: 8}"
)


def vision(*words):
    return load_config(str(CONFIGS / "vision_tiny.yaml"), [SMALL, "attacks=null", *words])


@pytest.mark.parametrize(
    ("own", "num", "further"), [(0, 1, ()), (0, 3, (1, 2)), (2, 3, (0, 1)), (5, 2, (4,))]
)
def test_the_next_splits_are_of_the_same_world(own, num, further) -> None:
    config = vision(f"search.splits={num}", f"benchmark.split={own}")
    assert further_splits(config) == further
    found = list(search_splits(config, splits_of(config.benchmark), weights="w"))
    assert tuple(each.number for each in found) == further
    assert all(each.config.benchmark.settings["split"] == each.number for each in found)


def test_a_trial_at_a_split_starts_from_its_original_there() -> None:
    config = vision("search.splits=2")
    (split,) = search_splits(config, splits_of(config.benchmark), weights="w")
    trial = split.trial("gd" if "gd" in config.methods else "scrub", 3, {"lr": 0.1, "l1": 1e-3})
    assert trial.job.base == split.original.hash
    assert trial.job.data == split.benchmark.fingerprint == split.gold.data
    assert (trial.split, trial.number, trial.member.split) == (1, 3, 1)
    assert [each.label for each in split.baselines] == [str(Phase.ORIGINAL), str(Phase.GOLD)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["search.splits=5"], r"search.splits must be at most 4, the splits of portraits .* got 5"),
        (
            ["search.splits=2", "baselines.gold=/nowhere"],
            r"baselines.gold must be left out with search.splits 2, .* got '/nowhere'",
        ),
    ],
)
def test_what_there_is_not_is_refused(words, said) -> None:
    config = vision(*words)
    with pytest.raises(ConfigError, match=said):
        check_splits(config, splits_of(config.benchmark))


def test_a_benchmark_without_splits_has_one() -> None:
    config = load_config(None, ["search.splits=2"])
    with pytest.raises(ConfigError, match=r"search.splits must be 1 for the benchmark characters"):
        check_splits(config, splits_of(config.benchmark))
    check_splits(load_config(None, []), None)


def test_a_warm_start_is_of_one_split() -> None:
    with pytest.raises(ConfigError, match=r"search.warm_start must be left out with search.splits"):
        vision("search.splits=2", "search.warm_start=/somewhere")
