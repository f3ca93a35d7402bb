from orchestrator.config.loading import load_config
from orchestrator.reporting.published.l1_matching import (
    differences,
    is_ablation,
    mismatches,
    published_row,
    published_rows,
)
from orchestrator.reporting.published.table_4 import WITH_L1, WITHOUT_L1
from tests.fixtures.paths import CONFIGS

CLEAR = str(CONFIGS / "clear_l1_ablation.yaml")


def test_each_of_a_pair_has_its_own_row():
    config = load_config(CLEAR, [])
    rows = published_rows(config)
    assert published_row(config.methods["ga"], rows) == WITH_L1["GA"]
    assert published_row(config.methods["ga_no_l1"], rows) == WITHOUT_L1["GA"]
    assert differences(config)[-1].startswith("a pair differs in nothing but L1 here")


def test_one_modality_alone_is_another_setting():
    config = load_config(CLEAR, ["benchmark.forget_modality=text"])
    assert mismatches(config) == ("benchmark.forget_modality is text, not both",)
    assert published_rows(config) is None


def test_an_ablation_has_methods_with_and_without_l1():
    assert is_ablation(load_config(CLEAR, []))
    assert not is_ablation(load_config(str(CONFIGS / "clear_modalities.yaml"), []))


def test_a_method_that_forgets_one_modality_alone_has_no_row():
    config = load_config(CLEAR, ["methods.ga.forget=text", "methods.gd.forget=both"])
    rows = published_rows(config)
    assert published_row(config.methods["ga"], rows) is None
    assert published_row(config.methods["gd"], rows) == WITH_L1["GD"]
