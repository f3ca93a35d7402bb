"""What is loaded fits together, and is saved as published models lie in their folders."""

import json
import shutil

import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, CLIPImageProcessorPil

from evals.errors import ConfigError
from tests.fixtures.vision_language import ARCHITECTURES, LLAVA_TEMPLATE
from trainers.models.vision_language import Config, Family
from trainers.multimodal.loading import load_text
from trainers.pretrained import Source


@pytest.fixture
def copied(folders, tmp_path):
    """Returns `copied(architecture)`: a folder to harm."""

    def copy(architecture):
        shutil.copytree(folders[architecture], tmp_path / architecture)
        return tmp_path / architecture

    return copy


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_transformers_itself_loads_what_was_saved_with_equal_logits(
    load, batch_of, architecture, tmp_path
):
    loaded = load(architecture, cache=None)
    folder = tmp_path / "saved"
    loaded.save(folder, state=loaded.model.state_dict())
    plain = AutoModelForImageTextToText.from_pretrained(folder).eval()
    batch = batch_of(loaded, slice(0, 2))
    values, more = batch.inputs["pixel_values"], {}
    if "image_grid_thw" in batch.inputs:
        values = values.flatten(0, 1)
        token_id = plain.config.image_token_id
        more = {
            "image_grid_thw": batch.inputs["image_grid_thw"],
            "mm_token_type_ids": (batch.inputs["input_ids"] == token_id).long(),
        }
    with torch.no_grad():
        expected = plain(
            input_ids=batch.inputs["input_ids"],
            attention_mask=batch.inputs["attention_mask"],
            pixel_values=values,
            **more,
        ).logits
        found = loaded.model(**batch.inputs).logits
    assert torch.equal(found, expected)


def test_transformers_own_processor_makes_the_rows_that_the_encoder_makes(
    load, batch_of, pictured, tmp_path
):
    loaded = load("llava", cache=None)
    loaded.save(tmp_path / "saved")
    processor = AutoProcessor.from_pretrained(tmp_path / "saved")
    example = pictured.splits["full"][0]
    text = processor.apply_chat_template(
        [
            {
                "role": "user",
                "content": [{"type": "image"}, {"type": "text", "text": example.question}],
            }
        ],
        add_generation_prompt=True,
    )
    own = processor(images=Image.fromarray(example.picture.pixels), text=text, return_tensors="pt")
    batch = batch_of(loaded, slice(0, 1))
    prompt = own["input_ids"][0]
    assert batch.inputs["input_ids"][0, : len(prompt)].tolist() == prompt.tolist()
    assert torch.equal(batch.inputs["pixel_values"], own["pixel_values"])


def check(folder):
    Family(Config(path=str(folder))).check(None)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_whole_folder_is_accepted(folders, architecture):
    check(folders[architecture])


def test_a_folder_without_an_image_processor_is_refused(copied):
    folder = copied("llava")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ConfigError, match=r"preprocessor_config\.json or processor_config\.json"):
        check(folder)


@pytest.mark.parametrize(
    ("architecture", "size", "reason"),
    [("llava", 48, r"doesn't match model"), ("qwen2_vl", 32, "patches with image_grid_thw")],
)
def test_a_foreign_image_processor_is_refused(copied, architecture, size, reason):
    folder = copied(architecture)
    sides = {"height": size, "width": size}
    CLIPImageProcessorPil(size=sides, crop_size=sides).save_pretrained(folder)
    with pytest.raises(ConfigError, match=rf"its tower was trained with .*{reason}"):
        check(folder)


@pytest.mark.parametrize(("key", "value"), [("patch_size", 16), ("merge_size", 1)])
def test_patches_that_the_tower_does_not_take_are_refused(copied, key, value):
    folder = copied("qwen2_vl")
    file = folder / "preprocessor_config.json"
    said = {**json.loads(file.read_text()), key: value}
    if key == "merge_size":
        said["size"] = {"shortest_edge": 24 * 24, "longest_edge": 24 * 24}
    file.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match="image processor that its tower was trained with"):
        check(folder)


def test_a_template_in_a_file_of_its_own_is_found(copied):
    folder = copied("llava")
    (folder / "chat_template.jinja").unlink()
    source = Source(path=str(folder))
    assert not load_text(source).chat_template
    with pytest.raises(ConfigError, match="without a chat template"):
        check(folder)
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": LLAVA_TEMPLATE}))
    assert load_text(source).chat_template == LLAVA_TEMPLATE


def test_a_language_model_without_eyes_is_refused(tmp_path, copied):
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = copied("llava")
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=300, num_hidden_layers=1, **shape)).save_pretrained(
        folder
    )
    with pytest.raises(ConfigError, match=r"model\.path must be a vision-language model"):
        check(folder)
