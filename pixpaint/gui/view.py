"""Where the picture lies in the canvas: zoom, pan, and the way from one's coordinates to the other's."""

from dataclasses import dataclass

from pixpaint.gui.brush import Point

MIN_ZOOM = 1 / 64
MAX_ZOOM = 128.0
STEPS = (0.05, 0.1, 0.17, 0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
MARGIN = 24
KEPT_IN_SIGHT = 32


@dataclass
class View:
    """`zoom` is screen pixels a picture pixel; x and y, the picture's corner, and lengths are in Qt's units.

    `ratio` is screen pixels a Qt unit: at 100 % a picture pixel is a screen pixel on any screen.
    """

    picture_height: int = 1
    picture_width: int = 1
    height: float = 1
    width: float = 1
    ratio: float = 1
    zoom: float = 1
    x: float = 0
    y: float = 0

    @property
    def scale(self) -> float:
        """Qt units a picture pixel."""
        return self.zoom / self.ratio

    def to_picture(self, x: float, y: float) -> Point:
        return (y - self.y) / self.scale, (x - self.x) / self.scale

    def to_widget(self, point: Point) -> tuple[float, float]:
        """(x, y)"""
        return self.x + point[1] * self.scale, self.y + point[0] * self.scale

    def fit(self) -> None:
        """All in sight, in the middle; small pictures enlarged by a whole number, for even pixels."""
        across, down = self.width - 2 * MARGIN, self.height - 2 * MARGIN
        room = min(across / self.picture_width, down / self.picture_height)
        zoom = max(room * self.ratio, MIN_ZOOM)
        self.zoom = min(float(int(zoom)) if zoom >= 2 else zoom, MAX_ZOOM)
        self._centre()

    def show_actual_size(self) -> None:
        self.zoom = 1
        self._centre()

    def zoom_to(self, zoom: float, x: float, y: float) -> None:
        """Zooms so that what lies under (x, y) stays there."""
        row, column = self.to_picture(x, y)
        self.zoom = min(max(zoom, MIN_ZOOM), MAX_ZOOM)
        self.x, self.y = x - column * self.scale, y - row * self.scale
        self._keep_in_sight()

    def next_zoom(self, direction: int) -> float:
        """The next larger or smaller of the usual steps."""
        if direction > 0:
            return next((step for step in STEPS if step > self.zoom * 1.01), MAX_ZOOM)
        return next((step for step in reversed(STEPS) if step < self.zoom * 0.99), MIN_ZOOM)

    def pan(self, dx: float, dy: float) -> None:
        self.x += dx
        self.y += dy
        self._keep_in_sight()

    def _centre(self) -> None:
        # On whole units, or the pixels of a sketch would blur into half a screen pixel.
        self.x = round((self.width - self.picture_width * self.scale) / 2)
        self.y = round((self.height - self.picture_height * self.scale) / 2)

    def _keep_in_sight(self) -> None:
        self.x = _held(self.x, self.picture_width * self.scale, self.width)
        self.y = _held(self.y, self.picture_height * self.scale, self.height)


def _held(corner: float, length: float, room: float) -> float:
    return min(max(corner, KEPT_IN_SIGHT - length), room - KEPT_IN_SIGHT)
