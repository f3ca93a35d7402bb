import pytest

from orchestrator.config.loading import load_config
from orchestrator.reporting.published.multimodal_setting import (
    setting_differences,
    setting_mismatches,
)
from tests.fixtures.paths import CONFIGS

CLEAR = str(CONFIGS / "clear_modalities.yaml")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("benchmark.forget=forget05", "benchmark.forget is forget05, not forget10"),
        ("evaluation.max_items=100", "evaluation.max_items is 100, not 300"),
        ("model.path=Qwen/Qwen2-VL-2B", "the model is Qwen/Qwen2-VL-2B, not llava-1.5-7b"),
    ],
)
def test_other_data_or_another_model_are_another_setting(override, said):
    assert tuple(setting_mismatches(load_config(CLEAR, [override]))) == (said,)


def test_drawn_people_are_another_benchmark():
    config = load_config(str(CONFIGS / "modalities_tiny.yaml"), [])
    assert [*setting_mismatches(config)] == ["the benchmark is pictured_characters, not clear"]


def test_another_recipe_is_told():
    assert len(setting_differences(load_config(CLEAR, []))) == 2, "what is so by design"
    words = ["training.epochs=5", "adapter.rank=4", "benchmark.path=some/CLEAR"]
    found = setting_differences(load_config(CLEAR, words))
    assert "training.epochs 5 here, 3 there" in found
    assert "adapter.rank 4 here, 8 there" in found
    assert "data of some/CLEAR here, therem/CLEAR there" in found
