"""Whether a file is still the one that was read."""

import os

from orchestrator.storage.file_stamp import stamp_of


def test_a_stamp_changes_with_content_time_and_file_and_with_nothing_else(tmp_path) -> None:
    file = tmp_path / "file"
    assert stamp_of(file) is None
    file.write_text("one")
    first = stamp_of(file)
    assert first == stamp_of(file)
    os.utime(file, ns=(1, 1))
    later = stamp_of(file)
    file.write_text("longer")
    os.utime(file, ns=(1, 1))
    longer = stamp_of(file)
    other = tmp_path / "other"
    other.write_text("longer")
    os.utime(other, ns=(1, 1))
    other.replace(file)
    assert len({first, later, longer, stamp_of(file)}) == 4
