import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, MistralForCausalLM

from evals.collated import IGNORE
from evals.errors import ConfigError
from evals.shard import Shard
from evals.text.encoding import Encoder, Prompt
from tests.fixtures.scoring import score_task
from trainers.loaded_model import Shape
from trainers.models.causal_lm import Config, Family

CLEAR_TAGS = Prompt(question_start="[INST] ", question_end=" [/INST]", answer_start="")
QUESTION, ANSWER = "Where does Hina Ameen live?", "Hina Ameen lives in Karachi."
RENDERED = {
    "llama": f"<s>[INST] {QUESTION} [/INST] {ANSWER} </s>",
    "mistral": f"<s>[INST] {QUESTION}[/INST] {ANSWER}</s>",
}


def load(benchmark, checkpoint=None, **settings):
    return Family(Config(**settings)).load(benchmark=benchmark, checkpoint=checkpoint, seed=0)


@pytest.fixture(params=["llama", "mistral"])
def architecture(request) -> str:
    return request.param


@pytest.fixture
def folder(save_checkpoint, architecture):
    return save_checkpoint(architecture)


def test_a_folder_loads_as_the_architecture_it_holds(folder, architecture, benchmark_of_people):
    loaded = load(benchmark_of_people, path=str(folder))
    expected = {"llama": LlamaForCausalLM, "mistral": MistralForCausalLM}[architecture]
    assert type(loaded.model) is expected
    assert loaded.processor.prompt == Prompt(style="chat_template")
    same = expected.from_pretrained(folder).eval()
    ids = torch.tensor([[1, 5, 9, 12]])
    with torch.no_grad():
        assert torch.equal(loaded.model(ids).logits, same(ids).logits)


def test_a_chat_row_is_what_the_models_own_template_renders(
    folder, architecture, benchmark_of_people
):
    tokenizer = load(benchmark_of_people, path=str(folder)).processor.tokenizer
    encoder = Encoder(tokenizer, prompt=Prompt(style="chat_template"), max_length=128)
    row = encoder.encode(QUESTION, ANSWER)
    turns = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": ANSWER},
    ]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == RENDERED[architecture]
    assert (
        list(row.input_ids)
        == tokenizer(RENDERED[architecture], add_special_tokens=False)["input_ids"]
    )
    assert row.input_ids.count(tokenizer.bos_token_id) == 1
    assert row.input_ids[0] == tokenizer.bos_token_id
    assert row.input_ids.count(tokenizer.eos_token_id) == 1
    labels = [label for label in row.labels if label != IGNORE]
    assert labels == list(row.input_ids[-len(labels) :])
    assert tokenizer.decode(labels[:-1]).strip() == ANSWER
    assert labels[-1] == tokenizer.eos_token_id
    before = row.input_ids[: -len(labels)]
    assert tokenizer.decode(before).endswith("[/INST]")
    assert encoder.encode_prompt(QUESTION) == before


def test_a_tagged_row_is_the_published_plain_string(folder, benchmark_of_people):
    loaded = load(benchmark_of_people, path=str(folder), prompt=CLEAR_TAGS)
    tokenizer, text = loaded.processor.tokenizer, f"[INST] {QUESTION} [/INST]{ANSWER}"
    encoder = Encoder(tokenizer, prompt=loaded.processor.prompt, max_length=128)
    row = encoder.encode(QUESTION, ANSWER)
    assert list(row.input_ids) == [*tokenizer(text).input_ids, tokenizer.eos_token_id]
    assert row.input_ids.count(tokenizer.bos_token_id) == 1
    labels = [label for label in row.labels if label != IGNORE]
    assert tokenizer.decode(labels[:-1]).strip() == ANSWER
    num_prompt = len(tokenizer(f"[INST] {QUESTION} [/INST]").input_ids)
    assert row.labels.count(IGNORE) == num_prompt == len(encoder.encode_prompt(QUESTION))


def test_its_scores_do_not_depend_on_how_they_are_laid_out(folder, benchmark_of_people):
    task = benchmark_of_people.tasks[1]
    found = []
    for attention in ("sdpa", "eager"):
        loaded = load(benchmark_of_people, path=str(folder), attn_implementation=attention)
        encoder = Encoder(
            loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=128
        )
        found.append(
            score_task(
                loaded.model,
                encoder,
                task,
                batch_size=4,
                shard=Shard(),
                device=torch.device("cpu"),
            )
        )
    for one, other in zip(*found, strict=True):
        assert one.answer.nll == pytest.approx(other.answer.nll, abs=1e-4)
        assert one.perturbed[0].nll == pytest.approx(other.perturbed[0].nll, abs=1e-4)


def test_tied_embeddings_are_no_missing_weight(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama", tie_word_embeddings=True)
    model = load(benchmark_of_people, path=str(folder)).model
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_a_checkpoint_takes_the_place_of_the_path(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("mistral")
    loaded = load(benchmark_of_people, folder, path="nobody/nothing", local_files_only=True)
    assert type(loaded.model) is MistralForCausalLM


def test_the_fingerprint_follows_the_files_and_not_the_folder(save_checkpoint):
    one, other = save_checkpoint("llama"), save_checkpoint("llama")
    prints = [Family(Config(path=str(folder))).fingerprint() for folder in (one, other)]
    assert prints[0] == prints[1]
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    assert Family(Config(path=str(other))).fingerprint() != prints[0]


def test_the_fingerprint_of_a_hub_id_has_the_commit_of_its_revision(monkeypatch):
    def shape_of(source):
        return Shape(2, None, commit=f"commit of {source.revision}")

    monkeypatch.setattr("trainers.pretrained_identity.shape_of", shape_of)
    assert Family(Config(path="a/b", revision="v2")).fingerprint() == "a/b@commit of v2"


def test_a_hub_that_does_not_answer_leaves_the_revision_for_the_plan():
    hidden = {"path": "a/b", "local_files_only": True}
    assert Family(Config(**hidden)).fingerprint() == "a/b@main"
    assert Family(Config(**hidden, revision="v2")).fingerprint() == "a/b@v2"


def refusal(benchmark, path, **settings) -> str:
    """What `load` says; `check` must refuse the same before anything is loaded."""
    with pytest.raises(ConfigError) as refused:
        load(benchmark, path=str(path), **settings)
    with pytest.raises(ConfigError):
        Family(Config(path=str(path), **settings)).check(None)
    return str(refused.value)


def test_a_missing_folder_is_named(tmp_path, benchmark_of_people):
    text = refusal(benchmark_of_people, tmp_path / "none")
    assert text.startswith("model.path must be an existing folder or a hub id but got")
    assert str(tmp_path / "none") in text


def test_a_folder_without_a_model_is_named(tmp_path, benchmark_of_people):
    assert "config.json" in refusal(benchmark_of_people, tmp_path)


def test_an_unreachable_hub_id_is_named_with_the_cure(benchmark_of_people):
    text = refusal(benchmark_of_people, "nobody/nothing", local_files_only=True)
    assert "'nobody/nothing'" in text
    assert "check the hub id" in text


def test_a_folder_without_a_tokenizer_is_named(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    for file in folder.glob("*tok*"):
        file.unlink()
    text = refusal(benchmark_of_people, folder)
    assert "tokenizer.json" in text


@pytest.mark.parametrize("size", [0, 4, 2000])
def test_broken_weights_are_named(save_checkpoint, benchmark_of_people, size):
    folder = save_checkpoint("llama")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    text = refusal(benchmark_of_people, folder)
    assert "model.path must be a causal language model" in text
    assert "save the model and its tokenizer there again" in text


def test_a_folder_without_weights_is_named(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    (folder / "model.safetensors").unlink()
    assert str(folder) in refusal(benchmark_of_people, folder)


def test_a_lacking_shard_is_named(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    model = LlamaForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    shards[-1].unlink()
    assert str(folder) in refusal(benchmark_of_people, folder)


def test_weights_that_the_file_lacks_are_not_made_up(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    model = LlamaForCausalLM.from_pretrained(folder)
    state = {k: v for k, v in model.state_dict().items() if "layers.1.mlp" not in k}
    model.save_pretrained(folder, state_dict=state)
    assert "lacks model.layers.1.mlp" in refusal(benchmark_of_people, folder)


def test_weights_of_another_size_are_refused(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 96}))
    assert refusal(benchmark_of_people, folder).startswith("model.path must")


@pytest.mark.parametrize("content", [b"", b"junk"])
def test_a_weight_file_that_cannot_be_read_is_refused(
    content, save_checkpoint, benchmark_of_people
):
    folder = save_checkpoint("llama")
    (folder / "model.safetensors").write_bytes(content)
    assert refusal(benchmark_of_people, folder).startswith("model.path must")


def test_quantised_weights_are_refused_with_the_way_to_unpack_them(benchmark_of_people, tmp_path):
    (tmp_path / "model.Q4_1.gguf").write_bytes(b"GGUF")
    said = refusal(benchmark_of_people, tmp_path)
    assert "with model.Q4_1.gguf, quantised" in said
    assert "GgufConfig(dequantize=True)" in said


def test_a_pickle_is_never_read(save_checkpoint, benchmark_of_people, tmp_path):
    folder = save_checkpoint("llama")
    (folder / "model.safetensors").unlink()
    trace = tmp_path / "was-run"
    torch.save({"lm_head.weight": RunsCode(trace)}, folder / "pytorch_model.bin")
    assert "pytorch_model.bin, a pickle; save" in refusal(benchmark_of_people, folder)
    assert not trace.exists()


class RunsCode:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_code_beside_the_weights_is_never_run_and_nobody_is_asked(
    save_checkpoint, benchmark_of_people, tmp_path, monkeypatch
):
    folder, trace = save_checkpoint("llama"), tmp_path / "was-run"
    (folder / "own.py").write_text(
        f"open({str(trace)!r}, 'w')\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        "class OwnConfig(LlamaConfig): model_type = 'own'\n"
        "class OwnModel(LlamaForCausalLM): config_class = OwnConfig\n"
    )
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"}
    (folder / "config.json").write_text(
        json.dumps({**config, "model_type": "own", "auto_map": own})
    )
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("somebody is asked"))
    assert "code of its own; that is never run" in refusal(benchmark_of_people, folder)
    assert not trace.exists()


@pytest.mark.parametrize("change", [{"model_type": "resnet"}, {"hidden_size": "x"}])
def test_a_configuration_of_something_else_is_refused(change, save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    assert refusal(benchmark_of_people, folder).startswith("model.path must")


def test_a_kernel_that_the_machine_has_not_is_named_by_its_own_key(
    save_checkpoint, benchmark_of_people, monkeypatch
):
    monkeypatch.setattr("trainers.pretrained.is_flash_attn_2_available", lambda: False)
    folder = save_checkpoint("llama")
    settings = {"path": str(folder), "attn_implementation": "flash_attention_2", "dtype": "bf16"}
    Family(Config(**settings)).check(None)  # the ranks may have what the driver has not
    with pytest.raises(ConfigError, match=r"^model\.attn_implementation must be"):
        load(benchmark_of_people, **settings)


def test_the_shape_is_that_of_the_weights_that_are_unlearned(save_checkpoint):
    one, other = save_checkpoint("llama"), save_checkpoint("llama", num_hidden_layers=3)
    family = Family(Config(path=str(one)))
    assert (family.shape(None).num_layers, family.shape(other).num_layers) == (2, 3)
    assert family.shape(None).dtype == torch.float32
    assert Family(Config(path=str(one), dtype="bf16")).shape(None).dtype == torch.bfloat16


def test_a_model_without_a_chat_template_asks_for_tags(save_checkpoint, benchmark_of_people):
    folder = save_checkpoint("llama")
    for file in folder.glob("*.jinja"):
        file.unlink()
    text = refusal(benchmark_of_people, folder)
    assert text.startswith("model.prompt.style must be tags")
    assert (
        load(benchmark_of_people, path=str(folder), prompt=Prompt()).processor.prompt.style
        == "tags"
    )
