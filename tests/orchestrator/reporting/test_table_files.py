import pytest

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.table import Column, Printed, Table
from orchestrator.reporting.table_files import FORMATS, files_of, save

TABLE = Table((Column("Method"), Column("Retain")), (("npo", 0.5),))


def test_a_saved_table_is_found_in_every_format_that_was_asked_for(tmp_path):
    paths = save(TABLE, tmp_path, "table", formats=FORMATS)
    assert [path.name for path in paths] == ["table.csv", "table.md", "table.tex", "table.json"]
    assert sorted(tmp_path.iterdir()) == sorted(paths), "nothing else is left"
    assert paths[0].read_text(encoding="utf-8") == csv_text(TABLE)


def test_a_format_that_does_not_exist_is_a_mistake(tmp_path):
    with pytest.raises(AssertionError):
        save(TABLE, tmp_path, "table", formats=("xls",))


def test_what_stands_apart_on_paper_is_a_second_file_of_latex_alone(tmp_path):
    columns = (*TABLE.columns, Column("lr", ".2e", printed=Printed.APART))
    table = Table(columns, (("npo", 0.5, 1e-4),))
    for name, second in (("table", "settings"), ("search", "search_settings")):
        paths = save(table, tmp_path, name, formats=FORMATS)
        assert [path.name for path in paths][4:] == [f"{second}.tex"]
        assert paths == tuple(files_of(table, tmp_path, name, formats=FORMATS))
        assert "& lr" not in (tmp_path / f"{name}.tex").read_text("utf-8")
        assert "& lr" in (tmp_path / f"{second}.tex").read_text("utf-8")
    assert len(save(table, tmp_path, "table", formats=("csv",))) == 1
