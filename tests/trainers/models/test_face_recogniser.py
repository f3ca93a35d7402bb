"""A recogniser of people: built, loaded, saved, and what its head's margin does."""

import shutil

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize
from transformers import ResNetConfig, ResNetForImageClassification, ResNetModel, ViTConfig

from evals.benchmark import Benchmark
from evals.benchmarks.portraits import Config as Portraits
from evals.benchmarks.portraits import build
from evals.errors import ConfigError
from evals.faces.encoding import Encoder
from evals.settings import EvaluationSettings
from tests.fixtures.golden import GOLDEN
from trainers.batch import single
from trainers.family import Use
from trainers.loaded_model import LoadedModel
from trainers.losses import at_labels, mean_nll
from trainers.margin_head import MarginHead, normalises_batches
from trainers.models.face_recogniser import HEAD, Config, Family
from trainers.requirements import Requirements, Source
from trainers.settings import TrainingSettings
from trainers.views import StudentView

PEOPLE = {
    "forget_people": 2,
    "holdout_people": 2,
    "retain_people": 2,
    "other_people": 1,
    "pictures_per_person": 4,
    "enrolled": 2,
    "size": 24,
}
SMALL = Config(embedding_size=4, hidden_sizes=(4, 8), depths=(1, 1))


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return build(Portraits(**PEOPLE))


def load(benchmark: Benchmark, checkpoint=None, *, seed=0, config=SMALL) -> LoadedModel:
    return Family(config).load(benchmark=benchmark, checkpoint=checkpoint, seed=seed)


def batch_of(loaded: LoadedModel, benchmark: Benchmark):
    encoder = Encoder(loaded.processor)
    faces = benchmark.splits["forget"]
    rows = encoder.collate([encoder.answered(face) for face in faces])
    return single(tuple(face.id for face in faces), rows)


def logits(loaded: LoadedModel, benchmark: Benchmark) -> torch.Tensor:
    with torch.no_grad():
        return StudentView(loaded.model, loaded.arguments).logits(batch_of(loaded, benchmark))


def test_it_is_drawn_by_seed_alone_and_starts_in_evaluation_mode(benchmark) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second, other = (load(benchmark, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert not any(module.training for module in first.model.modules())
    assert torch.equal(logits(first, benchmark), logits(second, benchmark))
    assert not torch.equal(logits(first, benchmark), logits(other, benchmark))


def test_a_saved_model_loads_with_equal_logits_and_its_backbone_in_plain_transformers(
    benchmark, tmp_path
) -> None:
    first = load(benchmark)
    first.model.train()
    first.model(pixel_values=torch.randn(4, 3, 24, 24))  # moves the running statistics
    first.model.eval()
    first.save(tmp_path)
    Family(SMALL).check(tmp_path)
    again = load(benchmark, tmp_path, seed=5)
    assert torch.equal(logits(again, benchmark), logits(first, benchmark))
    plain = ResNetModel.from_pretrained(tmp_path)
    for name, value in first.model.backbone.state_dict().items():
        assert torch.equal(plain.state_dict()[name], value)


def test_other_weights_than_its_own_are_saved_where_they_are_given(benchmark, tmp_path) -> None:
    loaded = load(benchmark)
    state = {name: torch.full_like(v, 2) for name, v in loaded.model.state_dict().items()}
    loaded.save(tmp_path, state=state)
    assert all(bool((v == 2).all()) for v in load(benchmark, tmp_path).model.state_dict().values())


def test_a_backbone_may_come_from_a_folder_under_a_fresh_head(benchmark, tmp_path) -> None:
    shape = ResNetConfig(embedding_size=4, hidden_sizes=[4, 12], depths=[1, 1], layer_type="basic")
    ResNetModel(shape).save_pretrained(tmp_path)
    config = Config(path=str(tmp_path))
    assert load(benchmark, config=config).model.head.weight.shape == (7, 12)
    Family(config).check(None)
    with pytest.raises(ConfigError, match=r"there is no head\.safetensors in it"):
        Family(config).check(tmp_path)


def test_the_fingerprint_of_a_folder_follows_its_files_and_not_its_name(tmp_path) -> None:
    shape = ResNetConfig(embedding_size=4, hidden_sizes=[4, 12], depths=[1, 1], layer_type="basic")
    ResNetModel(shape).save_pretrained(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    one, other = (Family(Config(path=str(tmp_path / name))) for name in ("one", "other"))
    before = one.fingerprint()
    assert before == other.fingerprint()
    ResNetModel(shape).save_pretrained(tmp_path / "other")
    assert other.fingerprint() != before


def test_the_fingerprint_of_a_hub_id_has_the_commit_or_else_the_revision(monkeypatch) -> None:
    found = {"v2": ResNetConfig()}
    found["v2"]._commit_hash = "4f1"

    def read(path: str, *, revision: str, **how: object) -> ResNetConfig:
        if revision not in found:
            raise OSError(f"no {revision} of {path}")
        return found[revision]

    monkeypatch.setattr("trainers.models.face_recogniser.AutoConfig.from_pretrained", read)
    assert Family(Config(path="a/b", revision="v2")).fingerprint() == "a/b@4f1"
    assert Family(Config(path="a/b")).fingerprint() == "a/b@main"


def test_the_loss_of_its_logits_is_the_additive_margin_softmax(benchmark) -> None:
    loaded = load(benchmark)
    batch = batch_of(loaded, benchmark)
    with torch.no_grad():
        found = loaded.model(pixel_values=batch.inputs["pixel_values"]).embeddings
    cosines = normalize(found, dim=1) @ normalize(loaded.model.head.weight, dim=1).T
    labels = batch.labels_BT[:, 0]
    cosines[torch.arange(len(labels)), labels] -= 0.3
    expected = cross_entropy(30 * cosines, labels).detach()
    assert mean_nll(at_labels(logits(loaded, benchmark), batch), batch) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_clears_head_leaves_the_peoples_vectors_as_long_as_they_are() -> None:
    embeddings, labels = torch.tensor([[3.0, 4.0]]), torch.tensor([1])
    head = MarginHead(2, 2, scale=30, margin=0.4, normalised=False)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
    # 30 x 2 x 0.6, and 30 x (0.5 x 0.8 - 0.4)
    assert torch.allclose(head(embeddings, labels), torch.tensor([[36.0, 0.0]]))


def test_methods_see_the_embedding_as_the_one_layer(benchmark) -> None:
    loaded = load(benchmark)
    student, batch = StudentView(loaded.model, loaded.arguments), batch_of(loaded, benchmark)
    assert student.hidden(batch, 0).shape == (len(batch.ids), 1, 8)
    assert Family(SMALL).shape(None).num_layers == 1
    with pytest.raises(ConfigError, match="method.layer must be from 0 to 0"):
        student.hidden(batch, 1)


def test_a_skeleton_is_measured_without_weights(benchmark) -> None:
    family = Family(SMALL)
    skeleton = family.skeleton(benchmark=benchmark, checkpoint=None)
    assert all(value.is_meta for value in skeleton.parameters())
    size = family.measure(skeleton, adapter=None, bf16=False)
    assert size.weights.total == sum(v.numel() for v in load(benchmark).model.parameters())
    one = Requirements(frozenset({Source.RETAIN}))
    # The first convolution alone: 12 x 12 places, 4 channels of 7 x 7 x 3 products.
    assert size.row_flops > 2 * 12 * 12 * 4 * 147
    assert size.training_bytes(one, num_rows=2, length=1, num_labels=1) == 2 * size.row_bytes
    assert size.reference_bytes([(one, 2)], length=1) == 0
    assert size.row_bytes > size.largest_bytes > 4 * 12 * 12 * 4


def test_batches_in_parts_are_refused_where_they_are_normalised_together(benchmark) -> None:
    assert normalises_batches(load(benchmark).model)
    parts = TrainingSettings(batch_size=8, micro_batch_size=4)
    use = Use(benchmark, {"baselines.training": parts}, EvaluationSettings())
    with pytest.raises(
        ConfigError, match=r"baselines\.training\.micro_batch_size must be .* \(8\).* but got 4"
    ):
        Family(SMALL).check_rows(None, use)
    whole = parts.model_copy(update={"micro_batch_size": 8})
    Family(SMALL).check_rows(None, Use(benchmark, {"training": whole}, EvaluationSettings()))


def test_a_published_classifiers_backbone_is_taken_without_its_classifier(
    benchmark, tmp_path
) -> None:
    shape = ResNetConfig(embedding_size=4, hidden_sizes=[4, 12], depths=[1, 1], layer_type="basic")
    published = ResNetForImageClassification(shape).eval()
    published.save_pretrained(tmp_path)
    model = Family(Config(path=str(tmp_path))).load(benchmark=benchmark, checkpoint=None, seed=0)
    pictures = torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        expected = published.resnet(pictures).pooler_output.flatten(1)
        assert torch.equal(model.model(pixel_values=pictures).embeddings, expected)


def test_a_network_taught_other_people_is_begun_with_and_its_head_is_new(
    benchmark, tmp_path
) -> None:
    others = build(Portraits(**{**PEOPLE, "retain_people": 5, "seed": 1}))
    taught = Family(SMALL).load(benchmark=others, checkpoint=None, seed=3)
    taught.save(tmp_path)
    begun = Family(Config(path=str(tmp_path))).load(benchmark=benchmark, checkpoint=None, seed=0)
    for name, value in taught.model.backbone.state_dict().items():
        assert torch.equal(begun.model.backbone.state_dict()[name], value)
    assert begun.model.head.weight.shape[0] != taught.model.head.weight.shape[0]


def test_only_a_backbone_with_batch_normalisation_mixes_the_rows_of_a_batch(tmp_path) -> None:
    assert Family(SMALL).shape(None).mixes_rows
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    ViTConfig(**sizes, intermediate_size=8, image_size=24, patch_size=8).save_pretrained(tmp_path)
    assert not Family(Config(path=str(tmp_path))).shape(None).mixes_rows


def test_a_checkpoint_of_other_people_is_refused(benchmark, tmp_path) -> None:
    load(benchmark).save(tmp_path)
    fewer = build(
        Portraits(
            forget_people=1,
            holdout_people=1,
            retain_people=1,
            other_people=0,
            pictures_per_person=3,
            enrolled=1,
            size=24,
        )
    )
    with pytest.raises(ConfigError, match="its head is of 7 people"):
        load(fewer, tmp_path)


def test_a_folder_that_is_no_model_is_refused(benchmark, tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"model\.path must be a backbone .*nowhere"):
        Family(Config(path=str(tmp_path / "nowhere"))).check(None)
    load(benchmark).save(tmp_path)
    (tmp_path / HEAD).write_bytes(b"no weights")
    with pytest.raises(ConfigError, match=HEAD.replace(".", r"\.")):
        load(benchmark, tmp_path)


def test_the_heads_loss_is_the_published_codes_and_the_papers() -> None:
    given = GOLDEN["am_softmax"]
    inputs, found = given["inputs"], {}
    for name, normalised in (("CLEAR_unnormalised_W", False), ("canonical_normalised_W", True)):
        head = MarginHead(3, 4, scale=inputs["s"], margin=inputs["m"], normalised=normalised)
        with torch.no_grad():
            head.weight.copy_(torch.tensor(inputs["W"]))
            labels = torch.tensor(inputs["labels"])
            found[name] = float(cross_entropy(head(torch.tensor(inputs["x"]), labels), labels))
    assert found == pytest.approx(given["expected"], abs=given["tolerance"])
