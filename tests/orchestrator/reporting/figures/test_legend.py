import pytest

from orchestrator.reporting.figures.canvas import HEIGHT_INCHES, new_figure
from orchestrator.reporting.figures.legend import height_for, legend_beside
from orchestrator.reporting.figures.legend_markers import method_sign
from orchestrator.reporting.method_styles import marks_of


@pytest.mark.parametrize("num", [1, 11, 23, 24, 60])
@pytest.mark.parametrize("letter", ["i", "m"])
def test_it_is_within_the_figure_however_many_and_wide_its_rows(num, letter):
    labels = [letter * 14 for _ in range(num)]
    mark = marks_of(["npo"])["npo"]
    figure = new_figure(height_for(labels))
    legend_beside(
        figure, [(text, method_sign(mark, line=True)) for text in labels], left=0.81, top=0.86
    )
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 + 1
    assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    assert legend.get_texts()[0].get_fontsize() > 5


def test_a_figure_is_as_high_as_its_legend_asks_for():
    assert height_for(["a"] * 20) == HEIGHT_INCHES
    assert height_for(["two\nlines"] * 33) == 2 * HEIGHT_INCHES
