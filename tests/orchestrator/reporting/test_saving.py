import pytest

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.layout import Column, Table
from orchestrator.reporting.saving import FORMATS, save

TABLE = Table((Column("Method"), Column("Retain")), (("npo", 0.5),))


def test_a_saved_table_is_found_in_every_format_that_was_asked_for(tmp_path):
    paths = save(TABLE, tmp_path, "table", formats=FORMATS)
    assert [path.name for path in paths] == ["table.csv", "table.md", "table.tex", "table.json"]
    assert sorted(tmp_path.iterdir()) == sorted(paths), "nothing else is left"
    assert paths[0].read_text(encoding="utf-8") == csv_text(TABLE)


def test_a_format_that_does_not_exist_is_a_mistake(tmp_path):
    with pytest.raises(AssertionError):
        save(TABLE, tmp_path, "table", formats=("xls",))
