"""`pixpaint [IMAGE]`: opens the window, once it is sure that there is a screen to open it on."""

import ctypes
import os
import sys
from pathlib import Path

from pixpaint.errors import BadImage, NoDisplay

HEADLESS = "pixpaint fill --demo -o demo.png"
DEBIAN_LIBRARIES = (
    "libegl1 libgl1 libfontconfig1 libglib2.0-0 libdbus-1-3 "
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
)


def open_window(picture: Path | None) -> int:
    """Shows the window with `picture`, or the bundled sample, until it is closed; returns the exit code.

    Raises BadImage for a picture that isn't there, NoDisplay where no window can be opened.
    """
    if picture is not None and not picture.exists():
        raise BadImage(f"There is no file {picture}: check its name; pixpaint --help lists the commands.")
    check_display()
    try:
        from pixpaint.gui.app import run
    except ImportError as error:
        if ".so" not in str(error):
            raise
        raise _libraries_missing(str(error)) from error
    return run(picture)


def check_display() -> None:
    """Raises NoDisplay where Qt, finding no screen, would end the whole process without a word to catch."""
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform and not platform.startswith(("xcb", "wayland")):
        return  # offscreen, vnc and the like bring their own screen
    if _wayland_runs() and not platform.startswith("xcb"):
        return
    if not os.environ.get("DISPLAY"):
        raise NoDisplay(f"There is no display to open a window on; {HEADLESS} does the same job without one.")
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
        ctypes.CDLL("libxcb-cursor.so.0")  # the one that most machines lack, and Qt's window needs
    except OSError as error:
        raise _libraries_missing(str(error)) from error
    if not _x_server_answers(xcb):
        raise NoDisplay(
            f"The display {os.environ['DISPLAY']} can't be opened; {HEADLESS} does the same job without one."
        )


def _wayland_runs() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY")
    return bool(name) and Path(os.environ.get("XDG_RUNTIME_DIR", "/"), str(name)).exists()


def _x_server_answers(xcb: ctypes.CDLL) -> bool:
    """Connects as Qt will, with the same names, sockets and permissions."""
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def _libraries_missing(reason: str) -> NoDisplay:
    return NoDisplay(
        f"Qt lacks a library of the system ({reason}): on Debian, apt-get install {DEBIAN_LIBRARIES}; "
        f"{HEADLESS} works without."
    )
