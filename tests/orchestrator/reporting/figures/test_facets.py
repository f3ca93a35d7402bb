import pytest

from orchestrator.reporting.figures.facets import facets, legend_below
from orchestrator.reporting.figures.legend_markers import struck_sign
from orchestrator.reporting.method_styles import marks_of


@pytest.mark.parametrize("num", [1, 2, 4, 5, 11, 16])
def test_every_method_has_a_plot_within_the_figure_and_none_covers_another(num):
    labels = [f"method{i}" for i in range(num)]
    made = facets(labels, marks_of(labels))
    assert list(made.plots) == labels
    boxes = [axes.get_position() for axes in made.plots.values()]
    for i, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_plots_share_their_axes_unless_told_otherwise():
    shared = list(facets(["a", "b"], marks_of(["a", "b"])).plots.values())
    shared[0].set(xlim=(0, 7), ylim=(0, 9))
    assert (shared[1].get_xlim(), shared[1].get_ylim()) == ((0, 7), (0, 9))
    own = list(facets(["a", "b"], marks_of(["a", "b"]), shares_up=False).plots.values())
    own[0].set(xlim=(0, 7), ylim=(0, 9))
    assert own[1].get_xlim() == (0, 7)
    assert own[1].get_ylim() != (0, 9)


@pytest.mark.parametrize("num", [3, 8])
def test_a_legend_stays_within_the_figure(num):
    figure = facets(["a"], marks_of(["a"])).figure
    legend_below(figure, [(f"a sign of some length {i}", struck_sign()) for i in range(num)])
    (legend,) = figure.legends
    assert legend.get_window_extent().x1 <= figure.bbox.x1
    assert len(legend.get_texts()) == num
