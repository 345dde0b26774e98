"""Everything a person can ask the window to do, each with its words, keys and icon; and the menus they stand in."""

from typing import TypeVar

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from pixpaint.gui.icons import ICON_NAME
from pixpaint.gui.theme import Scheme
from pixpaint.gui.tools import BRUSH, ERASER, LASSO, PENCIL, PICKER, RECTANGLE, WAND

Kind = TypeVar("Kind")


class Actions:
    """The actions of one window, not yet connected to anything."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        tr, make = window.tr, self._make
        self.new = make(tr("&New Sketch…"), "Ctrl+N", icon="new")
        self.open = make(tr("&Open…"), "Ctrl+O", icon="open")
        self.sample = make(tr("Open the Sa&mple"))
        self.save = make(tr("&Save"), "Ctrl+S", icon="save")
        self.save_as = make(tr("Save &As…"), "Ctrl+Shift+S")
        self.export = make(tr("&Export as PNG…"), "Ctrl+Shift+E", icon="export")
        self.quit = make(tr("&Quit"), "Ctrl+Q")
        self.undo = make(tr("Undo"), "Ctrl+Z", icon="undo")
        self.redo = make(tr("Redo"), "Ctrl+Shift+Z", "Ctrl+Y", icon="redo")
        self.copy = make(tr("&Copy Picture"), "Ctrl+C")
        self.paste = make(tr("&Paste as New Picture"), "Ctrl+V")
        self.mask_all = make(tr("Mask &All"), "Ctrl+A")
        self.mask_clear = make(tr("&Clear Mask"), "Ctrl+D")
        self.mask_invert = make(tr("&Invert Mask"), "Ctrl+I")
        self.mask_transparent = make(tr("Mask &Transparent Pixels"))
        self.mask_paper = make(tr("Mask Blank &Paper"))
        self.mask_recall = make(tr("&Recall Last Mask"), "Ctrl+Shift+D")
        self.mask_shown = make(tr("&Show Mask"), "Ctrl+H", checkable=True)
        self.fill = make(tr("&Fill"), "Ctrl+Return", "Ctrl+Enter", icon="fill")
        self.fill_anew = make(
            tr("Fill with &Another Seed"), "Ctrl+Shift+Return", "Ctrl+Shift+Enter", icon="repaint"
        )
        self.fill_again = make(tr("Fill Again from the Recipe"))
        self.strip_recipe = make(tr("Strip the Recipe"))
        self.stop = make(tr("&Stop"), "Esc", icon="stop")
        self.roll = make(tr("&Roll the Seed"), "Ctrl+R", icon="dice")
        self.train = make(tr("&Train on My Pictures…"), "Ctrl+T")
        self.add_model = make(tr("&Add a Model File…"))
        self.browse = make(tr("&Browse Models…"), "Ctrl+Shift+M")
        self.next_answer = make(tr("&Next Answer"), ".")
        self.previous_answer = make(tr("&Previous Answer"), ",")
        self.keep = make(tr("&Keep This Answer"), "Return", "Enter", icon="keep")
        self.discard = make(tr("&Discard All Answers"), "Esc", icon="close")
        self.discard.setAutoRepeat(False)
        self.copy_seed = make(tr("&Copy the Answer's Seed"), icon="copy")
        self.zoom_in = make(tr("Zoom &In"), "Ctrl++", "Ctrl+=", icon="zoom-in")
        self.zoom_out = make(tr("Zoom &Out"), "Ctrl+-", icon="zoom-out")
        self.fit = make(tr("&Fit in Window"), "Ctrl+0", icon="fit")
        self.actual_size = make(tr("&Actual Size"), "Ctrl+1")
        self.full_screen = make(tr("F&ull Screen"), "F11", checkable=True)
        self.field_shown = make(tr("Receptive Fiel&d"), "F8", checkable=True)
        self.panel_shown = make(tr("Side &Panel"), "F9", checkable=True)
        self.shortcuts = make(tr("&Keyboard Shortcuts"), "F1", icon="info")
        self.about = make(tr("&About pixpaint"))
        self.smaller = make(tr("Smaller Brush or Tolerance"), "[")
        self.larger = make(tr("Larger Brush or Tolerance"), "]")
        self.swap = make(tr("Swap Ink and Paper"), "X", icon="swap")
        self.pressure = make(tr("Pen Press&ure"), checkable=True)
        self.tools = self._choices(
            {
                PENCIL: make(tr("&Pencil"), "P", icon="pencil", checkable=True),
                PICKER: make(tr("E&yedropper"), "I", icon="picker", checkable=True),
                BRUSH: make(tr("Mask &Brush"), "B", icon="brush", checkable=True),
                RECTANGLE: make(tr("&Mask Rectangle"), "M", icon="rectangle", checkable=True),
                LASSO: make(tr("Mask &Lasso"), "L", icon="lasso", checkable=True),
                WAND: make(tr("Magic &Wand"), "W", icon="wand", checkable=True),
                ERASER: make(tr("E&raser"), "E", icon="eraser", checkable=True),
            }
        )
        self.schemes = self._choices(
            {
                Scheme.SYSTEM: make(tr("As the &System"), checkable=True),
                Scheme.LIGHT: make(tr("&Light"), checkable=True),
                Scheme.DARK: make(tr("&Dark"), checkable=True),
            }
        )
        self.mask_shown.setChecked(True)
        self.panel_shown.setChecked(True)
        self.recent = QMenu(tr("Open &Recent"), window)
        self.recent.setToolTipsVisible(True)
        self._fill_menus()

    def with_shortcuts(self) -> list[QAction]:
        """Those that a key reaches, in the order they were made."""
        return [action for action in self._window.actions() if action.shortcuts()]

    def _make(self, text: str, *keys: str, icon: str = "", checkable: bool = False) -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setCheckable(checkable)
        if icon:
            action.setProperty(ICON_NAME, icon)
        plain = text.replace("&", "").rstrip("…")
        # The name that stays when the text goes on to say what would be undone.
        action.setWhatsThis(plain)
        if keys:
            shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{plain} ({shown})")
        # On the window too, so that the key works while the menu is hidden.
        self._window.addAction(action)
        return action

    def _choices(self, actions: dict[Kind, QAction]) -> dict[Kind, QAction]:
        group = QActionGroup(self._window)
        for action in actions.values():
            group.addAction(action)
        return actions

    def _fill_menus(self) -> None:
        tr = self._window.tr
        file = self._menu(tr("&File"), self.new, self.open)
        file.addMenu(self.recent)
        _extend(file, self.sample, None, self.save, self.save_as, self.export, None, self.quit)
        edit = self._menu(tr("&Edit"), self.undo, self.redo, None, self.copy, self.paste, None)
        tools = edit.addMenu(tr("&Tool"))
        _extend(tools, *self.tools.values(), None, self.smaller, self.larger, self.swap, None, self.pressure)
        self._menu(
            tr("&Mask"),
            *(self.mask_all, self.mask_clear, self.mask_invert, self.mask_transparent, self.mask_paper),
            *(None, self.mask_recall, self.mask_shown),
        )
        fills = (
            self.fill,
            self.fill_anew,
            self.stop,
            None,
            self.roll,
            None,
            self.fill_again,
            self.strip_recipe,
        )
        self._menu(tr("F&ill"), *fills, *self._of_answers())
        self._menu(tr("M&odels"), self.browse, None, self.train, self.add_model)
        view = self._menu(tr("&View"), self.zoom_in, self.zoom_out, self.fit, self.actual_size, None)
        _extend(view, self.field_shown, None, self.panel_shown, self.full_screen, None)
        _extend(view.addMenu(tr("Appea&rance")), *self.schemes.values())
        self._menu(tr("&Help"), self.shortcuts, None, self.about)

    def _of_answers(self) -> tuple[QAction | None, ...]:
        choice = (self.keep, self.discard, self.copy_seed)
        return None, self.next_answer, self.previous_answer, None, *choice

    def _menu(self, title: str, *actions: QAction | None) -> QMenu:
        menu = self._window.menuBar().addMenu(title)
        _extend(menu, *actions)
        return menu


def _extend(menu: QMenu, *actions: QAction | None) -> None:
    """None is a line between groups."""
    for action in actions:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
