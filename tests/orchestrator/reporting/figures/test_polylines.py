"""Lines of one level are one collection, in their order, and a plot has room for all of them."""

from orchestrator.reporting.figures.canvas import new_figure
from orchestrator.reporting.figures.polylines import Pen, draw_lines
from tests.fixtures.drawn_lines import num_lines


def test_lines_of_one_level_are_drawn_together_in_order_and_the_axes_reach_all() -> None:
    axes = new_figure().add_axes((0.1, 0.1, 0.8, 0.8))
    thin, bold = Pen("red", "-", 1.0, 0.5, 3), Pen("blue", (0.0, (4.0, 3.0)), 2.0, 1.0, 5)
    other = Pen("lime", "-", 3.0, 1.0, 3)
    places = [(0.0, 1.0), (2.0, 30.0)]
    draw_lines(axes, [(thin, places), (bold, [(1.0, -4.0), (3.0, 0.0)]), (other, places)])
    assert axes.collections[0].get_colors().tolist() == [[1, 0, 0, 0.5], [0, 1, 0, 1]]
    assert axes.collections[0].get_linewidths().tolist() == [1.0, 3.0]
    assert [len(each.get_segments()) for each in axes.collections] == [2, 1]
    assert [each.get_zorder() for each in axes.collections] == [3, 5]
    assert num_lines(axes) == 3
    low, high = axes.get_ylim()
    assert low < -4.0
    assert high > 30.0
