import pytest

from orchestrator.reporting.formats.latex_escape import escaped, number, unplaced


def test_everything_that_latex_reads_as_something_else_is_escaped():
    assert escaped("a_b & 5% #1 $2 {c}") == r"a\_b \& 5\% \#1 \$2 \{c\}"
    assert escaped("\\~^<|>") == (
        r"\textbackslash{}\textasciitilde{}\textasciicircum{}\textless{}\textbar{}\textgreater{}"
    )
    assert escaped("[a]") == "{[}a]", "after the end of a row a bracket would be its argument"


def test_quotes_need_no_font_that_the_oldest_one_is_not():
    assert escaped('the key "lr" is `lost`') == "the key ''lr'' is 'lost'"
    assert escaped("“a” and ‘b’ …") == "''a'' and 'b' ..."


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("retain >= 0.7 and forget <= 0.2", r"retain $\geq$ 0.7 and forget $\leq$ 0.2"),
        ("∞ ± µ − β", r"$\infty$ $\pm$ $\mu$ $-$ $\beta$"),
        ("below -3.0, at -inf", r"below $-$3.0, at -inf"),
        ("retain-ft and 1e-4", "retain-ft and 1e-4"),
        ("see --plan – or not", "see -{}-plan -- or not"),
        ("naïve Müller Ångström", "naïve Müller Ångström"),
        ("Łódź ő 学\x07x", "?ódz o ? x"),
        ("½ ﬁ", "1?2 fi"),
        ("two\r\nlines\u2028more", "two lines more"),
    ],
)
def test_what_cannot_be_set_is_replaced(text, made):
    assert escaped(text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("No space: '/users/alice/runs/jobs/x.bin'", "No space: '.../x.bin'"),
        ("/users/alice may only be read", "... may only be read"),
        ("kept at s3://bucket/team/lethe.", "kept at .../lethe."),
        ("file:///users/alice/model: gone", "file .../model: gone"),
        ("~/papers/alice/x (is lost)", ".../x (is lost)"),
        ("and/or, 3/4, meta-llama/Llama-2-7b", "and/or, 3/4, meta-llama/Llama-2-7b"),
    ],
)
def test_a_path_does_not_say_whose_it_is(text, made):
    assert unplaced(text) == made.replace("file ", "")


def test_numbers_are_mathematics():
    assert number("-3.26") == "$-3.26$"
    assert number("3.14e-04") == r"$3.14 \times 10^{-4}$"
    assert number("3.14e-04", brief=True) == r"$3.14\mathrm{e}{-4}$"
    assert number("1.00e+00") == "$1.00$"
    assert (number("nan"), number("-inf")) == ("nan", "-inf")
