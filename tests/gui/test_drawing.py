"""Tools, undo and redo: every stroke comes back to the byte."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent
from pytestqt.qtbot import QtBot

from pixpaint.document import Document
from pixpaint.gui.brush import covered, enclosed, inked
from pixpaint.gui.commands import History
from pixpaint.gui.editor import Editor
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.tools import BRUSH, ERASER, LASSO, PENCIL, PICKER, RECTANGLE, TOOLS, WAND, ToolBox
from pixpaint.gui.view import View
from pixpaint.gui.wand import alike

Planes = tuple[np.ndarray, np.ndarray | None, np.ndarray]


def planes(document: Document) -> Planes:
    copy = document.copy()
    return copy.pixels, copy.alpha, copy.hole


def assert_same(document: Document, before: Planes) -> None:
    for now, then in zip(planes(document), before, strict=True):
        np.testing.assert_array_equal(now, then)


def on_canvas(window: MainWindow, row: float, column: float) -> QPoint:
    x, y = window.canvas.view.to_widget((row, column))
    return QPoint(round(x), round(y))


def drag(
    qtbot: QtBot,
    window: MainWindow,
    start: tuple[float, float],
    end: tuple[float, float],
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
) -> None:
    qtbot.mousePress(window.canvas, button, pos=on_canvas(window, *start))
    for share in (0.3, 0.7, 1.0):
        row, column = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        qtbot.mouseMove(window.canvas, on_canvas(window, row, column))
    qtbot.mouseRelease(window.canvas, button, pos=on_canvas(window, *end))


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, ["#"]), (2, ["##", "##"]), (3, [".#.", "###", ".#."]), (4, [".##.", "####", "####", ".##."])],
)
def test_a_click_covers_a_disc(size: int, expected: list[str]) -> None:
    centre = (5 + size / 2, 6 + size / 2)
    (top, left, bottom, right), where = covered(centre, centre, size, 20, 20)
    assert (top, left, bottom - top, right - left) == (5, 6, size, size)
    assert ["".join("#" if pixel else "." for pixel in line) for line in where] == expected


def test_a_thin_line_has_one_pixel_a_step_and_no_gap() -> None:
    _, where = covered((0.5, 0.5), (3.5, 9.5), 1, 20, 20)
    assert where.sum() == 10
    assert where.any(axis=0).all()


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("end", [(20.5, 70.5), (60.3, 61.7), (43.0, 20.5)])
def test_a_soft_line_holds_as_much_ink_as_its_width_and_length(size: int, end: tuple[float, float]) -> None:
    start = (20.5, 20.5)
    _, amount = inked(start, end, size, 100, 100)
    assert 0 <= amount.min() <= amount.max() <= 1
    length = np.hypot(end[0] - start[0], end[1] - start[1])
    assert amount.sum() == pytest.approx(size * length + np.pi * size**2 / 4, rel=0.05)


def test_a_line_along_a_row_of_pixels_is_sharp() -> None:
    (top, left, _, _), amount = inked((5.5, 2.5), (5.5, 9.5), 1, 20, 20)
    np.testing.assert_array_equal(amount[5 - top, 2 - left : 10 - left], 1)
    assert amount.sum() == 8


def test_the_segments_of_a_stroke_do_not_darken_each_other(window: MainWindow) -> None:
    window.documents.show(Document.blank(40, 48), "a")
    window.tools.choose(PENCIL)
    window.tools.set_colours((0, 0, 0), (255, 255, 255))
    pictures = []
    for steps in (1, 50):
        window.tools.press((10.0, 5.0), False)
        for step in range(steps):
            window.tools.move((10 + 20 * (step + 1) / steps, 5 + 30 * (step + 1) / steps))
        window.tools.move((10.0, 5.0))
        window.tools.release()
        pictures.append(window.editor.document.pixels.astype(int))
        window.does.undo.trigger()
    assert np.abs(pictures[0] - pictures[1]).max() <= 3


@given(
    st.tuples(st.floats(-30, 50), st.floats(-30, 50)),
    st.tuples(st.floats(-30, 50), st.floats(-30, 50)),
    st.integers(1, 40),
)
def test_a_stroke_stays_in_its_box_and_its_box_in_the_picture(
    start: tuple[float, float], end: tuple[float, float], size: int
) -> None:
    (top, left, bottom, right), where = covered(start, end, size, 17, 23)
    assert 0 <= top <= bottom <= 17 or top == bottom
    assert 0 <= left <= right <= 23 or left == right
    assert where.shape == (bottom - top, right - left)


def test_the_mask_brush_masks_and_its_right_button_unmasks(qtbot: QtBot, window: MainWindow) -> None:
    window.tools.choose(BRUSH)
    window.tools.set_size(3)
    before = planes(window.editor.document)
    drag(qtbot, window, (10.5, 5.5), (10.5, 30.5))
    hole = window.editor.document.hole
    assert hole[10, 5:31].all()
    assert hole[9, 5:31].all()
    assert hole.sum() < 3 * 28
    np.testing.assert_array_equal(window.editor.document.pixels, before[0])
    drag(qtbot, window, (10.5, 4.5), (10.5, 32.5), Qt.MouseButton.RightButton)
    assert not hole.any()
    window.does.undo.trigger()
    window.does.undo.trigger()
    assert_same(window.editor.document, before)


def test_the_pencil_draws_ink_and_its_right_button_paper(qtbot: QtBot, window: MainWindow) -> None:
    window.does.tools[PENCIL].trigger()
    window.tools.set_size(1)
    drag(qtbot, window, (20.5, 5.5), (20.5, 30.5))
    pixels = window.editor.document.pixels
    assert not pixels[20, 5:31].any()
    drag(qtbot, window, (20.5, 5.5), (20.5, 30.5), Qt.MouseButton.RightButton)
    assert (pixels[20, 5:31] == 255).all()
    assert window.does.undo.text() == "&Undo Pencil Stroke"


def test_the_eraser_erases_what_the_tool_before_it_made(qtbot: QtBot, window: MainWindow) -> None:
    window.editor.mask_all()
    window.does.tools[BRUSH].trigger()
    window.does.tools[ERASER].trigger()
    drag(qtbot, window, (20.5, 5.5), (20.5, 30.5))
    assert not window.editor.document.hole[20, 5:31].any()
    window.does.tools[PENCIL].trigger()
    window.does.tools[ERASER].trigger()
    drag(qtbot, window, (5.5, 5.5), (5.5, 30.5))
    assert (window.editor.document.pixels[5, 5:31] == 255).all()
    assert window.editor.document.hole[5, 5:31].all()


def test_the_rectangle_masks_both_corners(qtbot: QtBot, window: MainWindow) -> None:
    window.does.tools[RECTANGLE].trigger()
    drag(qtbot, window, (30.5, 20.5), (10.5, 5.5))
    hole = window.editor.document.hole
    assert hole[10:31, 5:21].all()
    assert hole.sum() == 21 * 16


def test_the_rectangle_by_keyboard_alone(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_M)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Down)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert window.editor.document.hole.sum() == 2 * 11
    assert window.editor.document.hole[20:22, 14:25].all()


def test_escape_drops_a_rectangle(qtbot: QtBot, window: MainWindow) -> None:
    window.does.tools[RECTANGLE].trigger()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert window.tools.gesture is not None
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not window.editor.document.hole.any()
    assert window.editor.history.count() == 0


def test_the_lasso_masks_what_it_encloses(qtbot: QtBot, window: MainWindow) -> None:
    """Around a diamond; its corners are on the line."""
    window.does.tools[LASSO].trigger()
    corners = [(20.5, 10.5), (10.5, 20.5), (20.5, 30.5), (30.5, 20.5)]
    qtbot.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, *corners[0]))
    for corner in corners[1:]:
        qtbot.mouseMove(window.canvas, on_canvas(window, *corner))
    assert not window.editor.document.hole.any(), "it takes effect when it is closed"
    assert len(window.tools.gesture.outline) == 4
    qtbot.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, *corners[-1]))
    rows, columns = np.indices((40, 48))
    diamond = np.abs(rows - 20) + np.abs(columns - 20) <= 10
    np.testing.assert_array_equal(window.editor.document.hole, diamond)
    window.does.undo.trigger()
    assert not window.editor.document.hole.any()


@pytest.mark.parametrize(
    "line", [[(5.5, 5.5)], [(-9.0, -9.0), (-3.0, -2.0)], [(90.0, 3.0)], [(5.0, 5.0), (5.0, 5.0)]]
)
def test_a_lasso_that_encloses_next_to_nothing_does_no_harm(line: list[tuple[float, float]]) -> None:
    (top, left, bottom, right), where = enclosed(line, 20, 30)
    assert where.shape == (bottom - top, right - left)
    assert not where.any()


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.7])
def test_a_lasso_takes_the_pixels_that_its_line_is_on(fraction: float) -> None:
    a, b = 2 + fraction, 7 + fraction
    box, where = enclosed([(a, a), (a, b), (b, b), (b, a)], 20, 30)
    assert box == (2, 2, 8, 8)
    assert where.all()


def test_a_lasso_is_cut_at_the_picture_s_edges() -> None:
    box, where = enclosed([(-10.0, -10.0), (-10.0, 50.0), (50.0, 50.0), (50.0, -10.0)], 20, 30)
    assert box == (0, 0, 20, 30)
    assert where.all()


def by_walking(pixels: np.ndarray, place: tuple[int, int], tolerance: int) -> np.ndarray:
    """What the wand should take, pixel by pixel."""
    taken, waiting = np.zeros(pixels.shape[:2], bool), [place]
    while waiting:
        row, column = waiting.pop()
        inside = 0 <= row < taken.shape[0] and 0 <= column < taken.shape[1]
        if not inside or taken[row, column]:
            continue
        if np.abs(pixels[row, column].astype(int) - pixels[place].astype(int)).max() > tolerance:
            continue
        taken[row, column] = True
        waiting += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return taken


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 24), st.integers(1, 24), st.integers(2, 4), st.integers(0, 90))
def test_the_wand_takes_what_can_be_walked_to(
    seed: int, height: int, width: int, colours: int, tolerance: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = (rng.integers(0, colours, (height, width, 3)) // 2 * 80).astype(np.uint8)
    place = int(rng.integers(height)), int(rng.integers(width))
    np.testing.assert_array_equal(alike(pixels, place, tolerance), by_walking(pixels, place, tolerance))


def test_the_wand_finds_its_way_through_a_spiral() -> None:
    pixels = np.zeros((41, 41, 3), np.uint8)
    for ring in range(0, 20, 2):
        pixels[ring, ring : 40 - ring] = 255
        pixels[ring : 41 - ring, 40 - ring] = 255
        pixels[40 - ring, ring : 41 - ring] = 255
        pixels[ring + 2 : 41 - ring, ring] = 255
        pixels[ring + 2, ring : ring + 3] = 255
    np.testing.assert_array_equal(alike(pixels, (0, 0), 0), by_walking(pixels, (0, 0), 0))


def test_the_wand_masks_and_the_right_button_takes_from_the_mask(qtbot: QtBot, window: MainWindow) -> None:
    window.documents.show(Document.blank(30, 30), "paper")
    window.editor.document.pixels[:, 15:] = (200, 100, 50)
    window.editor.document.pixels[4, 20] = (190, 100, 55)
    window.does.tools[WAND].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 10.5, 20.5))
    hole = window.editor.document.hole
    assert hole[:, 15:].all()
    assert not hole[:, :15].any()
    window.does.undo.trigger()
    window.tools.set_tolerance(5)
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 10.5, 20.5))
    assert not hole[4, 20]
    assert hole.sum() == 30 * 15 - 1
    qtbot.mouseClick(window.canvas, Qt.MouseButton.RightButton, pos=on_canvas(window, 10.5, 20.5))
    assert not hole.any()


def test_the_wand_sees_what_is_transparent_as_one(qtbot: QtBot, window: MainWindow) -> None:
    document = Document.blank(20, 20)
    document.alpha = np.full((20, 20), 255, np.uint8)
    document.alpha[:, 10:] = 0
    document.pixels[5:9, 10:] = 7  # nobody sees it
    window.documents.show(document, "half")
    window.does.tools[WAND].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 6.5, 5.5))
    assert document.hole[:, :10].all()
    assert not document.hole[:, 10:].any()
    window.does.undo.trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 1.5, 15.5))
    assert document.hole[:, 10:].all()
    assert not document.hole[:, :10].any()
    window.does.tools[PICKER].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 6.5, 15.5))
    assert window.tools.ink == (0, 0, 0), "what nobody sees is no colour to take"


@pytest.mark.parametrize("how", ["nothing", "arrow", "mouse", "return"])
def test_return_draws_where_the_pointer_was_placed_and_else_shows_it(
    qtbot: QtBot, window: MainWindow, how: str
) -> None:
    window.does.tools[BRUSH].trigger()
    window.canvas.setFocus()
    if how == "arrow":
        qtbot.keyClick(window.canvas, Qt.Key.Key_Left)
    elif how == "mouse":
        drag(qtbot, window, (30.5, 20.5), (30.5, 20.5))
        window.does.undo.trigger()
    elif how == "return":
        qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    before = window.canvas.grab().toImage()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert (window.tools.gesture is not None) == (how != "nothing")
    assert window.editor.document.hole.any() == (how != "nothing")
    assert window.canvas.grab().toImage() != before, "it is seen where it would draw"
    window.tools.cancel()


def test_one_return_is_enough_for_the_wand(qtbot: QtBot, window: MainWindow) -> None:
    window.does.tools[WAND].trigger()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert window.tools.gesture is None
    assert window.editor.history.count() == 1


def test_a_step_in_one_go_ends_the_stroke_under_way(qtbot: QtBot, window: MainWindow) -> None:
    before = planes(window.editor.document)
    window.does.tools[PENCIL].trigger()
    qtbot.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 9.5, 9.5))
    window.does.mask_all.trigger()
    assert window.editor.history.count() == 2
    window.editor.history.undo()
    window.editor.history.undo()
    assert_same(window.editor.document, before)


def test_the_eyedropper_takes_ink_with_the_left_and_paper_with_the_right_button(
    qtbot: QtBot, window: MainWindow
) -> None:
    pixels = window.editor.document.pixels
    window.does.tools[PICKER].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, 10.5, 20.5))
    qtbot.mouseClick(window.canvas, Qt.MouseButton.RightButton, pos=on_canvas(window, 30.5, 5.5))
    assert window.tools.ink == tuple(pixels[10, 20].tolist())
    assert window.tools.paper == tuple(pixels[30, 5].tolist())
    assert window.editor.history.count() == 0
    assert not window.editor.working


def pen(
    window: MainWindow, kind: QEvent.Type, place: tuple[float, float], pressure: float, eraser: bool
) -> bool:
    """What a tablet sends; whether the canvas took it."""
    pointer = QPointingDevice.PointerType.Eraser if eraser else QPointingDevice.PointerType.Pen
    device = QPointingDevice(
        "pen", 1, QInputDevice.DeviceType.Stylus, pointer, QInputDevice.Capability.Pressure, 1, 1
    )
    at = QPointF(on_canvas(window, *place))
    left = Qt.MouseButton.LeftButton
    event = QTabletEvent(
        kind, device, at, at, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, left, left
    )
    window.canvas.tabletEvent(event)
    return event.isAccepted()


def pen_stroke(window: MainWindow, pressure: float, *, eraser: bool = False) -> int:
    """How many pixels are masked after a stroke along row 20."""
    places = [
        (QEvent.Type.TabletPress, 10.5),
        (QEvent.Type.TabletMove, 30.5),
        (QEvent.Type.TabletRelease, 30.5),
    ]
    taken = [pen(window, kind, (20.5, column), pressure, eraser) for kind, column in places]
    assert all(taken) == window.tools.feels_pressure
    return int(window.editor.document.hole.sum())


def test_a_pen_pressed_lightly_draws_finer_if_wanted(window: MainWindow) -> None:
    window.does.tools[BRUSH].trigger()
    window.tools.set_size(9)
    assert pen_stroke(window, 1.0) == 0, "off at first: Qt makes a mouse of the pen"
    window.does.pressure.trigger()
    light, hard = pen_stroke(window, 0.3), pen_stroke(window, 1.0)
    assert 0 < light < hard / 2
    assert pen_stroke(window, 1.0, eraser=True) == 0, "the other end takes from the mask"
    assert window.editor.history.count() == 3
    window.does.tools[PENCIL].trigger()
    window.tools.set_size(9)
    window.documents.show(Document.blank(40, 48), "paper")
    pen_stroke(window, 0.3)
    assert 0 < (window.editor.document.pixels < 255).any((1, 2)).sum() <= 5


def test_mask_all_clear_invert_and_recall(window: MainWindow) -> None:
    document = window.editor.document
    window.does.mask_all.trigger()
    assert document.hole.all()
    window.editor.begin()
    window.editor.mask((3, 4, 5, 9), np.ones((2, 5), dtype=np.bool_), False)
    window.editor.commit("x")
    window.does.mask_invert.trigger()
    assert document.hole.sum() == 10
    window.does.mask_clear.trigger()
    assert not document.hole.any()
    window.does.mask_recall.trigger()
    assert document.hole.sum() == 10
    window.does.undo.trigger()
    assert not document.hole.any()


def test_blank_paper_is_masked_and_ink_stays_with_its_edge(window: MainWindow) -> None:
    document = Document.blank(12, 16)
    document.pixels[4, 5:9] = (250, 249, 255)
    document.pixels[11, 15] = 0
    document.pixels[1, 1] = 250
    window.documents.show(document, "sketch")
    document.hole[4, 6] = True
    window.does.mask_paper.trigger()
    drawn = np.zeros((12, 16), np.bool_)
    drawn[3:6, 4:10] = drawn[10:, 14:] = True
    drawn[4, 6] = False
    np.testing.assert_array_equal(document.hole, ~drawn)
    window.does.undo.trigger()
    assert document.hole.sum() == 1


@pytest.mark.parametrize("sketch", [False, True])
def test_of_a_sketch_the_blank_paper_is_offered_for_a_fill(window: MainWindow, sketch: bool) -> None:
    if sketch:
        window.documents.show(Document.blank(12, 16), "sketch")
        window.editor.begin()
        window.editor.ink((4, 4, 6, 6), np.ones((2, 2)), (0, 0, 0))
        window.editor.commit("x")
    window.does.fill.trigger()
    assert window.bar.choices[1].text() == ("Mask Blank Paper" if sketch else "Mask All (Ctrl+A)")
    window.bar.choices[1].click()
    assert window.editor.document.hole.sum() == (12 * 16 - 4 * 4 if sketch else 40 * 48)
    assert window.bar.text == ""


def test_brackets_change_the_brush_and_letters_the_tool(qtbot: QtBot, window: MainWindow) -> None:
    letters = {"P": PENCIL, "E": ERASER, "M": RECTANGLE, "I": PICKER, "L": LASSO, "W": WAND, "B": BRUSH}
    assert set(letters.values()) == set(TOOLS)
    for key, tool in letters.items():
        qtbot.keyClick(window, key)
        assert window.tools.tool == tool
        assert window.does.tools[tool].isChecked()
    before = window.tools.size
    qtbot.keyClick(window, "]")
    assert window.tools.size == before + 1
    qtbot.keyClick(window, "[")
    assert window.tools.size == before
    window.does.tools[WAND].trigger()
    before = window.tools.tolerance
    qtbot.keyClick(window, "]")
    assert window.tools.tolerance > before


def test_the_star_goes_when_undone_to_the_saved_state(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.isWindowModified()
    drag(qtbot, window, (10.5, 5.5), (10.5, 30.5))
    assert window.isWindowModified()
    window.does.undo.trigger()
    assert not window.isWindowModified()


@pytest.mark.usefixtures("qapp")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.data())
def test_any_strokes_undo_and_redo_to_the_byte(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 300))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    editor = Editor()
    document = Document(pixels=rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    if data.draw(st.booleans()):
        document.alpha = rng.choice(np.array([0, 7, 255], dtype=np.uint8), (height, width))
    editor.open(document)
    tools = ToolBox(editor)
    states = [planes(document)]
    for _ in range(data.draw(st.integers(1, 6))):
        tools.choose(data.draw(st.sampled_from(TOOLS)))
        tools.set_size(data.draw(st.integers(1, 60)))
        points = rng.uniform(-20, 320, (3, 2))
        tools.press(tuple(points[0]), data.draw(st.booleans()))
        for point in points[1:]:
            tools.move(tuple(point))
        tools.release()
        if len(states) == editor.history.count():
            states.append(planes(document))
    assert editor.history.count() == len(states) - 1
    for state in reversed(states[:-1]):
        editor.history.undo()
        assert_same(document, state)
    for state in states[1:]:
        editor.history.redo()
        assert_same(document, state)


@pytest.mark.usefixtures("qapp")
def test_the_history_forgets_its_oldest_steps_to_stay_within_its_bytes() -> None:
    editor = Editor()
    editor.open(Document.blank(64, 64))
    editor.history = History(editor, memory_limit=30_000)
    noise = np.random.default_rng(1).random((64, 64)) < 0.5
    for place in range(100):
        editor.begin()
        editor.ink((0, 0, 64, 64), np.roll(noise, place).astype(float), (place, 3 * place % 256, 9))
        editor.commit("noise")
    steps = [editor.history.command(place) for place in range(100)]
    assert sum(step.size for step in steps) <= 30_000  # type: ignore[attr-defined]
    undone = 0
    while editor.history.can_step_back():
        editor.history.undo()
        undone += 1
    assert 0 < undone < 100
    assert editor.history.canUndo()


@given(st.floats(0.05, 100), st.floats(-500, 500), st.floats(-500, 500), st.floats(0, 800), st.floats(0, 600))
def test_zooming_keeps_the_point_under_the_cursor(
    zoom: float, x: float, y: float, at_x: float, at_y: float
) -> None:
    view = View(picture_height=3000, picture_width=4000, height=600, width=800, zoom=zoom, x=x, y=y)
    row, column = view.to_picture(at_x, at_y)
    inside = 0 <= row <= 3000 and 0 <= column <= 4000
    view.zoom_to(view.next_zoom(1), at_x, at_y)
    if inside and 40 <= at_x <= 760 and 40 <= at_y <= 560:
        assert view.to_picture(at_x, at_y) == pytest.approx((row, column), abs=1e-6)


def test_small_pictures_are_fitted_by_whole_numbers_and_in_the_middle() -> None:
    view = View(picture_height=32, picture_width=32, height=700, width=900)
    view.fit()
    assert view.zoom == 20
    assert (view.x, view.y) == ((900 - 640) / 2, (700 - 640) / 2)


def test_the_canvas_shows_the_documents_own_bytes(window: MainWindow) -> None:
    document = window.editor.document
    shot = window.canvas.grab().toImage()
    for row, column in ((0, 0), (39, 47), (17, 30)):
        colour = shot.pixelColor(on_canvas(window, row + 0.5, column + 0.5))
        assert (colour.red(), colour.green(), colour.blue()) == tuple(document.pixels[row, column])
    window.editor.mask_all()
    masked = window.canvas.grab().toImage().pixelColor(on_canvas(window, 17.5, 30.5))
    assert (masked.red(), masked.green(), masked.blue()) != tuple(document.pixels[17, 30])
