"""What ranks leave behind waits for room, and every rank waits with it."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from trainers.distributed import Place
from trainers.job import Beat
from trainers.saving import written

WEIGHTS = {"a": torch.arange(50_000, dtype=torch.float32)}


def saved_in(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    save_file(WEIGHTS, folder / "weights.safetensors")


def test_where_there_is_room_it_is_written_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    assert list(written(lambda: saved_in(folder), folder, Place())) == []
    assert torch.equal(load_file(folder / "weights.safetensors")["a"], WEIGHTS["a"])


def test_without_room_each_try_is_a_beat_and_leaves_nothing_in_the_way(small_disk) -> None:
    folder = small_disk.folder / "adapter"
    small_disk.fill(but=20 * 4096)
    saving = written(lambda: saved_in(folder), folder, Place())
    for _ in range(3):
        beat = next(saving)
        assert isinstance(beat, Beat)
        assert "os error 28" in beat.no_room
        assert not folder.exists()
    small_disk.empty()
    assert list(saving) == []
    assert torch.equal(load_file(folder / "weights.safetensors")["a"], WEIGHTS["a"])


def test_any_other_error_is_raised(tmp_path: Path) -> None:
    def broken() -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        list(written(broken, tmp_path / "adapter", Place()))


@pytest.mark.dist
def test_all_ranks_wait_for_the_one_that_writes(on_ranks) -> None:
    found = on_ranks(Path(__file__).with_name("saving_study.py"), 2)
    assert found == [{"beats": 3, "wrote": 4}, {"beats": 3, "wrote": 0}]
