from orchestrator.reporting.figures.canvas import new_figure
from orchestrator.reporting.figures.naming import pixels, write_names
from orchestrator.reporting.figures.points import Named
from trainers.job import Phase


def named(label, x, y):
    return Named(label, Phase.TRIAL, x, y)


def written(points):
    axes = new_figure().add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    write_names(axes, points, taken=[])
    return axes


def test_names_stand_near_their_points_and_do_not_cover_each_other():
    points = [named(f"name{i}", 0.5, 0.5) for i in range(6)]
    axes = written(points)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == [one.title for one in points]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_names_keep_their_places_at_any_resolution():
    axes = written([named("here", 0.25, 0.75)])
    figure = axes.figure
    centre = axes.texts[0].get_window_extent()
    middle = [(a + b) / 2 for a, b in zip(centre.p0, centre.p1, strict=True)]
    share = figure.transFigure.inverted().transform(middle)
    figure.set_dpi(72)
    again = axes.texts[0].get_window_extent()
    moved = [(a + b) / 2 for a, b in zip(again.p0, again.p1, strict=True)]
    assert abs(figure.transFigure.inverted().transform(moved) - share).max() < 5e-3


def test_a_place_in_pixels_is_that_of_the_data():
    axes = written([])
    frame = axes.get_window_extent()
    assert pixels(axes, 0.0, 1.0) == (frame.x0, frame.y1)
