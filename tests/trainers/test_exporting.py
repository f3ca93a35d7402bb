"""A model that is taken elsewhere answers as it did here."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from evals.building import build_benchmark
from evals.settings import EvaluationSettings
from tests.fixtures.jobs import few_people, real_job, tiny_llama
from trainers.adapters import add_adapter, save_adapter
from trainers.exporting import write_whole
from trainers.family import build_family
from trainers.job import Job
from trainers.merging import MergeFailed
from trainers.reevaluation import evaluate_saved
from trainers.settings import AdapterSettings

BENCHMARK, MODEL = few_people(num_world=2), tiny_llama()


@pytest.fixture(scope="module")
def job() -> Job:
    evaluation = EvaluationSettings(metrics=("retain",), max_items=3)
    return real_job(benchmark=BENCHMARK, model=MODEL, evaluation=evaluation)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    """The folders of a model and of an adapter that changes its answers."""
    folder = tmp_path_factory.mktemp("made")
    benchmark = build_benchmark(BENCHMARK)
    loaded = build_family(MODEL).load(benchmark=benchmark, checkpoint=None, seed=0)
    loaded.save(folder / "model")
    worn = add_adapter(loaded.model, AdapterSettings(rank=2), seed=0)
    state = {
        name: torch.randn(value.shape, generator=torch.Generator().manual_seed(1)) / 3
        for name, value in worn.named_parameters()
        if ".lora_" in name
    }
    save_adapter(state, worn.peft_config["default"], folder / "adapter")
    return folder / "model", folder / "adapter"


def nlls(job: Job, model: Path, adapter: Path | None = None) -> torch.Tensor:
    sheet = evaluate_saved(job, model=model, adapter=adapter).sheet
    return torch.tensor([item.answer.mean_nll for task in sheet.tasks for item in task.items])


def test_an_adapter_is_merged_and_plain_transformers_loads_the_model(job, made, tmp_path) -> None:
    model, adapter = made
    write_whole(job, model=model, adapter=adapter, folder=tmp_path / "whole")
    whole = nlls(job, tmp_path / "whole")
    torch.testing.assert_close(whole, nlls(job, model, adapter), rtol=0, atol=1e-4)
    assert (whole - nlls(job, model)).abs().max() > 1e-2, "the adapter does something"
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "whole")
    ids = AutoTokenizer.from_pretrained(tmp_path / "whole")("Who?", return_tensors="pt")
    assert plain(**ids).logits.isfinite().all()


def test_a_whole_model_is_written_as_it_is(job, made, tmp_path) -> None:
    write_whole(job, model=made[0], adapter=None, folder=tmp_path / "whole")
    assert torch.equal(nlls(job, tmp_path / "whole"), nlls(job, made[0]))


def test_a_merge_that_changes_answers_leaves_nothing(job, made, tmp_path, monkeypatch) -> None:
    from peft import PeftModel

    monkeypatch.setattr(PeftModel, "merge_and_unload", lambda self: self.unload(), raising=False)
    with pytest.raises(MergeFailed, match="changed its answers"):
        write_whole(job, model=made[0], adapter=made[1], folder=tmp_path / "whole")
    assert not (tmp_path / "whole").exists()
