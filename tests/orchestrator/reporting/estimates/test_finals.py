import math
import time
from dataclasses import replace

import pytest

from evals.held_out import held_out_part
from evals.metric import load_metric
from orchestrator.config.budget import BudgetSettings
from orchestrator.config.loading import load_config
from orchestrator.limits.usage import Usage
from orchestrator.reporting.estimates.finals import finals_of
from orchestrator.reporting.sweep_record import Replicate, SweepRecord
from orchestrator.results.entry import Entry, Reference
from orchestrator.searching.constraints import Bound
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase

METRICS = ("retain", "log_forget_quality")


@pytest.fixture
def sweep(tmp_path, scored):
    """Returns `sweep(**finalists)`: a record whose finalists have these sheets, by label and seed.

    A method's trial has number 4; None for a sheet is a seed that failed.
    """

    def build(*, again=None, config=None, original=None, gold=None, **finalists):
        labels = ",".join(finalists)
        config = config or load_config(
            None, [f"storage={tmp_path}", f"methods=[{labels}]", *overrides()]
        )
        storage = Storage(tmp_path)
        commit = Committer(storage, config)
        original = commit(original or scored(100, knows=1.5), Phase.ORIGINAL)
        gold = commit(gold or scored(101), Phase.GOLD)
        replicates = tuple(
            Replicate(label, 4, commit(sheet, Phase.TRIAL))
            for label, sheets in finalists.items()
            for sheet in sheets
        )
        trials = tuple(trial(label, commit) for label in finalists)
        return SweepRecord(
            config,
            tmp_path / "sweeps" / config.name,
            storage,
            Reference(original, gold, ()),
            trials,
            replicates,
            None if again is None else commit(again, Phase.GOLD),
            Usage(BudgetSettings()),
        )

    return build


def overrides(*more):
    return [f"evaluation.metrics=[{','.join(METRICS)}]", "finalists.held_out=0.5", *more]


class Committer:
    """Puts results with sheets into storage, each under a seed of its own."""

    def __init__(self, storage, config):
        self.storage, self.config, self.seed = storage, config, 0

    def __call__(self, sheet, phase):
        self.seed += 1
        job = any_job(
            phase,
            training=self.config.training,
            engine=self.config.engine,
            evaluation=self.config.evaluation,
            seed=self.seed,
        )
        failed = Result(job, State.FAILED, "out of memory", {}, {}, 1.0, (), 0.0)
        if sheet is None:
            return failed
        done = replace(failed, state=State.DONE, reason="")
        return self.storage.commit(done, self.storage.begin(job), sheet)


def trial(label, commit, number=4, quality=-3.0):
    metrics = {"retain": 0.8, "log_forget_quality": quality}
    result = replace(commit(None, Phase.TRIAL), state=State.DONE, metrics=metrics)
    return Entry(label, result, number, {"lr": 1e-3}, {"retain.at_least": -0.1})


def seeds(scored, first, *, knows, **more):
    return [scored(first + i, knows=knows, **more) for i in range(3)]


def by_label(finals):
    return {final.label: final for final in finals.finals}


def test_finalists_are_reported_on_the_items_that_the_search_has_not_seen(sweep, scored):
    sheets = seeds(scored, 1, knows=0.3)
    gold, original = scored(101), scored(100, knows=1.5)
    record = sweep(ga=sheets, gold=gold, original=original)
    found = finals_of(record)
    (final,) = found.finals
    compute = {name: load_metric(name).compute for name in METRICS}
    unseen = [held_out_part(sheet, 0.5) for sheet in sheets]
    golds = held_out_part(gold, 0.5)
    for name in METRICS:
        mean = sum(compute[name](sheet, golds) for sheet in unseen) / 3
        assert final.metrics[name].mean == pytest.approx(mean)
        assert final.metrics[name].num_seeds == 3
        assert final.metrics[name].low < mean
        assert found.original[name] == compute[name](held_out_part(original, 0.5), golds)
    assert found.gold["log_forget_quality"] == 0.0
    floor = 0.9 * found.original["retain"]
    assert found.bounds == (Bound("retain", "at_least", floor, "0.9 x the original's", 0.9),)
    assert final.violations == {
        "retain.at_least": pytest.approx(floor - final.metrics["retain"].mean)
    }
    assert (final.number, final.params, len(final.results)) == (4, {"lr": 1e-3}, 3)


def test_methods_share_a_rank_until_they_are_told_apart(sweep, scored):
    record = sweep(
        ga=seeds(scored, 1, knows=2.0, num_items=200),
        kl=seeds(scored, 11, knows=0.1, num_items=200),
        npo=seeds(scored, 21, knows=0.1, num_items=200),
    )
    found = finals_of(replace(record, reference=reference(record, scored, 200)))
    ranks = {final.label: final.rank for final in found.finals}
    assert ranks == {"ga": 3, "kl": 1, "npo": 1}
    quality = [one for one in found.comparisons if one.metric == "log_forget_quality"]
    apart = {(one.first, one.second): one.separable for one in quality}
    assert apart == {("ga", "kl"): True, ("ga", "npo"): True, ("kl", "npo"): False}
    assert found.comparisons[: len(quality)] == tuple(quality), "the objective comes first"
    assert {one.metric for one in found.comparisons} == set(METRICS)


def reference(record, scored, num_items):
    """Returns baselines with as many items."""
    commit = Committer(record.storage, record.config)
    commit.seed = 500
    original = commit(scored(100, knows=1.5, num_items=num_items), Phase.ORIGINAL)
    return Reference(original, commit(scored(101, num_items=num_items), Phase.GOLD), ())


def test_a_finalist_that_misses_a_bound_on_these_items_has_no_rank(sweep, scored):
    destroyed = [with_retain_lost(sheet) for sheet in seeds(scored, 1, knows=0.0)]
    found = by_label(finals_of(sweep(ga=destroyed, kl=seeds(scored, 11, knows=1.0))))
    assert not found["ga"].feasible
    assert found["ga"].violations["retain.at_least"] > 0
    assert found["ga"].rank is None
    assert (found["kl"].feasible, found["kl"].rank) == (True, 1)


def with_retain_lost(sheet):
    def lost(task):
        if task.name != "retain":
            return task
        items = (replace(i, answer=replace(i.answer, nll=i.answer.nll + 80)) for i in task.items)
        return replace(task, items=tuple(items))

    return replace(sheet, tasks=tuple(map(lost, sheet.tasks)))


def test_a_seed_that_failed_is_no_number_and_one_without_any_has_no_rank(sweep, scored):
    record = sweep(ga=[scored(1), None, scored(2)], kl=[None, None], npo=seeds(scored, 5, knows=1))
    found = by_label(finals_of(record))
    assert len(found["ga"].results) == 2
    assert found["ga"].metrics["retain"].num_seeds == 2
    nothing = found["kl"]
    assert (nothing.results, nothing.metrics, nothing.violations) == ((), {}, {})
    assert (nothing.feasible, nothing.rank) == (False, None)
    pairs = {(one.first, one.second) for one in finals_of(record).comparisons}
    assert pairs == {("ga", "npo")}


def test_a_seed_that_measured_nan_leaves_its_method_without_mean_and_rank(sweep, scored):
    broken = [scored(1), with_nan(scored(2)), scored(3)]
    found = by_label(finals_of(sweep(ga=broken, kl=seeds(scored, 11, knows=0.1))))
    assert math.isnan(found["ga"].metrics["retain"].mean)
    assert (found["ga"].violations, found["ga"].feasible, found["ga"].rank) == ({}, False, None)
    assert found["kl"].rank == 1


def with_nan(sheet):
    def nan(task):
        items = (replace(i, answer=replace(i.answer, nll=math.nan)) for i in task.items)
        return replace(task, items=tuple(items)) if task.name == "retain" else task

    return replace(sheet, tasks=tuple(map(nan, sheet.tasks)))


def test_a_method_that_has_no_finalist_is_not_there_and_the_others_keep_their_order(sweep, scored):
    record = sweep(npo=[scored(1)], ga=[scored(2)], kl=[scored(3)])
    some = [one for one in record.replicates if one.label != "ga"]
    found = finals_of(replace(record, replicates=tuple(reversed(some))))
    assert [final.label for final in found.finals] == ["npo", "kl"]


def test_the_gold_model_again_says_where_the_noise_is(sweep, scored):
    found = finals_of(sweep(ga=[scored(1)], again=scored(102)))
    assert -8 < found.gold_again["log_forget_quality"] <= 0
    assert finals_of(sweep(ga=[scored(1)])).gold_again is None


def test_there_is_nothing_without_replicates_or_baselines(sweep, scored):
    record = sweep(ga=[scored(1)])
    assert finals_of(replace(record, replicates=())) is None
    assert finals_of(replace(record, reference=None)) is None


def test_other_items_than_the_gold_models_are_refused(sweep, scored):
    with pytest.raises(ValueError, match="gold model's items"):
        finals_of(sweep(ga=[scored(1, num_items=30)]))


def test_the_same_record_gives_the_same_numbers(sweep, scored):
    record = sweep(ga=seeds(scored, 1, knows=0.5), kl=seeds(scored, 11, knows=0.2))
    assert repr(finals_of(record)) == repr(finals_of(record))


@pytest.mark.slow
def test_eleven_methods_of_three_seeds_and_300_items_take_seconds(sweep, scored, tmp_path):
    labels = [f"m{i}" for i in range(11)]
    methods = ",".join(f"{label}: {{method: ga}}" for label in labels)
    config = load_config(None, [f"storage={tmp_path}", f"methods={{{methods}}}", *overrides()])
    groups = {
        label: seeds(scored, 10 * i + 1, knows=0.1 * i, num_items=300)
        for i, label in enumerate(labels)
    }
    record = sweep(config=config, **groups)
    record = replace(record, reference=reference(record, scored, 300))
    begin = time.process_time()
    found = finals_of(record)
    assert time.process_time() - begin < 15
    assert len(found.comparisons) == 2 * 55


@pytest.mark.parametrize("lacking", ["gold", "original", "again", "ga"])
def test_items_that_do_not_give_the_objective_or_a_bound_are_refused(sweep, scored, lacking):
    words = [
        "search.constraints.forget.at_most=0.9",
        "evaluation.metrics=[forget,retain,log_forget_quality]",
    ]
    mute = scored(7, rouge=False)
    sheets = {"gold": scored(101), "original": scored(100), "again": scored(102), "ga": scored(1)}
    sheets[lacking] = mute
    made = sweep(
        again=sheets["again"],
        gold=sheets["gold"],
        original=sheets["original"],
        ga=[sheets["ga"]],
        config=load_config(None, ["storage=/none", "methods=[ga]", *words]),
    )
    with pytest.raises(ValueError, match="the reported items do not give forget"):
        finals_of(made)


def test_a_finalist_forgot_something_where_the_interval_of_its_gain_says_so(sweep, scored):
    record = sweep(
        ga=seeds(scored, 1, knows=1.5),  # knows as much as the original
        npo=seeds(scored, 11, knows=0.1),
        kl=[scored(21, knows=0.1)],
    )
    found = by_label(finals_of(record))
    assert [found[label].forgot for label in ("ga", "npo", "kl")] == [False, True, True]


def test_a_finalist_that_did_not_move_forgot_nothing_whatever_it_measures(sweep, scored):
    record = sweep(npo=seeds(scored, 1, knows=0.1))
    still = tuple(
        replace(each, result=replace(each.result, facts={"moved": 0.0}))
        for each in record.replicates
    )
    (final,) = finals_of(replace(record, replicates=still)).finals
    assert final.forgot is False
