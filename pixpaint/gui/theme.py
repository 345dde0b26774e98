"""How the window looks: palettes for light and dark, and a little style."""

from enum import StrEnum

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication


class Scheme(StrEnum):
    """What a person may choose; SYSTEM follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


LIGHT = {
    QPalette.ColorRole.Window: "#f4f5f7",
    QPalette.ColorRole.WindowText: "#20242c",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#eef0f3",
    QPalette.ColorRole.Text: "#20242c",
    QPalette.ColorRole.PlaceholderText: "#5f6673",
    QPalette.ColorRole.Button: "#fbfbfc",
    QPalette.ColorRole.ButtonText: "#20242c",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Highlight: "#2f66d8",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#2f66d8",
    QPalette.ColorRole.Link: "#2458c4",
    QPalette.ColorRole.ToolTipBase: "#ffffff",
    QPalette.ColorRole.ToolTipText: "#20242c",
    QPalette.ColorRole.Light: "#ffffff",
    QPalette.ColorRole.Midlight: "#e9ebef",
    QPalette.ColorRole.Mid: "#cdd2da",
    QPalette.ColorRole.Dark: "#a9b0bc",
    QPalette.ColorRole.Shadow: "#8a919d",
}
DARK = {
    QPalette.ColorRole.Window: "#2a2c31",
    QPalette.ColorRole.WindowText: "#e4e6ea",
    QPalette.ColorRole.Base: "#1f2125",
    QPalette.ColorRole.AlternateBase: "#26282d",
    QPalette.ColorRole.Text: "#e4e6ea",
    QPalette.ColorRole.PlaceholderText: "#a0a7b4",
    QPalette.ColorRole.Button: "#363941",
    QPalette.ColorRole.ButtonText: "#e4e6ea",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Highlight: "#3f74e0",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#3f74e0",
    QPalette.ColorRole.Link: "#86aaf5",
    QPalette.ColorRole.ToolTipBase: "#3a3d45",
    QPalette.ColorRole.ToolTipText: "#e4e6ea",
    QPalette.ColorRole.Light: "#4a4e58",
    QPalette.ColorRole.Midlight: "#3d4048",
    QPalette.ColorRole.Mid: "#1b1d20",
    QPalette.ColorRole.Dark: "#17181b",
    QPalette.ColorRole.Shadow: "#101113",
}
FADED = {False: "#a3a9b4", True: "#6d737e"}
FADED_ROLES = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)

STYLE = """
QToolBar { border: none; spacing: 2px; padding: 3px 6px; }
QToolBar QToolButton { border: none; border-radius: 5px; padding: 5px; }
QToolBar QToolButton:hover { background: palette(midlight); }
QToolBar QToolButton:focus { border: 1px solid palette(highlight); padding: 4px; }
QToolBar QToolButton:checked { background: palette(highlight); }
QToolBar::separator { width: 1px; height: 1px; margin: 4px 5px; background: palette(mid); }
QStatusBar { border-top: 1px solid palette(mid); }
QStatusBar::item { border: none; }
QTableWidget::item { padding: 0 6px; }
QLabel#heading { font-weight: 600; }
QLabel#note { color: palette(placeholder-text); }
QLabel#complaint { border: none; border-left: 4px solid #d9354f; padding: 4px 8px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QComboBox, QAbstractSpinBox { min-height: 22px; }
QFrame#message QPushButton, QDialogButtonBox QPushButton { padding: 4px 12px; }
QPushButton#fill, QPushButton#keep { background: palette(highlight); color: palette(highlighted-text); border: none;
    border-radius: 6px; padding: 9px 12px; font-weight: 600; }
QFrame#answers QPushButton { padding: 5px 8px; }
QPushButton#fill:hover, QPushButton#keep:hover { background: palette(link); color: palette(base); }
QPushButton#fill:focus { border: 2px solid palette(text); padding: 7px 10px; }
QPushButton#keep:focus { border: 2px solid palette(text); }
QPushButton#fill:disabled, QPushButton#keep:disabled { background: palette(midlight);
    color: palette(placeholder-text); }
QFrame#side { border-left: 1px solid palette(mid); }
QFrame#answers { border-top: 1px solid palette(mid); }
QFrame#message { background: palette(tooltip-base); border: 1px solid palette(mid); border-radius: 4px; }
QListWidget#models { outline: none; }
QListWidget#models::item { padding: 6px 8px; }
QListWidget#models::item:selected { background: palette(highlight); color: palette(highlighted-text); }
QLabel#legend { background: palette(tooltip-base); border: 1px solid palette(mid); border-radius: 4px;
    padding: 6px 10px; }
QFrame#message[kind="error"] { border-left: 4px solid #d9354f; }
QFrame#message[kind="note"] { border-left: 4px solid palette(highlight); }
"""


def chosen(settings: QSettings) -> Scheme:
    """The scheme kept in the settings, else SYSTEM."""
    kept = settings.value("scheme")
    return next((scheme for scheme in Scheme if scheme.value == kept), Scheme.SYSTEM)


def apply(scheme: Scheme) -> None:
    """Dresses the program; called again whenever the desktop or the person changes between light and dark."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("a theme needs the QApplication to dress")
    system_dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    dark = scheme is Scheme.DARK or (scheme is Scheme.SYSTEM and system_dark)
    palette = QPalette()
    for role, colour in (DARK if dark else LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in FADED_ROLES:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(FADED[dark]))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(FADED[dark]))
    app.setPalette(palette)
    app.setStyleSheet(STYLE)
