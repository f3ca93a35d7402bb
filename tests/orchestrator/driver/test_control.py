"""What people ask of a sweep that runs is done once, and holds however often it is killed."""

import pytest

from orchestrator.config.commands import command_of
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits.usage import read_usage
from orchestrator.storage.commands import Verb, append_command
from orchestrator.storage.files import CONTROL_FILE
from tests.orchestrator.driver.conftest import FakeSweep
from trainers.job import Phase


def ask(sweep: FakeSweep, config: SweepConfig, words: str) -> None:
    """Asks for something, and has it obeyed as Tune would: what has not begun is taken back."""
    append_command(sweep.storage.sweep_folder(config.name), command_of(words.split(), config))
    for _ in range(2):
        sweep.control.look()


def said(sweep: FakeSweep) -> list[str]:
    return [each.said for each in sweep.told.steered]


def finalists(config: SweepConfig) -> SweepConfig:
    settings = type(config).model_fields["finalists"].annotation.__args__[0](seeds=1)
    return config.model_copy(update={"finalists": settings})


def test_a_method_that_is_stopped_asks_for_no_more_and_what_runs_counts(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    running = sweep.queue.next()
    ask(sweep, config, "stop ga")
    assert said(sweep) == ["ga is stopped after 1 of 3 trials"]
    sweep.run(running)
    sweep.run_all()
    assert sweep.trials == [("ga", 0), *(("npo", n) for n in range(3))]
    assert sweep.queue.complete


def test_a_method_that_was_stopped_has_its_finalist(begin, config, benchmark) -> None:
    config = finalists(config)
    sweep = begin(config, benchmark).past_baselines()
    for _ in range(2):
        sweep.run(sweep.queue.next())
    ask(sweep, config, "stop ga")
    rest = sweep.run_all()
    finals = [t.job.method.name for t in rest if t.job.method and t.job.seed != config.seed]
    assert sorted(finals) == ["ga", "npo"]


def test_what_was_cut_off_when_its_method_was_stopped_runs_again_and_nothing_more(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    cut_off = sweep.queue.next().job
    ask(sweep, config, "stop ga")
    again = begin(config, benchmark)
    tickets = again.run_all()
    assert tickets[0].job == cut_off
    assert sum(ticket.job.method.name == "ga" for ticket in tickets) == 1
    assert again.told.steered == [], "it is obeyed once"
    assert begin(config, benchmark).run_all() == []


def test_a_trial_that_has_not_begun_when_its_method_is_stopped_never_does(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    waiting = sweep.queue.next()
    folder = sweep.storage.sweep_folder(config.name)
    append_command(folder, command_of(["stop", "ga"], config))
    assert sweep.control.look(), "Tune is to give back what it has not begun"
    sweep.queue.withdraw(waiting.job)
    assert not sweep.control.look()
    assert said(sweep) == ["ga is stopped after 0 of 3 trials"]
    sweep.run_all()
    again = begin(config, benchmark)
    again.run_all()
    assert {label for label, _ in sweep.trials} == {label for label, _ in again.trials} == {"npo"}


def test_a_pause_gives_out_nothing_and_lasts_until_it_is_ended(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark).past_baselines()
    running = sweep.queue.next()
    ask(sweep, config, "pause")
    assert sweep.control.look()
    assert sweep.queue.next() is None
    sweep.run(running)
    assert sweep.queue.next() is None
    assert not sweep.queue.finished
    again = begin(config, benchmark)
    assert again.queue.next() is None
    ask(again, config, "resume")
    assert not again.control.look()
    again.run_all()
    assert again.queue.complete
    assert len(again.trials) == 6


def test_baselines_can_be_paused_too_and_the_search_waits_for_them(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark)
    ask(sweep, config, "stop ga")
    ask(sweep, config, "pause")
    assert sweep.queue.next() is None
    assert said(sweep) == ["paused: what runs comes to its end, nothing new starts"]
    ask(sweep, config, "resume")
    sweep.run_all()
    assert said(sweep)[-1] == "ga is stopped after 0 of 3 trials"
    assert {label for label, _ in sweep.trials} == {"npo"}


def test_an_added_trial_is_the_next_of_its_method_and_takes_a_place_in_its_budget(
    begin, config, benchmark, tmp_path
) -> None:
    plain = begin(config.model_copy(update={"storage": tmp_path / "plain"}), benchmark)
    usual = [t.job.training.lr for t in plain.run_all() if t.job.phase == Phase.TRIAL]
    sweep = begin(config, benchmark).past_baselines()
    first = sweep.queue.next()
    ask(sweep, config, "add ga lr=2e-4 l1=0.01")
    sweep.run(first)
    tickets = sweep.run_all()
    own = [t.job.training for t in [first, *tickets] if t.job.method.name == "ga"]
    assert (own[1].lr, own[1].l1) == (2e-4, 0.01)
    assert len(own) == 3
    ga = usual[::2]
    assert [own[0].lr, own[2].lr] == ga[:2], "the search goes on as if it had not been there"
    usage = read_usage(sweep.storage.sweep_folder(config.name), config.budget)
    assert usage.steering.is_added("ga", 1)
    assert not usage.steering.is_added("ga", 0)
    assert usage.steering.trials("ga", 3) == 3


def test_what_is_added_to_a_spent_budget_is_one_more_and_the_rest_is_the_samplers(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    for _ in range(6):
        last = sweep.queue.next()
        if len(sweep.trials) < 5:
            sweep.run(last)
    ask(sweep, config, "add ga lr=3e-4")
    sweep.run(last)
    (ticket,) = sweep.run_all()
    assert ticket.job.training.lr == 3e-4
    assert ticket.job.training.l1 > 0
    assert sweep.ledger.steering.trials("ga", 3) == 4
    assert sweep.queue.complete


def test_a_kill_between_study_and_ledger_adds_nothing_twice(begin, config, benchmark) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    sweep = begin(config, benchmark).past_baselines()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sweep.ledger, "steer", kill)
        with pytest.raises(Killed):
            ask(sweep, config, "add ga lr=2e-4 l1=0.01")
    again = begin(config, benchmark)
    tickets = again.run_all()
    assert said(again) == ["trial 0 of ga was added (lr 0.0002, l1 0.01)"]
    assert [t.job.training.lr for t in tickets].count(2e-4) == 1
    assert len(tickets) == 6


def test_another_number_of_trials_holds_whatever_the_config_says_later(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    ask(sweep, config, "trials ga 5")
    ask(sweep, config, "trials npo 1")
    sweep.run_all()
    counts = {label: sum(each == label for each, _ in sweep.trials) for label in ("ga", "npo")}
    assert counts == {"ga": 5, "npo": 1}
    more = config.search.model_copy(update={"trials": 4})
    assert begin(config.model_copy(update={"search": more}), benchmark).run_all() == []


def test_fewer_trials_than_have_begun_are_as_many_as_have(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark).past_baselines()
    for _ in range(3):
        sweep.run(sweep.queue.next())
    ask(sweep, config, "trials ga 1")
    assert said(sweep) == ["ga has 2 instead of 3 trials"]


def test_a_search_that_is_finished_goes_on_to_the_finalists(begin, config, benchmark) -> None:
    config = finalists(config)
    sweep = begin(config, benchmark).past_baselines()
    for _ in range(3):
        sweep.run(sweep.queue.next())
    ask(sweep, config, "finish")
    assert said(sweep)[:2] == ["ga ends after 2 of 3 trials", "npo ends after 1 of 3 trials"]
    rest = sweep.run_all()
    assert all(ticket.job.seed != config.seed for ticket in rest)
    assert sweep.queue.complete
    ask(sweep, config, "stop ga")
    assert said(sweep)[-1].startswith("stop was not done: the search is over")
    assert begin(config, benchmark).run_all() == []


def test_a_sweep_that_is_over_goes_on_with_what_was_asked_of_it_since(
    begin, config, benchmark
) -> None:
    config = finalists(config)
    sweep = begin(config, benchmark).past_baselines()
    ask(sweep, config, "stop ga")
    sweep.run_all()
    folder = sweep.storage.sweep_folder(config.name)
    append_command(folder, command_of(["trials", "ga", "2"], config))
    again = begin(config, benchmark)
    tickets = again.run_all()
    assert [t.job.seed == config.seed for t in tickets] == [True, True, False]
    assert again.queue.complete


def test_a_trial_may_be_added_while_the_last_ones_run(begin, config, benchmark) -> None:
    sweep = begin(config, benchmark).past_baselines()
    tickets = [sweep.queue.next() for _ in range(6)]
    assert sweep.queue.next() is None
    assert sweep.queue.finished
    ask(sweep, config, "add npo lr=2e-4 l1=0.02")
    assert not sweep.queue.finished
    added = sweep.queue.next()
    assert added.job.training.lr == 2e-4
    for ticket in [*tickets, added]:
        sweep.run(ticket)
    assert sweep.queue.complete


def test_what_nobody_could_have_meant_is_refused_in_the_ledger_and_harms_nothing(
    begin, config, benchmark
) -> None:
    sweep = begin(config, benchmark).past_baselines()
    folder = sweep.storage.sweep_folder(config.name)
    good = command_of(["stop", "ga"], config)
    wrong = (
        {"label": "other"},
        {"verb": Verb.ADD, "params": {"lr": 7.0}},
        {"verb": Verb.TRIALS},
        {"sweep": "another"},
    )
    for number, changes in enumerate(wrong):
        append_command(folder, good.model_copy(update={"id": f"{number:032}", **changes}))
    with (folder / CONTROL_FILE).open("ab") as file:
        file.write(b'\xff\x00nonsense\n{"id": "half')
    for _ in range(2):
        sweep.control.look()
    assert [bool(each.refused) for each in sweep.told.steered] == [True] * 3
    append_command(folder, good)
    for _ in range(2):
        sweep.control.look()
    assert said(sweep)[-1] == "ga is stopped after 0 of 3 trials"


@pytest.mark.parametrize("words", ["resume", "stop ga"])
def test_what_is_so_already_is_said_and_nothing_changes(begin, config, benchmark, words) -> None:
    sweep = begin(config, benchmark).past_baselines()
    if words == "stop ga":
        ask(sweep, config, words)
    ask(sweep, config, words)
    assert sweep.told.steered[-1].refused
    assert len(sweep.told.steered) == 1 + (words == "stop ga")
