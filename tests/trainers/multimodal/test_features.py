"""A frozen tower looks at each picture once, whoever asks for it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from evals.errors import ConfigError
from evals.pictures.picture import Picture
from evals.suite import load_suite
from trainers.multimodal import features
from trainers.multimodal.features import Tower
from trainers.multimodal.loading import pictures_of
from trainers.multimodal.parts import part


def files(tmp_path: Path) -> list[str]:
    return sorted(file.name for file in (tmp_path / "cache" / "features").glob("*.features"))


@pytest.fixture
def looks(monkeypatch):
    """Counts how often a tower of CLIP is called."""
    from transformers import CLIPVisionModel

    calls = []
    forward = CLIPVisionModel.forward

    def counted(self, *args, **kwargs):
        calls.append(1)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(CLIPVisionModel, "forward", counted)
    return calls


def test_pictures_are_looked_at_once_for_training_evaluation_and_the_next_model(
    load, batch_of, looks, tmp_path
):
    first = load("llava")
    once = len(looks)
    assert len(files(tmp_path)) == 1
    with torch.no_grad():
        first.model(**batch_of(first).inputs)
    assert len(looks) == once
    again = load("llava")
    assert len(looks) - once <= 2  # whether the processor fits, and how wide features are
    assert files(tmp_path) == files(tmp_path)
    assert torch.equal(
        first.model(**batch_of(first).inputs).logits, again.model(**batch_of(again).inputs).logits
    )


def test_another_towers_features_are_others(load, folders, tmp_path, pictured):
    load("llava")
    loaded = load("llava", cache=None)
    with torch.no_grad():
        tower = part(loaded.model.network, loaded.model.parts.tower)
        next(tower.parameters()).add_(0.5)
    loaded.save(tmp_path / "changed")
    load("llava", path=str(tmp_path / "changed"))
    assert len(files(tmp_path)) == 2
    load("llava", path=str(tmp_path / "changed"), projector="trained", dtype="bf16")
    assert len(files(tmp_path)) == 3


def test_the_projector_is_no_part_of_what_is_kept(load, tmp_path):
    load("qwen2_vl")
    loaded = load("qwen2_vl", cache=None)
    with torch.no_grad():
        next(part(loaded.model.network, loaded.model.parts.projector).parameters()).add_(0.5)
    loaded.save(tmp_path / "changed")
    load("qwen2_vl", path=str(tmp_path / "changed"))
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("settings", [{"tower": "trained"}, {"cache": None}])
def test_nothing_is_kept_of_a_tower_that_trains_or_where_nobody_wants_it(load, tmp_path, settings):
    loaded = load("llava", **settings)
    assert loaded.model.features is None
    assert not (tmp_path / "cache").exists()


def test_a_projector_that_mixes_tokens_cannot_be_fed_with_what_is_kept(load, monkeypatch):
    from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

    forward = LlavaMultiModalProjector.forward
    monkeypatch.setattr(
        LlavaMultiModalProjector, "forward", lambda self, x: forward(self, x)[:, ::2]
    )
    with pytest.raises(ConfigError, match=r"model\.cache must be null"):
        load("llava")


def test_a_benchmark_without_pictures_is_answered_by_the_same_model(folders, pictured, tmp_path):
    from dataclasses import replace

    from trainers.models.vision_language import Config, Family

    words = tuple(each for each in pictured.splits["full"] if each.picture is None)
    splits = {"full": words, "forget": words[:1], "retain": words[1:], "holdout": ()}
    benchmark = replace(pictured, splits=splits, tasks=())
    config = Config(path=str(folders["llava"]), cache=str(tmp_path / "cache"))
    loaded = Family(config).load(benchmark=benchmark, checkpoint=None, seed=0).prepared()
    encoder = load_suite("multimodal").encoder(loaded.processor, max_length=64, key="key")
    rows = encoder.collate([encoder.answered(each) for each in words])
    assert loaded.model(**rows.inputs).logits.isfinite().all()


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_pictures_that_are_looked_at_together_look_as_they_do_alone(
    load, pictured, architecture, monkeypatch
):
    loaded = load(architecture, cache=None)
    network, parts = loaded.model.network, loaded.model.parts
    seen = pictures_of(pictured)
    seen[1] = Picture(np.tile(seen[1].pixels, (2, 1, 1)))  # of another size, where sizes may differ
    tower = Tower(network, parts, loaded.processor.pictures)
    together = list(tower.all_rows(seen))
    monkeypatch.setattr(features, "MOST_NUMBERS", 1)
    alone = list(tower.all_rows(seen))
    assert len(together) == len(alone) == len(seen) > 3
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


def test_a_tower_looks_at_many_pictures_at_once(load, looks, pictured):
    load("llava")
    assert len(looks) <= 4 < len(pictures_of(pictured))
