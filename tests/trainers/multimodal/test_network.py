"""Pictures in a batch: they agree with image tokens, and no row changes another's likelihood."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText

from evals.suite import load_suite
from tests.fixtures.vision_language import ARCHITECTURES
from trainers import losses
from trainers.adapters import add_adapter, trainable
from trainers.batch import single
from trainers.distributed import Place
from trainers.method import Step
from trainers.methods import dpo
from trainers.requirements import Source
from trainers.settings import AdapterSettings
from trainers.views import ReferenceView, StudentView

STUDY = Path(__file__).with_name("ranks_study.py")
ALL = pytest.mark.parametrize("architecture", ARCHITECTURES)
CACHES = pytest.mark.parametrize("cached", [{}, {"cache": None}], ids=["cached", "computed"])


def nll_of(loaded, batch):
    with torch.no_grad():
        logits_NV = StudentView(loaded.model, loaded.arguments).answer_logits(batch)
    return losses.sequence_nll(logits_NV, batch)


def gradients(loaded, batch):
    model = loaded.model.train()
    model.zero_grad()
    loss = losses.mean_nll(StudentView(model, loaded.arguments).answer_logits(batch), batch)
    loss.backward()
    found = {name: value.grad for name, value in trainable(model)}
    model.eval()
    return loss.item(), found


@ALL
@CACHES
def test_a_rows_likelihood_does_not_depend_on_its_neighbours(load, batch_of, architecture, cached):
    loaded = load(architecture, **cached)
    together = nll_of(loaded, batch_of(loaded))
    alone = [nll_of(loaded, batch_of(loaded, slice(i, i + 1))) for i in range(len(together))]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4, rtol=1e-5)


@ALL
def test_the_picture_decides_what_is_said(load, batch_of, architecture):
    loaded = load(architecture)
    batch = batch_of(loaded, slice(0, 2))
    turned = {**batch.inputs, "picture_index": batch.inputs["picture_index"].flip(0)}
    swapped = replace(batch, inputs=turned)
    assert not torch.allclose(nll_of(loaded, batch), nll_of(loaded, swapped), atol=1e-3)


@ALL
def test_kept_features_give_the_same_loss_and_gradients_as_the_tower(load, batch_of, architecture):
    for projector in ("frozen", "trained"):
        kept = load(architecture, projector=projector)
        plain = load(architecture, projector=projector, cache=None)
        assert "picture_index" in batch_of(kept).inputs
        assert "pixel_values" in batch_of(plain).inputs
        one, found = gradients(kept, batch_of(kept))
        other, expected = gradients(plain, batch_of(plain))
        assert one == pytest.approx(other, abs=1e-6)
        assert found.keys() == expected.keys()
        assert any("projector" in name or "merger" in name for name in found) == (
            projector == "trained"
        )
        for name, value in expected.items():
            assert torch.allclose(found[name], value, atol=1e-6), name


@ALL
@CACHES
def test_image_tokens_without_their_picture_are_an_error_of_ours(
    load, batch_of, architecture, cached
):
    loaded = load(architecture, **cached)
    batch = batch_of(loaded, slice(0, 3))
    key = "has_picture" if cached else "picture_index"
    none = torch.zeros(3, dtype=torch.bool) if cached else torch.full((3,), -1)
    blind = replace(batch, inputs={**batch.inputs, key: none})
    with pytest.raises(AssertionError, match="image tokens"):
        nll_of(loaded, blind)
    shifted = replace(batch, inputs={**batch.inputs, key: batch.inputs[key].roll(1, 0)})
    with pytest.raises(AssertionError, match="image tokens"):
        nll_of(loaded, shifted)


@ALL
@CACHES
def test_a_batch_without_a_picture_still_has_gradients_for_all_that_trains(
    load, batch_of, architecture, cached
):
    loaded = load(architecture, projector="trained", tower="trained" if cached else "frozen")
    words = batch_of(loaded, slice(2, 3))
    _, seen = gradients(loaded, batch_of(loaded))
    _, found = gradients(loaded, words)
    trains = [name for name, value in seen.items() if value is not None]
    seeing = [name for name in trains if "language_model" not in name and "lm_head" not in name]
    assert seeing
    assert all(found[name] is not None for name in trains)
    assert not any(bool(found[name].any()) for name in seeing)
    plain = nll_of(loaded, words)
    frozen = load(architecture)
    assert torch.equal(plain, nll_of(frozen, batch_of(frozen, slice(2, 3))))


@ALL
@pytest.mark.parametrize(
    ("states", "adapted"),
    [
        ({}, {"language_model"}),
        ({"projector": "trained"}, {"language_model", "projector"}),
        ({"language_model": "frozen", "projector": "trained"}, {"projector"}),
        (
            {"tower": "trained", "projector": "trained"},
            {"language_model", "projector", "tower"},
        ),
    ],
)
def test_an_adapter_is_put_on_the_parts_that_train(load, architecture, states, adapted):
    loaded = load(architecture, **states)
    model = add_adapter(loaded.model, AdapterSettings(rank=2), seed=0)
    found = set()
    for name, _ in trainable(model):
        inside = name.partition("network.model.")[2]
        assert inside, f"{name} is outside of the three parts"
        projector, tower = loaded.model.parts.projector, loaded.model.parts.tower
        part = "projector" if inside.startswith(projector) else "language_model"
        found.add("tower" if inside.startswith(tower) and part != "projector" else part)
    assert found == adapted


def test_names_of_an_adapter_stand_for_layers_of_parts_that_train_alone(load):
    loaded = load("llava")
    settings = AdapterSettings(rank=2, target_modules=("q_proj",))
    names = [name for name, _ in trainable(add_adapter(loaded.model, settings, seed=0))]
    assert len(names) == 4  # two layers, two factors; the tower has a q_proj, too
    assert all("language_model" in name for name in names)


@ALL
def test_a_reference_is_asked_by_row_whatever_pictures_there_are(load, batch_of, architecture):
    loaded = load(architecture)
    model = add_adapter(loaded.model, AdapterSettings(rank=2), seed=0)
    batch = batch_of(loaded)
    cache = {batch.ids[1]: 7.0, batch.ids[4]: 8.0}
    reference = ReferenceView(model, loaded.arguments, cache=cache, place=Place())
    found = reference.sequence_nll(batch)
    assert found[[1, 4]].tolist() == [7.0, 8.0]
    others = [row for row in range(len(batch.ids)) if row not in (1, 4)]
    assert torch.allclose(found[others], nll_of(loaded, batch)[others], atol=1e-4)


@ALL
def test_hidden_states_are_those_of_the_language_model(load, batch_of, architecture):
    loaded = load(architecture)
    batch = batch_of(loaded)
    hidden = StudentView(loaded.model, loaded.arguments).hidden(batch, 1)
    assert hidden.shape == (*batch.attended_BT.shape, 24)
    assert len(loaded.arguments.layers(loaded.model)) == 2


@ALL
@CACHES
def test_gradient_checkpointing_gives_the_same_gradients(load, batch_of, architecture, cached):
    found = []
    for checkpointing in (False, True):
        loaded = load(architecture, gradient_checkpointing=checkpointing, **cached)
        add_adapter(loaded.model, AdapterSettings(rank=2), seed=0)
        found.append(gradients(loaded, batch_of(loaded)))
    (loss, plain), (same_loss, checkpointed) = found
    assert loss == pytest.approx(same_loss, abs=1e-6)
    assert any(bool(value.any()) for value in plain.values())
    for name, value in plain.items():
        assert torch.allclose(checkpointed[name], value, atol=1e-6), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pictures_take_the_dtype_of_the_tower(load, batch_of, dtype):
    loaded = load("qwen2_vl", cache=None, dtype="fp32" if dtype == torch.float32 else "bf16")
    assert next(loaded.model.parameters()).dtype == dtype
    assert loaded.model(**batch_of(loaded).inputs).logits.isfinite().all()


@pytest.mark.dist
@pytest.mark.slow
def test_a_rank_without_a_picture_learns_what_one_rank_learns_of_all(one_rank, two_ranks):
    for found in two_ranks:
        assert {stage for _, _, stage in found} == {0, 2, 3}
        for (architecture, mode, stage), together in found.items():
            alone = one_rank[architecture, mode, 0]
            said = f"{architecture} with {mode} at ZeRO {stage}"
            assert together["losses"] == pytest.approx(alone["losses"], rel=1e-5), said
            assert together["nlls"] == pytest.approx(alone["nlls"], rel=1e-3), said
    assert all(each["losses"][-1] < each["losses"][0] for each in one_rank.values())


def test_a_preference_is_over_two_answers_to_the_same_picture(load, folders, pictured):
    """Reference and student are called by hand: transformers' own, row by row, on its pixels."""
    loaded = load("llava", cache=None)
    model = add_adapter(loaded.model, AdapterSettings(rank=2), seed=0)
    with torch.no_grad():
        for name, value in trainable(model):
            value.add_(0.3 if "lora_B" in name else 0.0)
    encoder = load_suite("multimodal").encoder(loaded.processor, max_length=128, key="key")
    examples = [each for each in pictured.splits["forget"] if each.picture is not None]
    pairs = {
        Source.FORGET: [encoder.answered(each) for each in examples],
        Source.IDK: [encoder.refused(each, "I do not know.") for each in examples],
    }
    batches = {
        source: single(tuple(f"{source}-{each.id}" for each in examples), encoder.collate(rows))
        for source, rows in pairs.items()
    }
    views = (StudentView(model, loaded.arguments), ReferenceView(model, loaded.arguments))
    step = Step(batches, *views, index=0, num_steps=1, epoch=0, seed=0)
    found = dpo.Method(dpo.Config(beta=0.3)).loss(step).item()

    start = AutoModelForImageTextToText.from_pretrained(folders["llava"]).eval()
    images = AutoImageProcessor.from_pretrained(folders["llava"])

    def log_p(network, row, picture) -> float:
        pixels = images(images=Image.fromarray(picture.pixels), return_tensors="pt").pixel_values
        with torch.no_grad():
            logits = network(input_ids=torch.tensor([row.input_ids]), pixel_values=pixels).logits
        said = logits[0].log_softmax(-1)
        own = [k for k, label in enumerate(row.labels) if label >= 0]
        return sum(float(said[k - 1, row.labels[k]]) for k in own)

    losses_by_hand = []
    for truth, refusal, example in zip(*pairs.values(), examples, strict=True):
        gain = {
            answer: log_p(loaded.model.network, answer, example.picture)
            - log_p(start, answer, example.picture)
            for answer in (truth, refusal)
        }
        margin = gain[refusal] - gain[truth]
        losses_by_hand.append(2 / 0.3 * math.log(1 + math.exp(-0.3 * margin)))
    assert len({round(loss, 3) for loss in losses_by_hand}) == len(examples) > 1
    assert abs(margin) > 0.1
    assert found == pytest.approx(sum(losses_by_hand) / len(examples), rel=1e-4)
