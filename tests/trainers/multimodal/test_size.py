"""What a plan says of a model is what the model has, keeps and takes."""

import pytest
import torch
from torch.profiler import profile
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

from tests.fixtures.allocations import allocated
from tests.fixtures.vision_language import ARCHITECTURES, save_vision_language
from trainers.adapters import add_adapter
from trainers.losses import labelled, mean_nll
from trainers.memory.activations import kept_bytes
from trainers.models.vision_language import Config, Family
from trainers.multimodal.network import VisionLanguageModel
from trainers.multimodal.parts import parts_of
from trainers.requirements import Requirements, Source
from trainers.settings import AdapterSettings
from trainers.views import StudentView

TOLERANCE = 0.15
GA = Requirements(frozenset({Source.FORGET}))
BOTH = frozenset({Source.FORGET, Source.RETAIN})
WHOLE = {"tower": "trained", "projector": "trained"}
LLAVA_1_5_7B = LlavaConfig(
    vision_config={
        "model_type": "clip_vision_model",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "image_size": 336,
        "patch_size": 14,
        "projection_dim": 768,
        "vocab_size": 32000,
    },
    text_config={"model_type": "llama", "vocab_size": 32064, "max_position_embeddings": 4096},
    image_token_id=32000,
)
QWEN2_VL_2B = Qwen2VLConfig(
    text_config={
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "rope_parameters": {
            "rope_type": "default",
            "mrope_section": [16, 24, 24],
            "rope_theta": 1e6,
        },
    },
    vision_config={"depth": 32, "embed_dim": 1280, "hidden_size": 1536, "num_heads": 16},
    tie_word_embeddings=True,
)


@pytest.fixture
def measure(folders, pictured, tmp_path):
    """Returns `measure(architecture, adapter, ...)`: the size of a saved model."""

    def said(architecture, adapter=None, **settings):
        given = {"path": str(folders[architecture]), "cache": str(tmp_path / "cache"), **settings}
        family = Family(Config(**given))
        skeleton = family.skeleton(benchmark=pictured, checkpoint=None)
        return family.measure(skeleton, adapter=adapter, bf16=False)

    return said


def saved_bytes(model, batch):
    """Returns the bytes that a forward pass leaves for the backward pass."""
    own = {v.untyped_storage()._cdata for v in [*model.parameters(), *model.buffers()]}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(**batch.inputs, use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
@pytest.mark.parametrize(
    ("adapter", "settings"),
    [
        (None, {}),
        (None, {**WHOLE, "cache": None}),
        (AdapterSettings(rank=2), {}),
        (AdapterSettings(rank=2), {"cache": None}),
    ],
    ids=["weights", "all weights", "adapter", "adapter, computed"],
)
def test_a_forward_pass_keeps_about_what_is_said(
    load, measure, batch_of, tmp_path, architecture, adapter, settings
):
    deep = save_vision_language(tmp_path / "deep", architecture, num_hidden_layers=8)
    settings = {"path": str(deep), **settings}
    loaded = load(architecture, **settings)
    batch = batch_of(loaded, slice(0, 3))  # two pictures, and a shorter row without
    model = loaded.model if adapter is None else add_adapter(loaded.model, adapter, seed=0)
    size = measure(architecture, adapter, **settings)
    text = size.decoder
    said = kept_bytes(text.decoder, text.mode, num_rows=3, length=batch.attended_BT.shape[1])
    if size.trains:
        said += int(2 * size.tower.of(size.pictures.most_tokens) * size.tower.kept_bytes)
    assert said == pytest.approx(saved_bytes(model.train(), batch), rel=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_a_step_takes_about_what_is_said(load, measure, batch_of, tmp_path, architecture):
    """Of two rows with a picture and a shorter one without, which are not read in one pass."""
    wide = save_vision_language(tmp_path / "wide", architecture, num_hidden_layers=8)
    loaded = load(architecture, path=str(wide))
    both = [batch_of(loaded, slice(0, 3)), batch_of(loaded, slice(0, 3))]
    model = add_adapter(loaded.model, AdapterSettings(rank=2), seed=0).train()
    student = StudentView(model, loaded.arguments).over(both)
    with profile(profile_memory=True) as profiled:
        sum(mean_nll(student.answer_logits(batch), batch) for batch in both).backward()
    peak = max(total for _, total in allocated(profiled))
    size = measure(architecture, AdapterSettings(rank=2), path=str(wide))
    said = size.training_bytes(
        Requirements(BOTH, together=BOTH),
        num_rows=3,
        length=both[0].attended_BT.shape[1] - size.pictures.most_tokens,
        num_labels=int(labelled(both[0]).sum(1).max()),
    )
    assert said == pytest.approx(peak, rel=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_are_those_of_the_loaded_model(load, measure, architecture):
    for adapter in (None, AdapterSettings(rank=2)):
        model = load(architecture).model
        model = model if adapter is None else add_adapter(model, adapter, seed=0)
        weights = measure(architecture, adapter).weights
        sizes = [(value.numel(), value.requires_grad) for value in model.parameters()]
        assert weights.total == sum(size for size, _ in sizes)
        assert weights.trained == sum(size for size, trains in sizes if trains)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_cache_takes_what_is_said(load, measure, tmp_path, architecture):
    load(architecture)
    (file,) = (tmp_path / "cache" / "features").glob("*.features")
    assert measure(architecture).cache_bytes == file.stat().st_size - 32
    assert measure(architecture, cache=None).cache_bytes == 0
    assert measure(architecture, tower="trained").cache_bytes == 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_tower_in_every_step_takes_more_and_one_that_trains_most(measure, architecture):
    kept, computed, trained = (
        measure(architecture, **settings) for settings in ({}, {"cache": None}, WHOLE)
    )
    work = [
        size.training_flops(GA, num_rows=4, length=20.0, on_gpu=False)
        for size in (kept, computed, trained)
    ]
    held = [
        size.training_bytes(GA, num_rows=4, length=20, num_labels=8)
        for size in (kept, computed, trained)
    ]
    assert work[0] < work[1] < work[2]
    assert held[0] < held[1] < held[2]
    scored = [
        size.forward_flops(num_passes=3.0, num_rows=4, length=20.0, on_gpu=False)
        for size in (kept, computed)
    ]
    assert scored[0] < scored[1]
    assert kept.evaluation_bytes(
        num_rows=4, length=20, num_labels=8, num_generated=9
    ) < computed.evaluation_bytes(num_rows=4, length=20, num_labels=8, num_generated=9)


@pytest.mark.parametrize(
    ("kind", "config", "count"),
    [
        (LlavaForConditionalGeneration, LLAVA_1_5_7B, 7_063_427_072),
        (Qwen2VLForConditionalGeneration, QWEN2_VL_2B, 2_208_985_600),
    ],
)
def test_published_models_have_their_published_numbers_of_parameters(kind, config, count):
    with torch.device("meta"):
        network = kind(config)
    model = VisionLanguageModel(network, parts_of(network, path="it"), trained=["language_model"])
    assert sum(value.numel() for value in model.parameters()) == count
    layers = model.linear_layers()
    assert len(layers) == 7 * config.get_text_config().num_hidden_layers
    assert all(".language_model.layers." in name for name in layers)
