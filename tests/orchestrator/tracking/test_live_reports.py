from orchestrator.tracking.live_reports import LiveReports
from trainers.job import Report


def steps(live):
    return {said.job.hash: [point.step for point in said.points] for said in live.waiting()}


def test_what_was_written_goes_and_what_came_meanwhile_stays(entry):
    job, live = entry().result.job, LiveReports()
    live.add(job, Report(1, 3, {"loss": 1.0}))
    (said,) = live.waiting()
    live.add(job, Report(2, 3, {"loss": 0.5}))
    live.written(said)
    assert steps(live) == {job.hash: [2]}
    live.written(live.waiting()[0])
    assert steps(live) == {}


def test_a_job_that_has_ended_has_nothing_left_to_be_written(entry):
    job, other, live = entry().result.job, entry(lr=1e-3).result.job, LiveReports()
    live.add(job, Report(1, 3, {"loss": 1.0}))
    live.add(other, Report(1, 3, {"loss": 1.0}))
    (said, _) = live.waiting()
    live.drop(job.hash)
    live.written(said)
    assert steps(live) == {other.hash: [1]}


def test_a_report_with_nothing_that_can_be_written_is_not_kept(entry):
    live = LiveReports()
    live.add(entry().result.job, Report(1, 3, {"loss": float("inf")}))
    assert steps(live) == {}
