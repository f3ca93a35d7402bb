"""A checkpoint is there whole or not at all, and the latest one is taken."""

import resource
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from trainers import checkpoint
from trainers.checkpoint import Bookmark, Tensors, newest, read_bookmark, write
from trainers.job import Report

MARK = Bookmark(
    step=7,
    train_s=1.5,
    recent=[0.1 + 0.2, float("nan")],
    reports=[Report(5, 9, {"loss": 1 / 3, "lr": 1e-4})],
)


def tensors() -> dict[str, Tensor]:
    return {
        "weight/a": torch.rand(3, 4),
        "step/a": torch.tensor(7.0),
        "random/0/cpu": torch.get_rng_state(),
    }


def test_what_was_written_is_read_bit_by_bit(tmp_path: Path) -> None:
    written = tensors()
    assert write(tmp_path, MARK, written.items()) == ""
    found = newest(tmp_path)
    assert found == tmp_path / "step-7"
    read = Tensors(found)
    assert set(read) == set(written)
    assert all(torch.equal(read[name], written[name]) for name in written)
    mark = read_bookmark(found)
    assert (mark.step, mark.train_s, mark.reports) == (7, 1.5, MARK.reports)
    assert mark.recent[0] == MARK.recent[0]
    assert mark.recent[1] != mark.recent[1]


def test_tensors_are_written_in_parts_and_found_in_all_of_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoint, "PART_BYTES", 40)
    written = {f"weight/{i}": torch.full((5,), float(i)) for i in range(5)}
    write(tmp_path, MARK, written.items())
    assert len(list((tmp_path / "step-7").glob("part-*"))) == 3
    read = Tensors(tmp_path / "step-7")
    assert all(torch.equal(read[name], written[name]) for name in written)


def test_a_later_checkpoint_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for step in (7, 12):
        write(tmp_path, Bookmark(step=step), tensors().items())
    assert [path.name for path in tmp_path.iterdir()] == ["step-12"]


def test_the_same_step_again_keeps_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, MARK, tensors().items())
    before = Tensors(tmp_path / "step-7")["weight/a"]
    assert write(tmp_path, MARK, tensors().items()) == ""
    assert torch.equal(Tensors(tmp_path / "step-7")["weight/a"], before)
    assert [path.name for path in tmp_path.iterdir()] == ["step-7"]


def test_what_was_cut_short_is_never_taken_and_goes_with_the_next(tmp_path: Path) -> None:
    write(tmp_path, MARK, tensors().items())
    cut = tmp_path / ".writing-0"
    cut.mkdir()
    (cut / "part-00000.safetensors").write_bytes(b"half")
    (tmp_path / "step-9").mkdir()
    assert newest(tmp_path) == tmp_path / "step-7"
    write(tmp_path, Bookmark(step=10), tensors().items())
    assert [path.name for path in tmp_path.iterdir()] == ["step-10"]


def test_nothing_is_found_where_nothing_was_written(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere") is None


def test_a_disk_that_takes_no_more_is_a_complaint_and_leaves_the_earlier_checkpoint(
    tmp_path: Path, monkeypatch
) -> None:
    write(tmp_path, MARK, tensors().items())
    monkeypatch.setattr(checkpoint, "PART_BYTES", 1)
    read_to = []

    def named() -> Iterator[tuple[str, Tensor]]:
        for name in ("weight/a", "weight/b"):
            read_to.append(name)
            yield name, torch.zeros(1024)

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        complaint = write(tmp_path, Bookmark(step=8), named())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "File too large" in complaint
    assert len(read_to) == 2, "other ranks would wait for the rest"
    assert [path.name for path in tmp_path.iterdir()] == ["step-7"]
