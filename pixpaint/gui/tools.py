"""The drawing tools, the one that is chosen, and what is being drawn with it."""

from PySide6.QtCore import QObject, Signal

from pixpaint.gui.brush import Point
from pixpaint.gui.editor import Editor
from pixpaint.gui.gestures import Colour, Gesture, InkStroke, Lasso, MaskStroke, Pick, Rectangle, Wand

PENCIL, PICKER = "pencil", "picker"
BRUSH, RECTANGLE, LASSO, WAND = "brush", "rectangle", "lasso", "wand"
ERASER = "eraser"
TOOLS = (PENCIL, PICKER, BRUSH, RECTANGLE, LASSO, WAND, ERASER)
MASKING = (BRUSH, RECTANGLE, LASSO, WAND)
MAX_SIZE = 500
MAX_TOLERANCE = 255


class ToolBox(QObject):
    """The chosen tool with its size, tolerance and colours, and the gesture in progress, on an editor's document."""

    changed = Signal()

    def __init__(self, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self.tool = BRUSH
        self.ink: Colour = (0, 0, 0)
        self.paper: Colour = (255, 255, 255)
        self.tolerance = 24
        """of the wand: how far a pixel's channels may lie from those of the one pressed, in bytes"""
        self.erases_ink = False
        self.feels_pressure = False
        """whether a pen that is pressed lightly draws finer"""
        self._sizes = {PENCIL: 1, BRUSH: 8, ERASER: 8}
        self.gesture: Gesture | None = None
        self._text = ""

    @property
    def size(self) -> int:
        """The diameter of the chosen tool in picture pixels; 1 for those that have none."""
        return self._sizes.get(self.tool, 1)

    @property
    def has_size(self) -> bool:
        return self.tool in self._sizes

    @property
    def is_soft(self) -> bool:
        """Ink may cover a pixel in part, the mask never."""
        return self.tool == PENCIL or (self.tool == ERASER and self.erases_ink)

    def choose(self, tool: str) -> None:
        """The eraser goes on to erase what the tool before it was for: ink after pencil and eyedropper, else the
        mask."""
        if tool == ERASER and self.tool != ERASER:
            self.erases_ink = self.tool in (PENCIL, PICKER)
        self.tool = tool
        self.changed.emit()

    def set_size(self, size: int) -> None:
        self._sizes[self.tool] = min(max(size, 1), MAX_SIZE)
        self.changed.emit()

    def step_size(self, direction: int) -> None:
        """A pixel at a time for small brushes, a fifth for large ones; the wand's tolerance in the same way."""
        if self.has_size:
            self.set_size(self.size + direction * max(1, self.size // 5))
        elif self.tool == WAND:
            self.set_tolerance(self.tolerance + direction * max(1, self.tolerance // 5))

    def set_tolerance(self, tolerance: int) -> None:
        self.tolerance = min(max(tolerance, 0), MAX_TOLERANCE)
        self.changed.emit()

    def set_colours(self, ink: Colour, paper: Colour) -> None:
        self.ink, self.paper = ink, paper
        self.changed.emit()

    def set_erases_ink(self, ink: bool) -> None:
        self.erases_ink = ink
        self.changed.emit()

    def suit(self, height: int, width: int) -> None:
        """Sizes that suit a picture: a fine pencil for a sketch, a broad one for a photograph."""
        side = min(height, width)
        pencil, brush = max(1, round(side / 200)), max(2, round(side / 16))
        self._sizes = {PENCIL: pencil, BRUSH: brush, ERASER: brush}
        self.changed.emit()

    def feel_pressure(self, feels: bool) -> None:
        self.feels_pressure = feels

    def press(self, point: Point, opposite: bool, pressure: float = 1.0) -> None:
        self.gesture, self._text = self._begun(opposite), self._texts().get(self.tool, "")
        self._editor.begin(self.gesture.planes)
        self.gesture.move(point, pressure)

    def move(self, point: Point, pressure: float = 1.0) -> None:
        if self.gesture is not None:
            self.gesture.move(point, pressure)

    def release(self) -> None:
        """Ends the gesture: one step of the history."""
        if self.gesture is not None:
            self.gesture.release()
            self._end()

    def cancel(self) -> None:
        """Drops what waits for the button's release, and ends any other gesture where it is."""
        if self.gesture is not None:
            self._end()

    def _begun(self, opposite: bool) -> Gesture:
        editor, erases = self._editor, opposite != (self.tool == ERASER)
        if self.tool == PICKER:
            return Pick(editor, lambda colour: self._take(colour, opposite))
        if self.is_soft:
            return InkStroke(editor, self.size, self.paper if erases else self.ink)
        if self.tool == RECTANGLE:
            return Rectangle(editor, not erases)
        if self.tool == LASSO:
            return Lasso(editor, not erases)
        if self.tool == WAND:
            return Wand(editor, self.tolerance, not erases)
        return MaskStroke(editor, self.size, not erases)

    def _take(self, colour: Colour, as_paper: bool) -> None:
        self.set_colours(self.ink if as_paper else colour, colour if as_paper else self.paper)

    def _end(self) -> None:
        self.gesture = None
        self._editor.commit(self._text)

    def _texts(self) -> dict[str, str]:
        return {
            PENCIL: self.tr("Pencil Stroke"),
            BRUSH: self.tr("Mask Stroke"),
            ERASER: self.tr("Erasure"),
            RECTANGLE: self.tr("Mask Rectangle"),
            LASSO: self.tr("Lasso"),
            WAND: self.tr("Magic Wand"),
        }
