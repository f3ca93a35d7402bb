import itertools

from orchestrator.reporting.figures.placement import Box, place

BOUNDS = Box(0, 0, 1000, 600)
SIZE = (80.0, 20.0)


def test_overlap_is_the_area_that_both_cover():
    assert Box(0, 0, 4, 3).overlap(Box(2, 1, 9, 9)) == 4  # 2 wide, 2 high
    assert Box(0, 0, 4, 3).overlap(Box(4, 0, 9, 9)) == 0


def test_a_lonely_points_label_is_at_its_right():
    (box,) = place([(500, 300)], [SIZE], taken=[], bounds=BOUNDS)
    assert box.left > 500
    assert box.centre[1] == 300


def test_a_label_stays_inside_the_bounds():
    corners = [(995, 595), (5, 5), (995, 5), (5, 595)]
    for box in place(corners, [SIZE] * 4, taken=[], bounds=BOUNDS):
        assert BOUNDS.holds(box)


def test_labels_of_crowded_points_do_not_cover_each_other_or_the_points():
    crowd = [(500 + 6.0 * i, 300 + 4.0 * (i % 3)) for i in range(11)]
    marks = [Box.around(x, y, 16, 16) for x, y in crowd]
    boxes = place(crowd, [SIZE] * 11, taken=marks, bounds=BOUNDS)
    assert all(a.overlap(b) == 0 for a, b in itertools.combinations(boxes, 2))
    assert all(box.overlap(mark) == 0 for box in boxes for mark in marks)


def test_a_label_avoids_what_is_taken():
    right = Box(505, 200, 700, 400)
    (box,) = place([(500, 300)], [SIZE], taken=[right], bounds=BOUNDS)
    assert box.overlap(right) == 0


def test_the_way_to_a_label_leads_past_no_other_point():
    # The nearest free place is 100 to the right of the first point, straight behind the second.
    wall = Box(305, 0, 590, 600)
    first, _ = place([(500, 300), (575, 300)], [SIZE] * 2, taken=[wall], bounds=BOUNDS)
    assert first.overlap(wall) < 0.05 * 80 * 20
    assert abs(first.centre[1] - 300) > 10 or first.right < 500


def test_a_label_rather_covers_a_little_than_goes_far():
    stripes = [Box(x, 0, x + 4, 600) for x in range(280, 690, 40)]
    (box,) = place([(500, 300)], [SIZE], taken=stripes, bounds=BOUNDS)
    assert abs(box.centre[0] - 500) < 100


def test_a_label_without_any_room_inside_is_placed_all_the_same():
    assert len(place([(5, 5)], [SIZE], taken=[], bounds=Box(0, 0, 10, 10))) == 1
