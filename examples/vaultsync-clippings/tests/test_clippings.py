"""The example keeps every law of a source, and reads what Kindles write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from vaultsync.errors import ConfigError, Unreachable
from vaultsync.hookspecs import Source
from vaultsync.model import Document
from vaultsync.testing import Pulled, SourceContract

from vaultsync_clippings import make, plugin
from vaultsync_clippings.command import command
from vaultsync_clippings.filters import without_overlaps
from vaultsync_clippings.parsing import parsed
from vaultsync_clippings.settings import ClippingsSettings, Settings

SAMPLE = Path(__file__).parent / "My Clippings.txt"


def source(file: Path = SAMPLE, **options: str) -> Source:
    return make(ClippingsSettings(file=str(file), **options), None)  # type: ignore[arg-type]


def documents(file: Path = SAMPLE, **options: str) -> dict[str, Document]:
    made, pulled = source(file, **options), Pulled()
    pulled.pull(made)
    return {document.title: document for document in pulled.documents(made).values()}


class TestClippings(SourceContract):
    def service(self, tmp_path: Path) -> Callable[[], Source]:  # noqa: ARG002
        return source

    def silent(self, tmp_path: Path) -> Callable[[], Source]:
        return lambda: source(tmp_path / "nothing.txt")


def test_books_of_the_sample() -> None:
    assert {title: len(one.highlights) for title, one in documents().items()} == {
        "Walden (Annotated)": 3,
        "Die Verwandlung": 2,
        "Notizen": 1,
    }


def test_note_goes_to_the_shortest_highlight_around_it_and_the_last_one_counts() -> None:
    walden = documents()["Walden (Annotated)"]
    assert [(one.text, one.note) for one in walden.highlights] == [
        ("I went to the woods", ""),
        ("I went to the woods because I wished to live deliberately", "Why the woods? And why then?"),
        ("Simplify, simplify.", ""),
    ]


def test_note_of_its_own_is_a_highlight() -> None:
    (one,) = documents()["Notizen"].highlights
    assert (one.text, one.extra["kind"]) == ("Ein Gedanke ohne Stelle", "note")


def test_time_is_that_of_the_kindles_clock() -> None:
    first = documents(timezone="Europe/Berlin")["Die Verwandlung"].highlights[0]
    assert first.highlighted_at == datetime(2026, 1, 5, 19, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("- Your Highlight on page 12 | Location 180-182 | Added on Monday, January 5, 2026 8:15:30 PM", "12 180 182"),
        ("- Your Highlight at location 180-182 | Added on Monday, 5 January 2026 20:15:30", " 180 182"),
        ("- Highlight Loc. 180-82  | Added on Monday, January 5, 2026, 08:15 PM", " 180 182"),
        (
            "- Ihre Markierung auf Seite 12 | bei Position 180-182 | Hinzugefügt am Montag, 5. Januar 2026 20:15:30",
            "12 180 182",
        ),
        ("- Ihre Markierung bei Position 180-182 | Hinzugefügt am Montag, 5. Januar 2026 20:15:30", " 180 182"),
        (
            "- Votre surlignement sur la page 12 | emplacement 180-182 | Ajouté le lundi 5 janvier 2026 20:15:30",
            "12 180 182",
        ),
        (
            "- Tu subrayado en la página 12 | Posición 180-182 | Añadido el lunes, 5 de enero de 2026 20:15:30",
            "12 180 182",
        ),
        (
            "- La tua evidenziazione a pagina 12 | posizione 180-182 | Aggiunto in data lunedì 5 gennaio 2026 20:15:30",
            "12 180 182",
        ),
        ("- Uw markering op pagina 12 | Locatie 180-182 | Toegevoegd op maandag 5 januari 2026 20:15:30", "12 180 182"),
        (
            "- Seu destaque na página 12 | posição 180-182 | Adicionado: segunda-feira, 5 de janeiro de 2026 20:15:30",
            "12 180 182",
        ),
    ],
)
def test_lines_in_many_languages_are_read(about: str, expected: str) -> None:
    (one,) = parsed(f"Walden (Thoreau)\n{about}\n\nSimplify.\n==========\n").clippings
    assert (one.kind, f"{one.page} {one.start} {one.end}", one.added[:16]) == (
        "highlight",
        expected,
        "2026-01-05T20:15",
    )


@pytest.mark.parametrize("text", ["", "\ufeff", "==========\n==========\n"])
def test_empty_files_have_no_books(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.txt").write_text(text)
    assert documents(tmp_path / "file.txt") == {}


def test_entry_that_can_not_be_read_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("Odd\nnothing of a Kindle's\n==========\n" + SAMPLE.read_text())
    made, pulled = source(tmp_path / "file.txt"), Pulled()
    (page,) = pulled.pull(made)
    assert [problem.about for problem in page.problems] == ["Odd"]
    assert len(pulled.documents(made)) == 3


def test_what_was_read_once_stays_when_the_file_is_begun_anew(tmp_path: Path) -> None:
    file, pulled = tmp_path / "file.txt", Pulled()
    file.write_text(SAMPLE.read_text())
    pulled.pull(source(file))
    before = pulled.documents(source(file))
    file.write_text(SAMPLE.read_text().partition("==========")[0] + "==========\n")
    pulled.pull(source(file))
    assert pulled.documents(source(file)) == before


def test_overlapping_highlights_are_left_out_if_asked_for() -> None:
    walden = documents()["Walden (Annotated)"]
    assert [one.text for one in without_overlaps(walden).highlights] == [
        "I went to the woods because I wished to live deliberately",
        "Simplify, simplify.",
    ]
    plugin.vaultsync_configure(settings=Settings(overlapping="all"))
    assert plugin.vaultsync_document_filters() == ()
    plugin.vaultsync_configure(settings=Settings())
    assert plugin.vaultsync_document_filters() == (without_overlaps,)


def test_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="can't be read: No such file"):
        source(tmp_path / "nothing.txt").check_token()


@pytest.mark.parametrize("options", [{"file": "relative.txt"}, {"file": "/x", "timezone": "Nowhere/At all"}])
def test_settings_that_make_no_sense_are_a_config_error(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="Nothing was done"):
        make(ClippingsSettings(**options), None)  # type: ignore[arg-type]


def test_command_lists_the_books(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(SAMPLE)], standalone_mode=False)
    assert result.output.splitlines() == [
        "Walden (Annotated): 3 highlights, 1 with a note",
        "Die Verwandlung: 2 highlights, 0 with a note",
        "Notizen: 1 highlight, 0 with a note",
    ]
    (tmp_path / "file.txt").write_text("Odd\nnothing of a Kindle's\n")
    assert CliRunner().invoke(command, [str(tmp_path / "file.txt")], standalone_mode=False).return_value == 1
