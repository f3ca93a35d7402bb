import subprocess
import sys
from pathlib import Path

import pytest
import torch

from trainers.in_step import finished
from trainers.multimodal.feature_file import Layout, stored_features

COUNTS = (2, 0, 3)
ROWS = [torch.full((count, 4), float(number)) for number, count in enumerate(COUNTS)]


def made_at_once(maker, layout, **place):
    return finished(stored_features(maker, layout, **place))


class Maker:
    """Makes the rows, and counts how often."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        self.layout = Layout(COUNTS, 4, dtype)
        self.times = 0

    def __call__(self):
        self.times += 1
        return (rows.to(self.layout.dtype) for rows in ROWS)


def equal(found, dtype=torch.float32) -> bool:
    return all(torch.equal(found.of(n), rows.to(dtype)) for n, rows in enumerate(ROWS))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_features_are_made_once_and_mapped_from_then_on(tmp_path: Path, dtype):
    maker = Maker(dtype)
    for _ in range(2):
        assert equal(made_at_once(maker, maker.layout, key="k", folder=tmp_path), dtype)
    assert maker.times == 1
    assert made_at_once(maker, maker.layout, key="other", folder=tmp_path)
    assert maker.times == 2
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, harm):
    maker = Maker()
    made_at_once(maker, maker.layout, key="k", folder=tmp_path)
    file = tmp_path / "k.features"
    content = file.read_bytes()
    file.write_bytes(content[:-1] if harm == "cut" else b"\x01" + content[1:])
    assert equal(made_at_once(maker, maker.layout, key="k", folder=tmp_path))
    assert maker.times == 2
    assert file.read_bytes() == content


def test_where_nothing_can_be_written_features_stay_in_memory(tmp_path: Path):
    (tmp_path / "file").write_text("in the folder's place")
    for folder in (None, tmp_path / "file"):
        maker = Maker()
        assert equal(made_at_once(maker, maker.layout, key="k", folder=folder))
        assert maker.times == 1


def test_what_fails_while_it_is_made_leaves_no_file(tmp_path: Path):
    def failing():
        yield ROWS[0]
        raise RuntimeError("the tower fell")

    with pytest.raises(RuntimeError, match="the tower fell"):
        made_at_once(failing, Maker().layout, key="k", folder=tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"k.lock"}


def test_a_second_process_waits_for_the_first_and_makes_nothing(tmp_path: Path):
    code = (
        "import fcntl, sys, time\n"
        f"lock = open({str(tmp_path / 'k.lock')!r}, 'w')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    maker = Maker()
    made = Maker()
    made_at_once(made, made.layout, key="other", folder=tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        waiting = stored_features(maker, maker.layout, key="k", folder=tmp_path)
        next(waiting)  # says that it lives
        (tmp_path / "other.features").rename(tmp_path / "k.features")
        other.stdin.write("\n")
        other.stdin.close()
        assert equal(finished(waiting))
    assert maker.times == 0


@pytest.mark.parametrize("kept", [True, False])
def test_it_gives_signs_of_life_picture_by_picture(tmp_path: Path, kept):
    maker = Maker()
    making = stored_features(maker, maker.layout, key="k", folder=tmp_path if kept else None)
    assert len(list(making)) == len(COUNTS)
