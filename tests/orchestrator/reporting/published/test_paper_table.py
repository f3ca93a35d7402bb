from orchestrator.config.loading import load_config
from orchestrator.reporting.published import matching, vision_matching
from orchestrator.reporting.published.paper_table import paper_table
from tests.fixtures.paths import CONFIGS


def test_pictures_are_held_against_table_2_and_texts_against_table_1():
    assert paper_table(load_config(str(CONFIGS / "vision_tiny.yaml"), [])) is vision_matching
    assert paper_table(load_config(None, [])) is matching
    assert (matching.TABLE, vision_matching.TABLE) == ("Table 1", "Table 2")
