"""The method and the metric that the documents show work where the documents say they go."""

import math
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from evals import plugins
from evals.benchmark import Role
from evals.choice import Choice
from evals.metric import load_metric
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.loading import load_config
from tests.fixtures.asked_people import FORGET, RETAIN, batch_of, drawn, learned, nll_of
from tests.fixtures.paths import ROOT
from trainers.batch import Batch
from trainers.method import Step, build_method
from trainers.requirements import Source
from trainers.views import NoReference, StudentView

EXAMPLES = ROOT / "docs" / "examples"
PLACES = {"methods": "trainers.methods", "metrics": "evals.metrics"}
SOURCES = (Source.FORGET, Source.RETAIN)
PAGE = (ROOT / "docs" / "own_method.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def in_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The examples are found among the plug-ins, as if they had been copied there."""
    for folder, package in PLACES.items():
        own = import_module(package)
        monkeypatch.setattr(own, "__path__", [*own.__path__, str(EXAMPLES / folder)])
        monkeypatch.setattr(own.__spec__, "submodule_search_locations", own.__path__)
    plugins.names.cache_clear()
    yield
    plugins.names.cache_clear()
    for file in EXAMPLES.glob("*/*.py"):
        sys.modules.pop(f"{PLACES[file.parent.name]}.{file.stem}", None)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/*.py")), ids=lambda file: file.stem)
def test_the_page_shows_the_file_as_it_is(file) -> None:
    assert f"```python\n{file.read_text(encoding='utf-8')}```" in PAGE
    assert f"cp {file.relative_to(ROOT).as_posix()} " in PAGE


def test_a_sweep_can_run_the_method_and_measure_the_metric() -> None:
    config = load_config(
        None,
        [
            "methods=[ga, wga]",
            "methods.wga.search={beta: default}",
            "evaluation.metrics=[retain, forget_known, log_forget_quality]",
            "search.constraints.forget_known={at_most: 0.1, relative_to: absolute}",
        ],
    )
    assert list(config.methods) == ["ga", "wga"]
    assert set(config.space("wga")) == {"lr", "l1", "beta"}
    assert config.recipe("wga") == config.recipe("ga")


def step_of(model: LlamaForCausalLM, index: int) -> Step:
    batches = {source: drawn(index)[source] for source in SOURCES}
    return Step(
        batches=batches,
        student=StudentView(model),
        reference=NoReference(),
        index=index,
        num_steps=40,
        epoch=0,
        seed=0,
    )


def test_the_method_forgets_and_keeps_the_rest() -> None:
    model = learned(torch.cat([FORGET, RETAIN]))
    before = {name: nll_of(model, rows) for name, rows in (("f", FORGET), ("r", RETAIN))}
    method = build_method(Choice(name="wga"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for index in range(40):
        optimizer.zero_grad()
        method.loss(step_of(model, index)).backward()
        optimizer.step()
    assert nll_of(model, FORGET) > before["f"] + 0.5
    assert nll_of(model, RETAIN) < before["r"] + 0.1


class WordStudent:
    """Gives the answers' logits that it was made with."""

    def __init__(self, logits_NV: dict[Source, Tensor]) -> None:
        self.logits_NV = logits_NV

    def answer_logits(self, batch: Batch) -> Tensor:
        return self.logits_NV[Source(batch.ids[0].split("-")[0])]


def test_the_loss_is_the_one_worked_by_hand() -> None:
    # one answer token of two words each: p is 3/4 to forget and 1/2 to retain
    batches = {source: batch_of(source, torch.zeros(1, 5, dtype=torch.long)) for source in SOURCES}
    rows = {Source.FORGET: [[math.log(3), 0.0]], Source.RETAIN: [[0.0, 0.0]]}
    student = WordStudent({source: torch.tensor(row) for source, row in rows.items()})
    step = Step(batches, student, NoReference(), index=0, num_steps=1, epoch=0, seed=0)
    method = build_method(Choice(name="wga", settings={"beta": 2.0, "alpha": 3.0}))
    expected = -((3 / 4) ** 2) * math.log(4 / 3) + 3 * math.log(2)
    assert method.loss(step).item() == pytest.approx(expected)


def test_beta_zero_is_gradient_ascent() -> None:
    model = learned(RETAIN)
    plain = build_method(Choice(name="gd", settings={"alpha": 1.0}))
    weighted = build_method(Choice(name="wga", settings={"beta": 0.0}))
    losses = [method.loss(step_of(model, 0)).item() for method in (plain, weighted)]
    assert losses[0] == pytest.approx(losses[1])


def sheet(*nats_per_token: float) -> ScoreSheet:
    items = tuple(
        ItemScore(f"p{i}", "", AnswerScore(nats, 1), None, (), (), ())
        for i, nats in enumerate(nats_per_token)
    )
    return ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, items),))


def test_the_metric_counts_likely_answers_from_none_to_all() -> None:
    compute = load_metric("forget_known").compute
    assert compute(sheet(0.0, 0.1), None) == 1.0
    assert compute(sheet(5.0, 2.0), None) == 0.0
    assert compute(sheet(0.6, 0.7, 0.7, 0.7), None) == 0.25  # ln 2 is 0.693
    assert math.isnan(compute(sheet(0.1, math.nan), None))
    with pytest.raises(ValueError, match="no items"):
        compute(sheet(), None)
