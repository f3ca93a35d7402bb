import pytest

from orchestrator.config.loading import load_config
from orchestrator.reporting.published import (
    l1_matching,
    matching,
    modality_matching,
    vision_matching,
)
from orchestrator.reporting.published.paper_table import paper_table
from tests.fixtures.paths import CONFIGS


@pytest.mark.parametrize(
    ("name", "module", "table"),
    [
        ("demo", matching, "Table 1"),
        ("vision_tiny", vision_matching, "Table 2"),
        ("clear_multimodal_llava", modality_matching, "Table 3"),
        ("clear_l1_ablation", l1_matching, "Table 4"),
    ],
)
def test_a_sweep_is_held_against_the_table_of_its_rows(name, module, table):
    assert paper_table(load_config(str(CONFIGS / f"{name}.yaml"), [])) is module
    assert table == module.TABLE
