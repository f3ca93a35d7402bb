"""When Tune starts trials, when it stops them, and what ends its run."""

from types import SimpleNamespace

import pytest
from ray.tune.utils.object_cache import _ObjectCache

from cluster.connection_watch import ClusterLost
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.running.scheduler import QueueScheduler
from orchestrator.running.searcher import QueueSearcher
from orchestrator.running.trainable import JobTrainable
from tests.fixtures.tickets import List, ticket
from trainers.job import Beat, Report


class Failing:
    """A run that fails in a way nobody foresaw."""

    def advance(self) -> Report:
        raise OSError(28, "No space left on device")


class Warm:
    closed = False

    def close(self) -> None:
        self.closed = True


class Beating:
    """A run that has nothing to report yet."""

    paused = False

    def __init__(self, no_room: str = "") -> None:
        self.no_room = no_room

    def advance(self) -> Beat:
        return Beat(no_room=self.no_room)

    def pause(self) -> None:
        assert not self.paused
        self.paused = True


def test_a_trainable_that_is_stopped_has_its_job_saved_before_its_gang_ends() -> None:
    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = Beating(), Warm()
    assert trainable.step() == {"job_step": -1, "done": False}
    trainable.cleanup()
    assert trainable._run.paused
    assert trainable._warm.closed


def test_a_trainable_that_waits_for_room_says_so() -> None:
    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = Beating(no_room="full"), Warm()
    assert trainable.step() == {"job_step": -1, "done": False, "no_room": "full"}


def test_the_one_who_looks_on_hears_of_it_and_the_trial_goes_on() -> None:
    heard: list[object] = []
    monitor = SimpleNamespace(
        lacks_room=lambda *said: heard.append(said), under_way=lambda: heard.append("under way")
    )
    searcher = QueueSearcher(List(ticket("a")), lambda *_: None)
    searcher.suggest("t1")
    scheduler, trial = QueueScheduler(searcher, None, None, monitor), SimpleNamespace(trial_id="t1")
    assert scheduler.on_trial_result(None, trial, {"job_step": -1, "no_room": "full"}) == "CONTINUE"
    assert scheduler.on_trial_result(None, trial, {"job_step": -1}) == "CONTINUE"
    assert heard == ["under way", ("a", "full")]


def test_an_error_in_the_trainable_is_one_jobs_end_and_renews_the_gang() -> None:
    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = Failing(), Warm()
    result = trainable.step()
    assert result["done"]
    assert result["error"] == "OSError: [Errno 28] No space left on device"
    assert trainable._warm.closed


def test_a_pack_is_run_job_by_job_and_says_which_one_has_left_no_result(monkeypatch) -> None:
    begun = []

    def begin(ticket: SimpleNamespace, *_: object, secrets: frozenset[str]) -> SimpleNamespace:
        begun.append(ticket.job)
        return Failing() if ticket.job == "b" else SimpleNamespace(advance=lambda: "a result")

    monkeypatch.setattr("orchestrator.running.trainable.JobRun", begin)
    read = SimpleNamespace(model_validate_json=lambda text: text)
    monkeypatch.setattr("orchestrator.running.trainable.Ticket", read)
    trainable = JobTrainable.__new__(JobTrainable)
    trainable._warm, trainable._experience = Warm(), None
    trainable.reset_config({"ticket": ticket("a", following=(ticket("b"), ticket("c")))})
    assert trainable.step() == {"job_step": -1, "done": False, "ended": ""}
    assert "No space left" in trainable.step()["ended"]
    assert trainable.step() == {"job_step": -1, "done": True}
    assert begun == ["a", "b", "c"]


def test_no_secret_of_an_address_is_in_what_a_trainable_says_of_an_error() -> None:
    def fail() -> None:
        raise OSError("cannot read s3://me:hunter22@bucket/jobs")

    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = SimpleNamespace(advance=fail), Warm()
    assert trainable.step()["error"] == "OSError: cannot read s3://me:***@bucket/jobs"


def test_the_gang_ends_where_its_job_cannot_be_saved() -> None:
    def fail() -> None:
        raise OSError("stale file handle")

    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = SimpleNamespace(pause=fail), Warm()
    with pytest.raises(OSError, match="stale"):
        trainable.cleanup()
    assert trainable._warm.closed


@pytest.mark.parametrize(("has_room", "ended"), [(True, ["t2"]), (False, ["t1", "t2"])])
def test_once_nothing_may_start_what_has_not_begun_is_taken_back_and_what_finds_no_nodes(
    has_room, ended
) -> None:
    queue = List(ticket("a"), ticket("b"))
    searcher = QueueSearcher(queue, lambda *_: None)
    folders = []
    trials = [
        SimpleNamespace(trial_id=t, status=s, init_local_path=lambda t=t: folders.append(t))
        for t, s in STATES.items()
    ]
    for trial in trials:
        searcher.suggest(trial.trial_id)
    stopped = []
    tune = SimpleNamespace(
        get_live_trials=lambda: trials,
        get_trials=list,
        stop_trial=lambda trial: stopped.append(trial.trial_id),
    )
    capacity = SimpleNamespace(look=lambda: has_room)
    monitor = SimpleNamespace(look=lambda: True, paused=False)
    scheduler = QueueScheduler(searcher, capacity, Connection(), monitor)
    assert scheduler.choose_trial_to_run(tune) is None
    assert stopped == folders == ended
    assert queue.withdrawn == [JOBS[trial] for trial in ended]
    for trial in ended:
        searcher.on_trial_complete(trial)
    assert queue.told == []


def test_gangs_are_kept_while_the_queue_waits_for_what_runs() -> None:
    cache = _ObjectCache(may_keep_one=True)
    running = [SimpleNamespace(status="RUNNING", placement_group_factory="gang")] * 2
    tune = SimpleNamespace(
        _tune_controller=SimpleNamespace(_actor_cache=cache),
        get_live_trials=lambda: running,
        get_trials=list,
    )
    searcher = SimpleNamespace(waits=False, has_given_all=False)
    scheduler = QueueScheduler(searcher, SimpleNamespace(look=lambda: True), Connection(), None)
    scheduler.choose_trial_to_run(tune)
    assert cache.total_max_objects == 0
    searcher.waits = True
    scheduler.choose_trial_to_run(tune)
    assert all(cache.cache_object("gang", name) for name in ("first", "second"))
    assert list(cache.flush_cached_objects()) == []
    searcher.waits, searcher.has_given_all = False, True
    scheduler.choose_trial_to_run(tune)
    assert cache.total_max_objects == 0


class Connection:
    """Stands for the watch over a cluster of which `lost` says what is gone."""

    def __init__(self, lost: str = "", *, answers: bool = True) -> None:
        self.lost = lost
        self.answers = answers and not lost

    def check(self) -> None:
        if self.lost:
            raise ClusterLost(self.lost)


def test_a_lost_cluster_is_left_to_the_monitor_and_ends_the_run_without_one() -> None:
    heard: list[str] = []
    monitor = SimpleNamespace(lost=heard.append)
    for each in (monitor, None):
        scheduler = QueueScheduler(None, None, Connection("the head is gone"), each)
        with pytest.raises(ClusterLost, match="the head is gone"):
            scheduler.choose_trial_to_run(None)
    assert heard == ["the head is gone"]


@pytest.mark.parametrize("in_training", [True, False])
def test_a_run_that_is_left_waits_for_gangs_only_where_one_has_something_to_save(
    in_training,
) -> None:
    def leave() -> bool:
        raise OutOfRoom("full")

    searcher = QueueSearcher(List(ticket("a")), lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_result("t1", {"job_step": -1})
    if in_training:
        searcher.on_trial_result("t1", {"job_step": 1, "num_steps": 9, "loss": 0.5})
    capacity, monitor = SimpleNamespace(look=lambda: True), SimpleNamespace(look=leave)
    scheduler = QueueScheduler(searcher, capacity, Connection(), monitor)
    with pytest.raises(BaseException, match="full") as raised:
        scheduler.choose_trial_to_run(None)
    assert isinstance(raised.value, Exception) is in_training
    searcher.on_trial_complete("t1", {"done": True})
    assert not searcher.has_something_to_save


def test_where_nothing_runs_it_looks_on_all_the_same_and_leaves_at_once() -> None:
    looks = []

    def look() -> bool:
        looks.append(True)
        if len(looks) == 2:
            raise OutOfRoom("full")
        return True

    searcher = QueueSearcher(List(ticket("a"), waiting=2), lambda *_: None)
    scheduler = QueueScheduler(searcher, None, Connection(), SimpleNamespace(look=look))
    searcher.on_idle = scheduler.idle
    assert searcher.suggest("t1") is None
    with pytest.raises(BaseException, match="full") as raised:
        searcher.suggest("t1")
    assert not isinstance(raised.value, Exception), "Tune would wait"
    assert searcher.suggest("t1") == {"ticket": "<a>"}
    assert len(looks) == 2
    lost = QueueScheduler(searcher, None, Connection("the head is gone"), None)
    with pytest.raises(BaseException, match="the head is gone"):
        lost.idle()


def test_nodes_are_not_asked_for_where_nobody_answers_and_asking_would_not_end() -> None:
    asked: list[bool] = []
    capacity = SimpleNamespace(look=lambda: asked.append(True))
    tune = SimpleNamespace(get_trials=list)
    for answers in (False, True):
        connection = Connection(answers=answers)
        searcher = SimpleNamespace(waits=False)
        scheduler = QueueScheduler(searcher, capacity, connection, None)
        assert scheduler.choose_trial_to_run(tune) is None
        assert len(asked) == answers


STATES = {"t1": "RUNNING", "t2": "PENDING"}
JOBS = {"t1": "a", "t2": "b"}
