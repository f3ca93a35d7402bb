import pytest

from orchestrator.config.loading import load_config
from orchestrator.reporting.published.modality_matching import (
    method_differences,
    mismatches,
    published_row,
    published_rows,
)
from orchestrator.reporting.published.table_3 import METHODS
from tests.fixtures.paths import CONFIGS

CLEAR = str(CONFIGS / "clear_modalities.yaml")


@pytest.mark.parametrize("modality", ["text", "visual", "both"])
def test_a_sweep_has_the_rows_of_what_it_forgets(modality):
    config = load_config(CLEAR, [f"benchmark.forget_modality={modality}"])
    assert mismatches(config) == ()
    rows = published_rows(config)
    for label, name in {"llmu": "LLMU", "scrub": "SCRUB", "dpo": "DPO"}.items():
        plain = config.methods[f"{label}_text"].model_copy(update={"forget": ""})
        assert published_row(plain, rows) == METHODS[modality][name]


def test_a_method_has_the_row_of_the_modality_that_it_forgets():
    config = load_config(CLEAR, [])
    rows = published_rows(config)
    found = {label: published_row(method, rows) for label, method in config.methods.items()}
    assert found == {
        f"{name.lower()}_{modality}": row
        for modality, methods in METHODS.items()
        for name, row in methods.items()
    }


def test_what_was_not_published_has_no_row():
    config = load_config(str(CONFIGS / "clear_multimodal_llava.yaml"), [])
    assert published_row(config.methods["sku"], published_rows(config)) is None


def test_a_method_says_that_the_published_code_does_another():
    config = load_config(CLEAR, [])
    assert method_differences(config.methods["dpo_both"]) == (
        "the published code does what is dpo_clear_repo here",
    )
