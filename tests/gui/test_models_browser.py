"""The list of models tells what is known of each, draws what it sees when it is found, and hands one to the panel."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import CARDS, FakePainter
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from pixpaint.assets import user_models_folder
from pixpaint.errors import BadModel
from pixpaint.gui import model_desk
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.model_facts import ModelFacts
from pixpaint.gui.models_dialog import ModelsDialog
from pixpaint.gui.papers import PAPERS
from pixpaint.gui.shortcuts import ShortcutsDialog
from pixpaint.gui.side_by_side import SideBySide
from pixpaint.models.card import ModelCard, list_models, read_card
from pixpaint.models.config import CONFIGS, GatedPixelCNNConfig, PixelCNNConfig, PixelCNNPPConfig

TIMEOUT = 10_000


@pytest.fixture(autouse=True)
def _models_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> None:
    """The bundled ones and `mine`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = user_models_folder()
    folder.mkdir(parents=True)
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), folder / f"mine{suffix}")


def look_at(dialog: ModelsDialog, name: str) -> None:
    (item,) = (item for item in items(dialog) if item.text().startswith(f"{name}\n"))
    dialog.names.setCurrentItem(item)


def items(dialog: ModelsDialog) -> list:
    return [dialog.names.item(k) for k in range(dialog.names.count())]


def opened(window: MainWindow) -> ModelsDialog:
    window.does.browse.trigger()
    return window.models.browser


def test_every_model_is_listed_with_kind_and_origin(window: MainWindow) -> None:
    dialog = opened(window)
    texts = [item.text() for item in items(dialog)]
    assert len(texts) == 1 + len(list_models())
    assert {"sketch\nPixelCNN++, bundled", "mine\nPixelCNN++, your own"} <= set(texts)
    assert dialog.view.title.text() == window.panel.model.currentText() == "sketch"


def test_all_that_the_card_tells_is_told(window: MainWindow) -> None:
    facts = opened(window).view.facts
    card = read_card("sketch")
    assert card.path is not None
    assert facts["Kind"] == "PixelCNN++"
    assert facts["Parameters"] == f"{card.parameters:,}"
    assert facts["Size on disk"] == f"{card.path.stat().st_size / 1e6:.1f} MB"
    assert facts["Trained on"] == card.data
    assert facts["Licence"] == card.licence
    assert facts["Notes"] == card.notes
    assert "Lies at" not in facts
    bits, error = card.bits_per_dim["all"], card.bits_per_dim["all standard error"]
    assert facts["Bits/dim"].splitlines()[0].startswith(f"all hidden: {bits:.4f} ± {error:.4f} (")
    assert "blanked" not in facts["Bits/dim"]
    shown = {label.text() for label in window.models.browser.view.findChildren(QLabel)}
    assert set(facts) | set(facts.values()) <= shown


def test_where_an_own_model_lies_is_told(window: MainWindow) -> None:
    dialog = opened(window)
    look_at(dialog, "mine")
    assert dialog.view.facts["Lies at"] == str(user_models_folder() / "mine.safetensors")
    assert dialog.view.facts["Trained on"] == "nothing"
    assert "Training" not in dialog.view.facts


def test_it_opens_before_the_field_is_found(qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
    painter.look_gate = True
    started = time.monotonic()
    dialog = opened(window)
    assert time.monotonic() - started < 1
    assert dialog.isVisible()
    assert dialog.view.note.isVisible()
    assert not dialog.view.decoder.isVisible()
    painter.allow_look()
    qtbot.waitUntil(dialog.view.decoder.isVisible, timeout=TIMEOUT)
    assert dialog.view.encoder.isVisible()
    assert not dialog.view.note.isVisible()
    assert dialog.view.decoder.pixmap().width() == 33 * 6 + 1


def test_a_field_is_found_once_and_never_shown_with_another_model(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    painter.look_gate = True
    dialog = opened(window)
    qtbot.waitUntil(lambda: painter.typical == ["sketch"], timeout=TIMEOUT)
    look_at(dialog, "mine")
    with qtbot.waitSignal(window.field_worker.found, timeout=TIMEOUT):
        painter.allow_look()
    assert not dialog.view.decoder.isVisible()
    painter.allow_look()
    qtbot.waitUntil(dialog.view.decoder.isVisible, timeout=TIMEOUT)
    painter.look_gate = False
    look_at(dialog, "sketch")
    qtbot.waitUntil(dialog.view.decoder.isVisible, timeout=TIMEOUT)
    for name in ("mine", "sketch"):
        look_at(dialog, name)
        assert dialog.view.decoder.isVisible()
    assert painter.typical == ["sketch", "mine", "sketch"]


def test_a_model_that_can_t_be_read_says_so(qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
    painter.look_error = BadModel("The model file is damaged.")
    dialog = opened(window)
    qtbot.waitUntil(lambda: dialog.view.note.text() == "The model file is damaged.", timeout=TIMEOUT)


def test_what_it_draws_is_shown_once_it_is_drawn_and_drawn_once(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    dialog = opened(window)
    view = dialog.view
    assert view.samples.pixmap().isNull()
    qtbot.waitUntil(lambda: not view.samples.pixmap().isNull(), timeout=TIMEOUT)
    sheet = view.samples.pixmap().toImage()
    assert (sheet.width(), sheet.height()) == (8 * (56 + 6), 56), "28 pixels, twice as large, and gaps"
    assert [sheet.pixelColor(62 * k + 30, 20).red() for k in range(8)] == [20 * k for k in range(8)]
    assert sheet.pixelColor(58, 20).alpha() == 0
    look_at(dialog, "mine")
    assert view.samples.pixmap().isNull()
    qtbot.waitUntil(lambda: not view.samples.pixmap().isNull(), timeout=TIMEOUT)
    look_at(dialog, "sketch")
    assert not view.samples.pixmap().isNull()
    assert painter.drawn == [("sketch", 8), ("mine", 8)]


def test_where_nothing_can_be_drawn_the_reason_is_told(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    painter.draw_error = BadModel("The model file is damaged.")
    view = opened(window).view
    labels = lambda: {label.text() for label in view.findChildren(QLabel)}  # noqa: E731
    qtbot.waitUntil(lambda: "The model file is damaged." in labels(), timeout=TIMEOUT)
    assert view.decoder.isVisible()


def test_all_models_stand_side_by_side(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(window)
    look_at(dialog, "Side by side")
    table = dialog.all
    assert table.isVisible()
    assert not dialog.use.isEnabled()
    names = [table.name_of(row) for row in range(table.rowCount())]
    assert sorted(filter(None, names)) == sorted(card.name for card in list_models())
    headings = {row: table.item(row, 0).text() for row, name in enumerate(names) if not name}
    assert "Measured on 10,000 pictures (binarized-mnist.npz:test)" in headings.values()
    digits = [name for name in names if name.startswith("digits")]
    bits = [read_card(name).bits_per_dim["all"] for name in digits]
    assert len(digits) > 2
    assert bits == sorted(bits), "the best one first"
    first = names.index(digits[0])
    assert names[first : first + len(digits)] == digits, "those of the same pictures next to each other"
    assert "binarized-mnist" in headings[first - 1]
    with qtbot.assertNotEmitted(table.wanted):
        table.itemActivated.emit(table.item(first - 1, 0))
    row = names.index("digits-pixelcnn")
    card = read_card("digits-pixelcnn")
    shown = [table.item(row, column).text() for column in range(table.columnCount())]
    nats, error = (card.bits_per_dim[f"all nats {word}"] for word in ("per image", "standard error"))
    assert shown[1] == "PixelCNN"
    assert shown[3] == f"{card.parameters:,}"
    bits = f"{card.bits_per_dim['all']:.4f}"
    assert shown[5:] == [f"{card.drawn_in:g} s", bits, f"{nats:.2f} ± {error:.2f}", "81.30"]
    assert [table.item(names.index("mine"), column).text() for column in (4, 5, 7, 8)] == [""] * 4
    assert table.item(names.index("digits-gated"), 8).text() == "", "its paper has no such figure"
    for column in range(table.columnCount()):
        heading = table.horizontalHeaderItem(column)
        assert heading.textAlignment() == table.item(row, column).textAlignment()
    table.selectRow(row)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.view.isVisible, timeout=TIMEOUT)
    assert dialog.isVisible(), "the key chooses the row and no more"
    assert dialog.view.title.text() == "digits-pixelcnn"
    assert dialog.view.isVisible()
    assert dialog.use.isEnabled()


def test_what_a_paper_reports_stands_beside_what_the_same_pictures_cost_here() -> None:
    card = read_card("digits-row-lstm")
    assert dict(ModelFacts(card).all())["Published"] == "80.54 nats a picture, by the paper"
    elsewhere = replace(card, training={"evaluated on": {"data": "mine.zip", "pictures": 9}})
    assert "Published" not in dict(ModelFacts(elsewhere).all())


def test_every_kind_of_model_has_its_paper(window: MainWindow) -> None:
    assert set(PAPERS) == set(CONFIGS)
    facts = opened(window).view.facts
    assert "arXiv 1701.05517" in facts["Paper"]
    assert "U-Net" in facts["Idea"]
    assert "Departures" in facts["Idea"]


@pytest.mark.parametrize("how", ["button", "Enter", "double click"])
def test_the_model_that_is_looked_at_is_taken_into_use(qtbot: QtBot, window: MainWindow, how: str) -> None:
    dialog = opened(window)
    look_at(dialog, "mine")
    if how == "button":
        dialog.use.click()
    elif how == "Enter":
        qtbot.keyClick(dialog.names, Qt.Key.Key_Return)
    else:
        dialog.names.itemActivated.emit(dialog.names.currentItem())
    assert window.panel.model.currentText() == "mine"
    assert not dialog.isVisible()


def test_a_model_that_comes_meanwhile_is_listed_at_once(window: MainWindow, tiny_model: Path) -> None:
    dialog = opened(window)
    look_at(dialog, "mine")
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), user_models_folder() / f"theirs{suffix}")
    window.models._added({"name": "theirs"})
    assert "theirs\nPixelCNN++, your own" in [item.text() for item in items(dialog)]
    assert dialog.view.title.text() == "mine"


def test_without_models_there_is_nothing_to_use(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_desk, "list_models", list)
    dialog = opened(window)
    assert [item.text() for item in items(dialog)] == ["Side by side\nall models"]
    assert dialog.all.rowCount() == 0
    assert not dialog.use.isEnabled()


def test_the_keys_are_in_the_list_of_keys(window: MainWindow) -> None:
    dialog = ShortcutsDialog(window.does.with_shortcuts(), window)
    texts = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"Browse Models", "Ctrl+Shift+M", "Receptive Field", "F8"} <= texts


@pytest.fixture
def card() -> ModelCard:
    config = PixelCNNPPConfig(channels=1, features=8, blocks=1, crop=28)
    return ModelCard(name="a", config=config.to_json())


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (PixelCNNConfig(channels=1), "above and to the left only; several"),
        (GatedPixelCNNConfig(channels=1, oriented=True), "turns fills to where most is known"),
    ],
)
def test_a_model_without_an_encoder_tells_what_it_goes_by_and_what_helps(
    window: MainWindow, card: ModelCard, config: PixelCNNConfig, words: str
) -> None:
    blind = replace(card, name="blind", config=config.to_json())
    outlook = ModelFacts(blind).outlook()
    assert words in outlook
    assert "several answers" in outlook
    assert dict(ModelFacts(blind).all())["Goes by"] == outlook
    window.panel.show_models([blind], chosen="blind")
    assert outlook in window.panel._model_note.text()
    sees = replace(card, name="sees", config=read_card("sketch").config)
    assert ModelFacts(sees).outlook() == ""
    window.panel.show_models([sees], chosen="sees")
    assert "above and to the left" not in window.panel._model_note.text()


def test_another_model_can_paint_the_coarsest_level_where_there_is_one(
    qtbot: QtBot, window: MainWindow, card: ModelCard
) -> None:
    def like(name: str, **changes: object) -> ModelCard:
        config = GatedPixelCNNConfig(channels=1, **changes).to_json()
        return replace(card, name=name, config=config)

    fine, coarse, bits = like("fine", hinted=True), like("coarse"), like("bits", levels=2)
    panel = window.panel
    panel.show_models([coarse, bits, fine], chosen="coarse")
    assert not panel.coarse.isVisible()
    assert panel.settings().coarse is None
    panel.show_models([coarse, bits, fine], chosen="fine")
    assert panel.coarse.isVisible()
    qtbot.waitUntil(lambda: panel.coarse.y() > panel._model_note.geometry().bottom())
    class_heading = next(label for label in panel.findChildren(QLabel) if label.buddy() is panel.label)
    gaps = [
        below.y() + below.contentsMargins().top() - above.geometry().bottom()
        for above, below in (
            (panel._model_note, panel._coarse_heading),
            (panel.coarse, class_heading),
        )
    ]
    assert gaps[0] == gaps[1], "as before any other heading"
    choices = [panel.coarse.itemText(k) for k in range(panel.coarse.count())]
    assert choices == ["By the same model", "coarse"]
    assert panel.settings().coarse is None
    panel.coarse.setCurrentIndex(1)
    assert panel.settings().coarse == "coarse"
    window.does.mask_all.trigger()
    with qtbot.waitSignal(window.filling.finished, timeout=TIMEOUT):
        window.does.fill.trigger()
    (recipe,) = window.editor.document.recipes
    assert (recipe.settings.coarse, recipe.coarse_sha256) == ("coarse", "cd" * 32)
    panel.show_models([bits, fine], chosen="fine")
    assert panel.settings().coarse is None, "it is gone"


def test_one_that_learned_to_go_on_from_another_is_given_it_unless_told_otherwise(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def like(name: str, **changes: str) -> ModelCard:
        config = GatedPixelCNNConfig(channels=1, hinted=name == "fine").to_json()
        return replace(card, name=name, sha256=name, config=config, **changes)

    cards = [like("coarse"), like("other"), like("fine", coarse="coarse")]
    panel = window.panel
    panel.show_models(cards, chosen="coarse")
    assert panel.settings().coarse is None
    panel.model.setCurrentIndex(panel.model.findText("fine"))
    assert panel.settings().coarse == "coarse"
    for choice, name in ((0, None), (2, "other")):
        panel.coarse.setCurrentIndex(choice)
        panel.show_models(cards)
        assert panel.settings().coarse == name, "what was chosen stays when the list is made anew"

    monkeypatch.setattr(model_desk, "list_models", lambda: cards)
    dialog = opened(window)
    facts = dialog.view.facts
    assert "go on from the pictures of coarse" in facts["Coarse to fine"]
    assert "Departures" in facts["Coarse to fine"]
    qtbot.waitUntil(lambda: not dialog.view.samples.pixmap().isNull(), timeout=TIMEOUT)
    assert painter.drawn == [("fine from coarse", 8)]
    look_at(dialog, "coarse")
    assert "Coarse to fine" not in dialog.view.facts
    dialog.close()
    monkeypatch.setattr(model_desk, "list_models", lambda: cards[2:])
    look_at(opened(window), "fine")
    qtbot.waitUntil(lambda: len(painter.drawn) == 2, timeout=TIMEOUT)
    assert painter.drawn[1] == ("fine", 8), "its other half is not there"


def test_a_pair_stands_where_what_both_cost_together_puts_it(window: MainWindow, card: ModelCard) -> None:
    def measured(name: str, **bits: float) -> ModelCard:
        at = {"evaluated on": {"data": "photos", "pictures": 9}}
        return replace(
            card, name=name, bits_per_dim={key.replace("_", " "): b for key, b in bits.items()}, training=at
        )

    table = SideBySide()
    table.show_models(
        [
            measured("worse", all=4.5),
            measured("pair", all=5.0, all_from_coarse=4.25),
            measured("best", all=4.1),
        ]
    )
    assert [table.name_of(row) for row in range(4)] == ["", "best", "pair", "worse"]
    item = table.item(2, 6)
    assert item is not None
    assert item.text() == "4.2500"
    assert (
        "at half size first: 4.2500"
        in dict(ModelFacts(measured("pair", all_from_coarse=4.25)).all())["Bits/dim"]
    )


def test_models_that_see_all_around_a_hole_stand_before_the_others(window: MainWindow) -> None:
    cards = list_models()
    assert [card.has_encoder for card in cards] == sorted((card.has_encoder for card in cards), reverse=True)
    window.panel.show_models(cards)
    names = [window.panel.model.itemText(k) for k in range(window.panel.model.count())]
    gap = names.index("")
    assert names[:gap] + names[gap + 1 :] == [card.name for card in cards]
    assert {"mine", "photo", "sketch", "digits"} == set(names[:gap])


def test_how_long_it_learned_counts_what_it_began_from(card: ModelCard) -> None:
    def said(**training: object) -> str:
        return dict(ModelFacts(replace(card, training=training)).all()).get("Training", "")

    assert said(steps=100, batch=32, seconds=90) == "100 steps of 32 pictures, 90 s"
    before = {"steps": 4450, "batch": 32, "seconds": 5580}
    assert said(steps=8300, batch=32, seconds=6863, decoder_before=before) == (
        "12,750 steps of 32 pictures, 3.5 hours"
    )
    assert said(steps=100, batch=32, seconds=89 * 60).endswith("89 min")
    assert said(steps=100, batch=32, seconds=118 * 60).endswith("2.0 hours")
    assert said(steps=600, batch=8, seconds=660, **{"from": "photo"}).endswith("11 min, from photo")
    assert said() == ""


def test_small_models_are_told_in_thousands_and_strange_cards_do_no_harm(
    card: ModelCard, tmp_path: Path
) -> None:
    assert "21 thousand parameters" in ModelFacts(replace(card, parameters=21_313)).in_short()
    assert "5.4 million parameters" in ModelFacts(CARDS[0]).in_short()
    path = tmp_path / "a.safetensors"
    path.write_bytes(bytes(43_210))
    assert dict(ModelFacts(replace(card, path=path)).all())["Size on disk"] == "43 kB"
    strange = replace(
        card,
        config={"kind": ["x"], "channels": 3, "crop": 8},
        bits_per_dim={"all": "low"},
        training={"steps": "many", "decoder_before": 3, "evaluated on": 4},
    )
    facts = dict(ModelFacts(strange).all())
    assert "Kind" not in facts
    assert facts["Pictures"] == "8 × 8, colour"


@pytest.mark.parametrize(
    "wrong", [{"bits_per_dim": [1]}, {"training": "long"}, {"data": 3}, {"parameters": "many"}]
)
def test_a_card_of_another_shape_is_refused(wrong: dict[str, object]) -> None:
    path = user_models_folder() / "mine.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **wrong}))
    with pytest.raises(BadModel, match="can't be read"):
        read_card("mine")
