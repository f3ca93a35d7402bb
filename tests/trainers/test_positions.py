"""What padding does to a mean, and that with it the published codes' values come out."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from evals.choice import choose
from trainers import losses
from trainers.control_vector import control_vector
from trainers.method import PACKAGE, Step, build_method
from trainers.positions import Positions
from trainers.requirements import Source

FORGET, RETAIN, IDK = Source.FORGET, Source.RETAIN, Source.IDK
SHAPES = {FORGET: [(2, 3), (1, 1)], RETAIN: [(3, 4), (2, 2)], IDK: [(1, 2), (3, 1)]}
WORDS, SEED = 32, 5


class GivenView:
    """A model that gives logits drawn at random, and takes them for its hidden states, too."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def logits(self, batch):
        source = Source(batch.ids[0].split("-")[0])
        generator = torch.Generator().manual_seed(100 * self._seed + list(Source).index(source))
        shape = (*batch.attended_BT.shape, WORDS)
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def answer_logits(self, batch):
        return losses.at_labels(self.logits(batch), batch)

    def hidden(self, batch, layer):
        return self.logits(batch)

    def sequence_nll(self, batch):
        return losses.sequence_nll(self.answer_logits(batch), batch)


@pytest.fixture
def step(make_batch) -> Step:
    batches = {source: make_batch(s, name=source.value, extra=2) for source, s in SHAPES.items()}
    return Step(batches, GivenView(1), GivenView(2), index=3, num_steps=10, epoch=0, seed=SEED)


def published_kl(target: Tensor, source: Tensor) -> Tensor:
    """kl_div(log source, log target) over all positions, as TOFU, NPO, CLEAR and others have it."""
    flat = (x.log_softmax(-1).view(-1, x.shape[-1]) for x in (source, target))
    return nn.functional.kl_div(*flat, reduction="batchmean", log_target=True)


def published_nll(logits: Tensor, batch) -> Tensor:
    """The loss of a causal model: the mean over labels that are not -100."""
    labels = batch.labels_BT
    shifted = logits[:, :-1].reshape(-1, WORDS)
    return nn.functional.cross_entropy(shifted, labels.reshape(-1), ignore_index=-100)


class Published:
    """What the published codes compute from the logits of student and teacher."""

    def __init__(self, step: Step) -> None:
        self.batches = step.batches
        self.s = {source: step.student.logits(b) for source, b in step.batches.items()}
        self.t = {source: step.reference.logits(b) for source, b in step.batches.items()}

    def nll(self, source: Source) -> Tensor:
        return published_nll(self.s[source], self.batches[source])

    def kl(self, source: Source) -> Tensor:
        return published_kl(self.t[source], self.s[source])

    def kl_back(self, source: Source) -> Tensor:
        return published_kl(self.s[source], self.t[source])

    def entropy(self) -> Tensor:
        probs = self.s[FORGET].softmax(-1)
        return torch.sum(probs * torch.log(probs))

    def ratio(self) -> Tensor:
        s, t = (x[FORGET].softmax(-1).view(-1, WORDS) for x in (self.s, self.t))
        return (2 * torch.log(1 + s / (t + 1e-8))).mean()

    def rmu(self) -> Tensor:
        control = control_vector(WORDS, seed=(SEED, 3), length=300.0).to(torch.float64)
        forget = nn.functional.mse_loss(self.s[FORGET], control.expand_as(self.s[FORGET]))
        return forget + nn.functional.mse_loss(self.s[RETAIN], self.t[RETAIN])


PADDED = {"positions": "padded"}
CASES: list[tuple[str, dict, Callable[[Published], Tensor]]] = [
    ("gd", {"retain_term": "kl_padded"}, lambda p: -p.nll(FORGET) + p.kl(RETAIN)),
    ("gd_kl_clear_repo", PADDED, lambda p: -p.kl(FORGET) + p.kl(RETAIN)),
    ("gd_entropy_clear_repo", {"batch_rows": 2, **PADDED}, lambda p: p.nll(RETAIN) - p.entropy()),
    (
        "gd_entropy_clear_repo",
        {"batch_rows": 2, "retain_term": "kl", **PADDED},
        lambda p: p.kl(RETAIN) - p.entropy(),
    ),
    (
        "scrub_clear_repo",
        PADDED,
        lambda p: -p.kl_back(FORGET) + p.kl_back(RETAIN) + p.nll(RETAIN),
    ),
    (
        "llmu_clear_repo",
        {"order": "intended", **PADDED},
        lambda p: -p.nll(FORGET) + p.nll(IDK) + p.kl_back(RETAIN),
    ),
    ("npo_clear_repo", PADDED, Published.ratio),
    ("rmu_clear_repo", PADDED, Published.rmu),
]


@pytest.mark.parametrize(("name", "settings", "published"), CASES)
def test_with_padding_the_loss_is_the_published_code_s(name, settings, published, step):
    method = build_method(choose(PACKAGE, {"name": name, **settings}, key="method"))
    expected = published(Published(step)).item()
    assert method.loss(step).item() == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", ["npo", "dpo", "simnpo"])
def test_a_padded_retain_term_is_open_unlearning_s(name, step):
    def loss(term):
        raw = {"name": name, "retain_term": term}
        return build_method(choose(PACKAGE, raw, key="method")).loss(step).item()

    expected = Published(step).kl(RETAIN).item()
    assert loss("kl_padded") - loss("none") == pytest.approx(expected, rel=1e-6)


def test_attended_positions_leave_a_batch_as_it_is_and_padded_ones_count_all(make_batch):
    # Rows of 5 and 2 tokens in 5 + 2 columns: 7 attended positions of 14.
    batch = make_batch([(2, 3), (1, 1)], extra=2)
    assert Positions.ATTENDED.of(batch) is batch
    padded = Positions.PADDED.of(batch)
    assert (batch.position_norm, padded.position_norm) == (7.0, 14.0)
    assert padded.attended_BT.all()
    assert padded.labels_BT is batch.labels_BT
    assert not math.isnan(padded.token_norm)
    assert padded.token_norm == batch.token_norm
