"""What running jobs have said is there for those who look on, and no harm where it is not."""

from orchestrator.storage.files import LIVE_FILE
from orchestrator.storage.live_file import LiveJob, read_live, remove_live, write_live


def test_what_was_written_is_read_and_goes(tmp_path) -> None:
    assert read_live(tmp_path) == {}
    jobs = {"a": LiveJob(3, 9, [(1, 2.0), (3, 1.5)])}
    write_live(tmp_path, jobs)
    assert read_live(tmp_path) == jobs
    remove_live(tmp_path)
    remove_live(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_or_written_is_as_good_as_not_there(tmp_path) -> None:
    write_live(tmp_path / "none", {})
    for text in ('{"a": {"step"', "[]", '{"a": 1}', "\x00"):
        (tmp_path / LIVE_FILE).write_text(text)
        assert read_live(tmp_path) == {}
