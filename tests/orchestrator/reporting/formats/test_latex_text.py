import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from orchestrator.reporting.formats.latex_text import latex_text
from orchestrator.reporting.table import Column, Estimate, Table

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{longtable}
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
    for verb, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if verb == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    kinds = re.findall(r"\\begin\{tabular\}\{([lr]+)\}", text)
    assert kinds == ["lrrrrll"], "numbers stand to the right; the wide column is left out"
    rows = body(text)
    assert len(rows) == 1 + len(table.rows) + 1, "one row has an interval below it"
    assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {7}
    braces = re.sub(r"\\[{}]", "", "".join(rows))
    assert braces.count("{") == braces.count("}")


def test_what_is_infeasible_is_grey_and_what_is_best_bold(table):
    _, original, npo, ends, ga, _ = body(latex_text(table))
    assert ga.count(r"\textcolor{gray}") == 7
    assert "gray" not in original + npo
    assert r"\textbf{\boldmath $0.450$} &" in npo
    assert ends == r" &  & {\scriptsize [$0.438$, $0.463$]} &  &  &  &  \\"
    assert "Grey: infeasible." in latex_text(table)
    assert "Grey" not in latex_text(replace(table, muted=frozenset()))
    assert npo.count(r"\textbf") == 2


def test_columns_are_explained_in_footnotes_and_rows_carry_their_command(table):
    text = latex_text(table)
    assert r"\shortstack{Real\\\& more\textsuperscript{1}}" in text
    assert r"\textsuperscript{1}Real \& more: 100 \% without ROUGE\_L." in text
    assert "\nUNEQUAL BUDGETS.\\par\n" in text
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("npo"))
    assert lines[at - 1] == f"% python -m orchestrator.repeat {16 * 'b'}"
    assert text.count(r"\midrule") == 2, "below the headings, and below what rows are held against"


def test_comments_repeat_each_row_but_do_not_say_where_from_or_whose_it_is(provenance):
    columns = (Column("Method"), Column("Job", wide=True), Column("Repeat", wide=True))
    commands = [f"python -m orchestrator.repeat {c * 16} --storage '/users/al ice'" for c in "ab"]
    table = Table(columns, (("npo", "c" * 16, " && ".join(commands)),), title="One")
    own = replace(provenance, model="causal_lm /users/alice/models/tiny", storage="/users/alice")
    text = latex_text(table, provenance=own)
    assert "alice" not in text
    assert "ice'" not in text
    assert [line for line in text.splitlines() if line.startswith("% ")][2:] == [
        f"% Job: {16 * 'c'}",
        f"% python -m orchestrator.repeat {16 * 'a'}",
        f"% python -m orchestrator.repeat {16 * 'b'}",
    ]
    assert ".../tiny" in text.splitlines()[0]


def test_a_table_has_a_label_of_its_sweep_and_name(table, provenance):
    text = latex_text(table, name="search", provenance=provenance)
    assert r"\caption{The sweep my\_sweep}\label{tab:my_sweep-search}" in text
    assert r"\label" not in latex_text(replace(table, title="")), "nothing has a number"


def test_what_is_wider_than_a_column_takes_both_of_them(table):
    assert r"\begin{table*}" in latex_text(table)
    narrow = Table((Column("Method"), Column("Retain")), (("npo", 0.5),))
    assert r"\begin{table}" in latex_text(narrow)


def test_many_columns_stand_in_blocks_one_below_the_other(table):
    columns = (Column("Method"), *(Column(f"metric {i}", note="one") for i in range(20)))
    text = latex_text(Table(columns, (("npo", *(0.5,) * 20),)))
    assert text.count(r"\begin{tabular}") == 3
    assert text.count("\nMethod & ") == 3
    assert text.count(r"\begin{table") == 1
    assert r"\textsuperscript{20}metric 19: one." in text


def test_many_rows_make_a_table_that_goes_on_over_pages():
    columns = (Column("Method"), Column("lr", ".2e"), Column("Reason"))
    reason = 'the key "loss_x" of {3 %} is ∞'
    table = Table(columns, tuple(("npo", 1e-4, reason) for _ in range(60)), ("Note.",), "All")
    text = latex_text(table)
    assert r"\begin{longtable}" in text
    assert r"\caption{All}\label{tab:table} \\" in text
    assert r"\usepackage{longtable}" in text.splitlines()[0]
    assert text.count(r"\begin{table") == text.count("resizebox") == 0
    assert text.count(r"$1.00\mathrm{e}{-4}$") == 60
    assert (
        r"\parbox[t]{8.5em}{\raggedright the key ''loss\_x'' of \{3 \%\} is $\infty$\strut}" in text
    )
    assert "textquotedbl" not in text
    assert text.rstrip().endswith("Note.\\par\n\\endgroup")


def test_a_long_table_keeps_means_and_intervals_together_and_takes_one_number():
    columns = (Column("Method"), Column("Trial", "d"), *(Column(f"m{i}") for i in range(20)))
    cells = (Estimate(0.5, 0.4, 0.6), *(0.5,) * 19)
    text = latex_text(Table(columns, tuple(("npo", i, *cells) for i in range(40)), title="All"))
    blocks = text.count(r"\begin{longtable}")
    assert blocks > 1
    assert text.count(r"\caption") == 1
    assert text.count(r"\addtocounter{table}{-1}") == blocks - 1
    means = [line for line in text.splitlines() if line.startswith("npo & $7$")]
    assert [line.endswith(r"\\*") for line in means] == [True] + [False] * (blocks - 1)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_takes_it_and_nothing_is_wider_than_the_text(table, provenance, tmp_path):
    odd = (*table.rows, ("dpo", 1e-3, 0.5, -1.0, 1, False, 'é "a_b" 5 % ∞ Łódź \\ [x] --y', "z"))
    floating = replace(table, rows=odd)
    long = replace(table, rows=odd * 12, title="")
    wide = Table(
        (Column("Method"), *(Column(f"metric {i}") for i in range(20))), (("npo", *(0.5,) * 20),)
    )
    texts = [latex_text(each, provenance=provenance) for each in (floating, long, wide)]
    (tmp_path / "table.tex").write_text("\n".join(texts), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(DOCUMENT, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stdout[-2000:]
    assert "Overfull" not in said.stdout
    assert (tmp_path / "paper.pdf").is_file()
