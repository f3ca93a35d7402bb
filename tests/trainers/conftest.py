from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from evals.benchmark import Benchmark
from evals.collated import IGNORE, Collated
from evals.text.encoding import model_inputs
from tests.fixtures.golden import GOLDEN
from tests.fixtures.vision_language import ARCHITECTURES, pictured_people, save_vision_language
from trainers import losses
from trainers.batch import Batch, single
from trainers.method import Step
from trainers.requirements import Source

FIXTURE = GOLDEN["fixture_lm_tensors"]["expected"]


class StoredView:
    """Gives the golden fixture's logits of `who` for a batch whose ids begin with its source."""

    def __init__(self, who: str) -> None:
        self.who = who

    def logits(self, batch: Batch) -> Tensor:
        source = batch.ids[0].split("-")[0]
        return torch.tensor(FIXTURE[f"{self.who}_{source}_logits"], requires_grad=True)

    def answer_logits(self, batch: Batch) -> Tensor:
        return losses.at_labels(self.logits(batch), batch)

    def attended_logits(self, batch: Batch) -> Tensor:
        return losses.at_attended(self.logits(batch), batch)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        raise AssertionError("the golden fixture has no hidden states")

    def sequence_nll(self, batch: Batch) -> Tensor:
        return losses.sequence_nll(self.answer_logits(batch), batch).detach()


@pytest.fixture
def golden() -> dict:
    return {name: case["expected"] for name, case in GOLDEN.items()}


@pytest.fixture
def golden_batch() -> Callable[[str], Batch]:
    def build(source: str) -> Batch:
        labels = torch.tensor(FIXTURE[f"{source}_labels"])
        ids = (f"{source}-0", f"{source}-1")
        return single(ids, model_inputs(torch.zeros_like(labels), torch.ones_like(labels), labels))

    return build


@pytest.fixture
def golden_step(golden_batch: Callable[[str], Batch]) -> Step:
    sources = (Source.FORGET, Source.RETAIN, Source.IDK)
    return Step(
        batches={source: golden_batch(source.value) for source in sources},
        student=StoredView("student"),
        reference=StoredView("teacher"),
        index=0,
        num_steps=10,
        epoch=0,
        seed=0,
    )


class WordView:
    """A model of two words whose answers are all word 0, with logit x over word 1.

    So an answer token's likelihood is sigmoid(x). Every row is a question token and then answer
    tokens; the last position, which predicts nothing, has equal logits.
    """

    def __init__(self, x: Mapping[Source, Sequence[Sequence[float]]]) -> None:
        self.x = {
            source: torch.tensor(rows, dtype=torch.float64, requires_grad=True)
            for source, rows in x.items()
        }

    def logits(self, batch: Batch) -> Tensor:
        x_BL = self.x[Source(batch.ids[0].split("-")[0])]
        return nn.functional.pad(x_BL[:, :, None], (0, 1, 0, 1))

    def answer_logits(self, batch: Batch) -> Tensor:
        return losses.at_labels(self.logits(batch), batch)

    def attended_logits(self, batch: Batch) -> Tensor:
        return losses.at_attended(self.logits(batch), batch)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Gives the logits plus the layer's number as if they were hidden states."""
        return self.logits(batch) + layer

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        return self.logits(batch), self.hidden(batch, layer)

    def sequence_nll(self, batch: Batch) -> Tensor:
        return losses.sequence_nll(self.answer_logits(batch), batch).detach()


@pytest.fixture(scope="session")
def word_step() -> Callable[..., Step]:
    """Builds a step whose student and reference are `WordView`s, from {source: rows of x}."""

    def build(student: Mapping, reference: Mapping | None = None, **when: int) -> Step:
        batches = {}
        for source, rows in student.items():
            shape = (len(rows), len(rows[0]) + 1)
            labels = torch.zeros(shape, dtype=torch.long)
            labels[:, 0] = IGNORE
            ids = tuple(f"{source.value}-{row}" for row in range(len(rows)))
            batches[source] = single(
                ids, model_inputs(torch.zeros_like(labels), torch.ones(shape), labels)
            )
        views = WordView(student), WordView(student if reference is None else reference)
        defaults = {"index": 0, "num_steps": 10, "epoch": 0, "seed": 0}
        return Step(batches, *views, **{**defaults, **when})

    return build


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., Batch]:
    """Builds a batch from (prompt length, answer length) pairs, padded by `extra` more columns."""

    def build(
        shapes: Sequence[tuple[int, int]], *, name: str = "row", extra: int = 0, pad: int = 0
    ) -> Batch:
        width = max(sum(shape) for shape in shapes) + extra
        input_ids = torch.full((len(shapes), width), pad)
        attention_mask = torch.zeros(len(shapes), width, dtype=torch.long)
        labels = torch.full((len(shapes), width), IGNORE)
        for row, (prompt, answer) in enumerate(shapes):
            generator = torch.Generator().manual_seed(hash((row, prompt, answer, len(name))))
            tokens = torch.randint(1, 32, (prompt + answer,), generator=generator)
            input_ids[row, : len(tokens)] = tokens
            attention_mask[row, : len(tokens)] = 1
            labels[row, prompt : len(tokens)] = tokens[prompt:]
        ids = tuple(f"{name}-{row}" for row in range(len(shapes)))
        return single(ids, model_inputs(input_ids, attention_mask, labels))

    return build


@pytest.fixture(scope="session")
def tiny_lora() -> Callable[..., PeftModel]:
    """Builds an eight-layer Llama with an adapter that has already moved away from its base."""

    def build(*, dropout: float = 0.0) -> PeftModel:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=32,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=8,
            num_attention_heads=2,
            num_key_value_heads=2,
            attention_dropout=dropout,
        )
        targets = ["q_proj", "v_proj", "down_proj"]
        lora = LoraConfig(r=2, lora_alpha=8, target_modules=targets, lora_dropout=dropout)
        model = get_peft_model(LlamaForCausalLM(config), lora)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(parameter, std=0.3)
        return model.train()

    return build


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Batch, slice], Batch]:
    """Cuts rows out of a batch, as a whole step by themselves."""

    def cut(batch: Batch, rows: slice) -> Batch:
        inputs = {name: tensor[rows] for name, tensor in batch.inputs.items()}
        kept = Collated(inputs, batch.attended_BT[rows], batch.labels_BT[rows])
        return single(batch.ids[rows], kept)

    return cut


@pytest.fixture(scope="session")
def pictured() -> Benchmark:
    return pictured_people()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A saved model of each architecture."""
    return {
        name: save_vision_language(tmp_path_factory.mktemp(name), name) for name in ARCHITECTURES
    }


@pytest.fixture(scope="module")
def one_rank(on_ranks, request: pytest.FixtureRequest) -> Any:
    """What the module's STUDY finds on one rank."""
    return on_ranks(request.module.STUDY, 1)[0]


@pytest.fixture(scope="module")
def two_ranks(on_ranks, request: pytest.FixtureRequest) -> list[Any]:
    """What the module's STUDY finds on each of two ranks."""
    return on_ranks(request.module.STUDY, 2)
