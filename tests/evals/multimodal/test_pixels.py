import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from evals.errors import ConfigError
from evals.multimodal import pixels
from evals.multimodal.pixels import Pixels
from evals.pictures.picture import Picture


def picture(height: int, width: int, value: int = 0) -> Picture:
    return Picture(np.full((height, width, 3), value, dtype=np.uint8))


@pytest.fixture
def square() -> Pixels:
    size = {"height": 32, "width": 32}
    processor = CLIPImageProcessorPil(size=size, crop_size=size)
    return Pixels(processor, image_token_id=3, tokens_each=4)


@pytest.fixture
def gridded() -> Pixels:
    limits = {"shortest_edge": 32 * 32, "longest_edge": 96 * 96}
    processor = Qwen2VLImageProcessorPil(size=limits, patch_size=8)
    return Pixels(processor, image_token_id=3, tokens_each=0, merge_size=2)


def test_pictures_of_one_size_have_the_same_tokens_and_zeros_stand_for_none(square):
    seen, inputs = picture(50, 40, 90), None
    assert square.num_tokens(seen) == 4
    inputs = square.inputs([None, seen])
    assert inputs["has_picture"].tolist() == [False, True]
    assert inputs["pixel_values"].shape == (2, 3, 32, 32)
    assert not inputs["pixel_values"][0].any()
    assert torch.equal(inputs["pixel_values"][1], square.processed(seen).values)
    assert "image_grid_thw" not in inputs


def test_pictures_of_any_size_keep_their_grids_behind_each_other(gridded):
    small, large = picture(32, 32, 9), picture(96, 48, 200)
    assert [gridded.num_tokens(each) for each in (small, large)] == [4, 18]
    inputs = gridded.inputs([small, None, large])
    assert inputs["image_grid_thw"].tolist() == [[1, 4, 4], [0, 0, 0], [1, 12, 6]]
    assert inputs["pixel_values"].shape[:2] == (3, 72)
    assert not inputs["pixel_values"][0, 16:].any()
    assert torch.equal(inputs["pixel_values"][2], gridded.processed(large).values)


def test_a_batch_without_a_picture_has_room_for_a_blank_one(square, gridded):
    assert square.inputs([None])["pixel_values"].shape == (1, 3, 32, 32)
    assert gridded.inputs([None])["pixel_values"].shape[1] >= 4


def test_only_so_many_processed_pictures_are_kept(square, monkeypatch):
    pictures = [picture(32, 32, value) for value in range(3)]
    each = square.processed(pictures[0]).values.nbytes
    monkeypatch.setattr(pixels, "KEPT_BYTES", 2 * each)
    first = square.processed(pictures[0])
    square.processed(pictures[1])
    assert square.processed(pictures[0]) is first
    square.processed(pictures[2])
    assert square.processed(pictures[0]) is first
    assert square.processed(picture(32, 32, 1)) is not None


def test_a_picture_that_the_processor_refuses_is_named(gridded):
    with pytest.raises(ConfigError, match="one of 4 x 900 pixels .*aspect ratio"):
        gridded.num_tokens(picture(900, 4))
