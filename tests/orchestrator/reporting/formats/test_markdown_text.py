import re

from orchestrator.reporting.formats.markdown_text import markdown_text
from orchestrator.reporting.table import Column, Table


def test_the_whole_table_looks_like_the_golden_file(fakes, table):
    fakes.check_golden("table.md", markdown_text(table))


def test_it_is_aligned_and_rounded_and_what_is_best_is_bold(table):
    lines = markdown_text(table).splitlines()[:6]
    assert len({len(line) for line in lines}) == 1
    assert "| 3.14e-04 | **0.450 [0.438, 0.463]** |" in lines[3]
    assert "3.14159" not in "".join(lines)


def test_a_bar_or_a_line_break_in_a_cell_does_not_break_the_table(table):
    lines = markdown_text(table).splitlines()
    assert "0.5 \\| <#1>" in lines[4]
    assert "a \\\\ {b} ~ ^ $5 new" in lines[5]


def test_nothing_that_a_cell_or_a_note_says_is_html_or_markdown():
    cells = ("<img src=x onerror=alert(1)>", "a\\|b", "*so* `x` &lt;b> 3 < 4 & 5", "</td>\r<!--")
    table = Table(tuple(map(Column, "abcd")), (cells,), notes=("lost: <script>\n| a |",))
    text = markdown_text(table)
    assert not re.search(r"(?<!\\)<[a-z/!]", text)
    assert r"| \<img src=x" in text
    assert r"a\\\|b" in text
    assert r"\*so\* \`x\` \&lt;b> 3 < 4 & 5" in text
    assert r"\</td> \<!--" in text
    assert "\nlost: \\<script> \\| a \\|\n" in text, "a note is one line"


def test_wide_columns_are_left_out_and_what_is_known_of_columns_stands_below(table):
    text = markdown_text(table)
    assert "Repeat" not in text
    assert "\nReal & more: 100 % without ROUGE_L\n" in text


def test_a_table_without_rows_is_its_headings():
    assert markdown_text(Table((Column("a"), Column("b")), ())) == "| a   | b   |\n| --- | --- |\n"
