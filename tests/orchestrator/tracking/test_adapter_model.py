import shutil

import pytest
import torch
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM

from orchestrator.tracking.adapter_model import KIND
from trainers.adapters import add_adapter, load_state, save_adapter, trainable
from trainers.settings import AdapterSettings

pytestmark = pytest.mark.slow  # each makes a database

IDS = torch.arange(12).reshape(2, 6)


def base_model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "vocab_size": 32}
    return LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, num_attention_heads=2, **sizes)).eval()


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


@pytest.fixture
def stirred(tmp_path_factory):
    """An adapter that does something: its model, and its folder as a job leaves it."""
    model = add_adapter(base_model(), AdapterSettings(rank=4), seed=1).eval()
    generator = torch.Generator().manual_seed(2)
    state = {
        name: torch.randn(value.shape, generator=generator) for name, value in trainable(model)
    }
    load_state(model, state)
    folder = tmp_path_factory.mktemp("adapter")
    save_adapter(state, model.peft_config["default"], folder)
    return model, folder


@pytest.fixture
def with_adapter(storage, entry, job_folder, stirred):
    """An entry whose job has left that adapter behind, in the storage folder."""
    made = entry(0)
    folder = job_folder(storage, made)
    shutil.rmtree(folder / "adapter")
    shutil.copytree(stirred[1], folder / "adapter")
    return made


def models(client, storage, experiment_id):
    return client(storage).search_logged_models([experiment_id])


def test_the_adapter_of_a_run_is_what_peft_loads(
    storage, with_adapter, record, runs, stirred, tmp_path
):
    import mlflow

    record(storage, [with_adapter])
    _, (run,) = runs(storage)
    folder = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id,
        artifact_path="adapter",
        dst_path=str(tmp_path / "down"),
        tracking_uri=f"sqlite:///{storage}/mlflow.db",
    )
    loaded = PeftModel.from_pretrained(base_model(), folder).eval()
    assert torch.equal(logits(loaded), logits(stirred[0]))
    assert not torch.equal(logits(loaded), logits(base_model()))


def test_the_adapter_is_one_of_the_experiments_models_with_what_it_measured(
    storage, with_adapter, record, runs, client
):
    record(storage, [with_adapter])
    _, (run,) = runs(storage)
    (model,) = models(client, storage, run.info.experiment_id)
    assert (model.source_run_id, model.model_type) == (run.info.run_id, KIND)
    assert model.status == "READY"
    assert model.tags["files"] == f"runs:/{run.info.run_id}/adapter"
    assert model.tags["base"] == "0" * 16
    assert model.params["lr"] == "0.0001"
    assert {m.key: m.value for m in model.metrics} == {"retain": 0.72, "log_forget_quality": -3.0}
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]


@pytest.mark.parametrize("name", ["log_outputs", "finalize_logged_model", "set_terminated"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_record_that_was_cut_off_has_one_model_in_the_end(
    storage, with_adapter, record, runs, client, monkeypatch, name, done
):
    from mlflow import MlflowClient

    real, cut = getattr(MlflowClient, name), []

    def once(self, *arguments, **more):
        if cut:
            return real(self, *arguments, **more)
        cut.append(name)
        if done:  # the store has it, and its answer was lost
            real(self, *arguments, **more)
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(MlflowClient, name, once)
    record(storage, [with_adapter])
    _, (run,) = runs(storage)
    assert (run.info.status, cut) == ("FINISHED", [name])
    (model,) = models(client, storage, run.info.experiment_id)
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]
    assert len(model.metrics) == 2


def test_an_adapter_that_is_no_longer_kept_is_no_model(storage, with_adapter, begin, runs, client):
    tracker = begin(storage)
    job = with_adapter.result.job.hash
    tracker.log_entry(with_adapter, job_folder=storage / "jobs" / job)
    tracker.forget_adapter(job)
    tracker.forget_adapter(job)
    tracker.close(finished=True)
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    assert not models(client, storage, run.info.experiment_id)


def test_a_job_without_an_adapter_is_no_model(storage, entry, record, runs, client):
    record(storage, [entry(0)])
    _, (run,) = runs(storage)
    assert not models(client, storage, run.info.experiment_id)
