"""Scores of pictures do not depend on ranks or batches, and leave the model as it was."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evals.benchmark import Role
from evals.faces.encoding import Encoder, Processor
from evals.faces.example import Face, Task
from evals.faces.scores import accuracy
from evals.faces.scoring import Embedder, score_tasks
from evals.measure import merge
from evals.pictures.picture import Picture
from evals.scores import ScoreSheet
from evals.shard import Shard

PLAIN = Processor((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@dataclass
class Output:
    embeddings: Tensor


class Means(nn.Module):
    """Embeds a picture by the mean of each colour."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, pixel_values: Tensor) -> Output:
        assert not self.training
        self.calls += 1
        return Output(pixel_values.mean(dim=(2, 3)))


def face(id: str, label: int, *colour: int) -> Face:
    pixels = np.broadcast_to(np.array(colour, dtype=np.uint8), (2, 2, 3))
    return Face(id, f"person {label}", label, Picture(pixels))


ENROLLED = (face("e0", 0, 200, 0, 0), face("e1", 1, 0, 200, 0), face("e2", 2, 0, 0, 100))
FORGET = Task(
    "forget",
    Role.FORGET,
    (face("f2", 0, 100, 20, 0), face("f0", 0, 20, 100, 0), face("f1", 1, 0, 10, 1)),
    ENROLLED,
)
RETAIN = Task("retain", Role.RETAIN, (face("r0", 2, 50, 50, 200),), ENROLLED)


def embedder(model: nn.Module, batch_size: int = 2) -> Embedder:
    return Embedder(model, Encoder(PLAIN), batch_size, torch.device("cpu"))


def test_a_picture_is_recognised_by_the_nearest_person() -> None:
    forget, retain = score_tasks(embedder(Means()), [FORGET, RETAIN], shard=Shard())
    assert [item.id for item in forget.items] == ["f0", "f1", "f2"]
    assert [item.recognised for item in forget.items] == [False, True, True]
    assert accuracy(forget) == pytest.approx(2 / 3)
    near = forget.items[2]
    norm = (100**2 + 20**2) ** 0.5
    assert (near.cosine, near.best_other) == pytest.approx((100 / norm, 20 / norm))
    wrong = forget.items[0]  # 20 of its own colour, 100 of another's
    scaled = 30 * torch.tensor([20 / norm, 100 / norm, 0.0], dtype=torch.float64)
    assert wrong.nll == pytest.approx(float(-torch.log_softmax(scaled, 0)[0]), rel=1e-5)
    assert retain.items[0].recognised


@pytest.mark.parametrize("world", [2, 3, 5])
def test_ranks_share_the_pictures_and_call_the_model_equally_often(world: int) -> None:
    whole = ScoreSheet(tuple(score_tasks(embedder(Means()), [FORGET, RETAIN], shard=Shard())))
    parts, calls = [], set()
    for rank in range(world):
        model = Means()
        scored = score_tasks(embedder(model, 1), [FORGET, RETAIN], shard=Shard(rank, world))
        parts.append(ScoreSheet(tuple(scored)))
        calls.add(model.calls)
    assert len(calls) == 1
    assert merge(parts, expected=[FORGET, RETAIN]) == whole


def test_the_model_goes_on_training_as_it_did() -> None:
    model = nn.Sequential(Means(), nn.Identity()).train()
    model[1].eval()

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, pixel_values: Tensor) -> Output:
            return self.inner(pixel_values)

    called = Called()
    called.inner[1].eval()
    score_tasks(embedder(called), [FORGET], shard=Shard())
    assert called.training
    assert model[0].training
    assert not model[1].training


def test_an_embedding_of_nan_is_nobody_and_makes_the_accuracy_nan() -> None:
    class Lost(Means):
        def forward(self, pixel_values: Tensor) -> Output:
            return Output(super().forward(pixel_values).embeddings * float("nan"))

    [forget] = score_tasks(embedder(Lost()), [FORGET], shard=Shard())
    assert not any(item.recognised for item in forget.items)
    assert np.isnan(accuracy(forget))
