import re
import shutil
import subprocess

import pytest

from orchestrator.reporting.formats.latex_text import escaped, latex_text, number
from orchestrator.reporting.layout import Column, Table

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{xcolor}
\begin{document}
\input{table}
\end{document}
"""


def body(text):
    """Returns the lines between the rules of the table."""
    inside = text.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    return [line for line in inside.splitlines() if line.endswith(r"\\")]


def test_the_whole_table_looks_like_the_golden_file(fakes, table, provenance):
    fakes.check_golden("table.tex", latex_text(table, provenance=provenance))


def test_environments_end_in_turn_and_every_row_has_every_column(table, provenance):
    text = latex_text(table, provenance=provenance)
    open_ones = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if verb == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    kinds = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)
    assert kinds is not None
    assert kinds[1] == "lrrrrll", "numbers stand to the right; the wide column is left out"
    rows = body(text)
    assert len(rows) == 1 + len(table.rows)
    assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {7}
    braces = re.sub(r"\\[{}]", "", "".join(rows))
    assert braces.count("{") == braces.count("}")


def test_everything_that_latex_reads_as_something_else_is_escaped(table):
    assert escaped("a_b & 5% #1 $2 {c}") == r"a\_b \& 5\% \#1 \$2 \{c\}"
    assert escaped("\\~^<|>") == (
        r"\textbackslash{}\textasciitilde{}\textasciicircum{}\textless{}\textbar{}\textgreater{}"
    )
    assert "npo\\_rt" in latex_text(table)


def test_numbers_are_mathematics():
    assert number("-3.26") == "$-3.26$"
    assert number("3.14e-04") == r"$3.14 \times 10^{-4}$"
    assert (number("nan"), number("-inf")) == ("nan", "-inf")


def test_what_is_infeasible_is_grey_and_what_is_best_bold(table):
    _, original, npo, ga, _ = body(latex_text(table))
    assert ga.count(r"\textcolor{gray}") == 7 - ga.count("& &") - ga.startswith(" &")
    assert "gray" not in original + npo
    assert r"\textbf{\boldmath $0.450$} {\scriptsize [$0.438$, $0.463$]}" in npo
    assert npo.count(r"\textbf") == 2


def test_columns_are_explained_in_footnotes_and_rows_carry_their_command(table):
    text = latex_text(table)
    assert r"Real \& more\textsuperscript{1}" in body(text)[0]
    assert r"\textsuperscript{1}Real \& more: 100 \% without ROUGE\_L." in text
    assert "\nUNEQUAL BUDGETS.\\par\n" in text
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("npo"))
    assert lines[at - 1] == "% Repeat: repeat b"
    assert text.count(r"\midrule") == 2, "below the headings, and below what rows are held against"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_takes_it(table, provenance, tmp_path):
    (tmp_path / "table.tex").write_text(latex_text(table, provenance=provenance), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(DOCUMENT, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stdout[-2000:]
    assert (tmp_path / "paper.pdf").is_file()


def test_a_column_that_is_empty_takes_no_room():
    columns = (Column("Method"), Column("Rank", "d"), Column("Note", note="explained"))
    text = latex_text(Table(columns, (("npo", None, ""), ("ga", 2, ""))))
    assert r"Method & Rank \\" in text
    assert "explained" not in text
    assert r"Method & Rank & Note" in latex_text(Table(columns, ())), "without rows all stand"
