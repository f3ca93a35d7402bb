from orchestrator.reporting.figures.legend_markers import line_sign, method_sign, sign
from orchestrator.reporting.method_styles import Mark, marks_of


def test_a_methods_sign_has_its_mark_and_a_line_of_its_colour_if_asked_for():
    mark = marks_of(["npo"])["npo"]
    made = method_sign(mark)
    assert (made.get_marker(), made.get_markerfacecolor()) == (mark.marker, mark.colour)
    assert made.get_linestyle() == "None"
    assert method_sign(mark, line=True).get_color() == mark.colour
    assert method_sign(Mark("#000000", "o"), line=True).get_linestyle() == "-"
    assert method_sign(Mark("#000000", "o", (5.0, 1.8)), line=True).get_linestyle() == "--"


def test_signs_and_lines_have_no_place():
    assert len(sign("o", "black", size=8).get_xdata()) == 0
    assert len(line_sign("--", "black").get_xdata()) == 0
