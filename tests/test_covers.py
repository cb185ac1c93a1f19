"""Covers downloaded into the vault: through the command, from a storage that takes no token."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.test_push import push, type_note
from vaultsync.errors import SourceError
from vaultsync.simulator.faults import Fault, cut_off, status
from vaultsync.simulator.records import Book
from vaultsync.web import LARGEST, Web

__all__ = ["reader"]

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20
JPG = b"\xff\xd8\xff\xe0" + b"another" * 20
SHOWS = TEMPLATE.replace(
    "# {{",
    "{% if document.cover_file %}![[{{ document.cover_file }}]]{% else %}![]({{ document.cover }}){% endif %}\n\n# {{",
)


@pytest.fixture
def covered(reader: Reading) -> Reading:
    """A person whose template shows covers, and who has them downloaded."""
    (reader.vault / "T/document.md").write_text(SHOWS)
    reader.configure(notes='covers = "Attachments/Covers"')
    return reader


def book(reader: Reading, title: str, data: bytes = PNG, kind: str = "image/png", name: str = "") -> Book:
    """A book with a cover at the source's own address."""
    name = name or f"{title}.png"
    reader.simulator.storage.pictures[name] = (kind, data)
    made, _ = reader.book(title, "A passage.", cover_image_url=url(reader, name))
    return made


def url(reader: Reading, name: str) -> str:
    return reader.simulator.base_url.removesuffix("/api") + f"/storage/{name}"


def pictures(reader: Reading) -> dict[str, bytes]:
    """What is in the folder of covers."""
    return {path: data for path, data in reader.contents().items() if path.startswith("Attachments/")}


def shown(reader: Reading, path: str) -> str:
    """The line of a note that shows its cover."""
    return next(line for line in reader.text(path).split("\n") if line.startswith("!["))


def fetched(reader: Reading) -> list[str]:
    """The pictures that were asked for since the log was cleared."""
    return [one.path for one in reader.simulator.log if one.path.startswith("/storage/")]


def test_a_cover_is_in_the_vault_and_its_note_shows_it(covered: Reading) -> None:
    book(covered, "Walden")
    covered.export()
    [(path, data)] = pictures(covered).items()
    assert (data, path.startswith("Attachments/Covers/cover-"), path.endswith(".png")) == (PNG, True, True)
    assert shown(covered, "Walden.md") == f"![[{path.rpartition('/')[2]}]]"


def test_nothing_is_fetched_unless_it_is_asked_for(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(SHOWS)
    book(reader, "Walden")
    reader.export()
    assert (fetched(reader), pictures(reader)) == ([], {})
    assert shown(reader, "Walden.md") == f"![]({url(reader, 'Walden.png')})"


def test_it_is_fetched_once(covered: Reading) -> None:
    one = book(covered, "Walden")
    covered.export()
    covered.simulator.log.clear()
    covered.library.add_highlight(one, "Another passage.")
    files = pictures(covered)
    covered.export()
    covered.export("--full")
    assert (fetched(covered), pictures(covered)) == ([], files)
    assert "Another passage." in covered.text("Walden.md")


def test_two_books_with_one_picture_share_its_file(covered: Reading) -> None:
    for title in ("Walden", "Essays"):
        book(covered, title, name="same.png")
    covered.export()
    assert len(pictures(covered)) == 1
    assert shown(covered, "Walden.md") == shown(covered, "Essays.md")
    assert len(fetched(covered)) == 1


def test_its_name_tells_what_it_is_and_not_what_it_is_called(covered: Reading) -> None:
    book(covered, "Walden", JPG, "binary/octet-stream", name="Walden.svg")
    covered.export()
    assert [path.rpartition(".")[2] for path in pictures(covered)] == ["jpg"]


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml", "no picture of a kind"),
        (b"<!DOCTYPE html><p>Not found", "text/html", "it is text/html"),
        (b"<!DOCTYPE html><p>Not found", "image/png", "no picture of a kind"),
        (b"", "image/png", "no picture of a kind"),
        (PNG + bytes(LARGEST), "image/png", "larger than 5 MB"),
    ],
)
def test_what_is_no_picture_costs_no_note(covered: Reading, data: bytes, kind: str, why: str) -> None:
    book(covered, "Odd", data, kind)
    book(covered, "Walden")
    run = covered.run("export")
    assert run.code == 0
    assert f"1 cover can't be had and is shown from the web, such as {url(covered, 'Odd.png')} (" in run.out
    assert why in run.out
    assert shown(covered, "Odd.md") == f"![]({url(covered, 'Odd.png')})"
    assert shown(covered, "Walden.md").startswith("![[cover-")
    assert len(pictures(covered)) == 1


@pytest.mark.parametrize("fault", [status(404), status(500), cut_off()])
def test_a_failure_is_tried_again_after_a_day_and_not_before(covered: Reading, fault: Fault) -> None:
    one = book(covered, "Walden")
    covered.simulator.faults.order(fault, path="/storage/")
    covered.export()
    assert shown(covered, "Walden.md").startswith("![](http")
    covered.simulator.log.clear()
    covered.library.add_highlight(one, "Another passage.")
    covered.export()
    assert fetched(covered) == []
    import sqlite3

    with sqlite3.connect(covered.state / "state.sqlite3") as database:
        database.execute("UPDATE pictures SET tried = tried - 90000")
    covered.library.add_highlight(one, "A third one.")
    covered.export()
    assert shown(covered, "Walden.md").startswith("![[cover-")


def test_a_note_named_by_its_user_gets_its_cover_at_once_or_again(covered: Reading) -> None:
    book(covered, "Walden")
    covered.simulator.faults.order(status(404), path="/storage/")
    covered.export()
    covered.export("--only", "Walden.md")
    assert shown(covered, "Walden.md").startswith("![[cover-")
    [path] = pictures(covered)
    (covered.vault / path).unlink()
    text = covered.text("Walden.md")
    covered.export("--full")
    assert (pictures(covered), covered.text("Walden.md")) == ({}, text), "what its user deletes stays deleted"
    covered.export("--only", "Walden.md")
    assert ([*pictures(covered)], covered.text("Walden.md")) == ([path], text)


def test_a_host_that_always_fails_is_left_alone(covered: Reading) -> None:
    for number in range(6):
        book(covered, f"Book {number}", b"", "image/png")
    covered.export()
    assert len(fetched(covered)) == 3
    assert len([path for path in covered.paths() if path.startswith("Book")]) == 6


def test_other_addresses_have_to_be_safe(covered: Reading) -> None:
    elsewhere = covered.simulator.base_url.replace("127.0.0.1", "localhost").removesuffix("/api")
    bad = [
        f"{elsewhere}/storage/a.png",
        "http://192.0.2.7/a.png",
        "file:///etc/passwd",
        "https://u:p@example.org/a.png",
    ]
    for number, address in enumerate([*bad, "https://[bad/a.png", "//example.org/a"]):
        covered.book(f"Book {number}", "A passage.", cover_image_url=address)
    run = covered.run("export")
    assert (run.code, fetched(covered), pictures(covered)) == (0, [], {})
    assert "its address does not begin with https://" in run.out


def test_switched_on_later_notes_get_their_covers_around_what_was_typed(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(SHOWS)
    book(reader, "Walden")
    reader.export()
    type_note(reader, "Walden.md", "Why?")
    reader.type("Walden.md")
    reader.configure(notes='covers = "Covers"')
    dry = reader.export("--dry-run")
    assert (fetched(reader), dry.json["notes"]["merged"]) == ([], 1)
    run = reader.export()
    assert "Plugins or settings have changed: 1 note is rendered again." in run.err
    assert shown(reader, "Walden.md").startswith("![[cover-")
    assert reader.text("Walden.md").endswith("\nMy own words.\n")
    assert push(reader)["sent"] == 1
    reader.configure(notes="")
    reader.export()
    assert shown(reader, "Walden.md").startswith("![](http")
    assert "- Note: Why?\n" in reader.text("Walden.md")


def test_without_state_the_files_are_known_again(covered: Reading) -> None:
    book(covered, "Walden")
    covered.export()
    contents = covered.contents()
    for file in covered.state.iterdir():
        file.unlink()
    covered.simulator.log.clear()
    covered.export()
    assert fetched(covered) == []
    assert covered.contents() == contents


def test_another_cover_is_another_file(covered: Reading) -> None:
    one = book(covered, "Walden")
    covered.export()
    covered.simulator.storage.pictures["new.jpg"] = ("image/jpeg", JPG)
    covered.library.edit_book(one.id, cover_image_url=url(covered, "new.jpg"))
    covered.export("--full")
    assert sorted(pictures(covered).values()) == sorted([PNG, JPG])
    assert shown(covered, "Walden.md").endswith(".jpg]]")


def test_a_file_of_that_name_is_never_written_over(covered: Reading) -> None:
    book(covered, "Walden")
    covered.export()
    [path] = pictures(covered)
    covered.write(path, "my own")
    covered.export("--only", "Walden.md")
    assert pictures(covered) == {path: b"my own"}


def test_an_idle_run_changes_nothing(covered: Reading) -> None:
    book(covered, "Walden")
    book(covered, "Odd", b"")
    covered.export()
    files, rows = covered.files(), covered.rows()
    covered.simulator.log.clear()
    covered.export("--full")
    assert (covered.files(), covered.rows(), fetched(covered)) == (files, rows, [])


@pytest.mark.parametrize("folder", ["../out", "/etc", ".hidden/x", "a//b", "a/", "Covers?"])
def test_the_folder_is_one_in_the_vault(covered: Reading, folder: str) -> None:
    covered.configure(notes=f'covers = "{folder}"')
    run = covered.run("export")
    assert run.code == 2
    assert f'in [notes]: covers: "{folder}" is no folder in the vault. Nothing was done.\n' in run.err
    assert 'It reads "Attachments/Covers".\n' in run.err


# The web.


@pytest.fixture
def web(reader: Reading) -> Iterator[Web]:
    web = Web("readwise", reader.simulator.base_url)
    yield web
    web.close()


def test_a_redirect_is_followed_where_it_is_safe(reader: Reading, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    from vaultsync.simulator.exchange import Reply, Request

    answer = reader.simulator.storage.answer
    targets = {"/storage/a": "b", "/storage/unsafe": "http://localhost/x", "/storage/round": "round"}

    def redirecting(request: Request) -> Reply | None:
        target = targets.get(request.path)
        return Reply(302, b"", (("Location", target),)) if target else answer(request)

    monkeypatch.setattr(reader.simulator.storage, "answer", redirecting)
    reader.simulator.storage.pictures["b"] = ("image/png", PNG)
    assert web.picture(url(reader, "a")) == (PNG, "png")
    for name, why in (("unsafe", "does not begin with https"), ("round", "redirected in circles")):
        with pytest.raises(SourceError, match=why):
            web.picture(url(reader, name))


def test_a_picture_may_not_take_for_ever(reader: Reading) -> None:
    times = iter([0.0, 31.0])
    web = Web("readwise", reader.simulator.base_url, clock=lambda: next(times))
    reader.simulator.storage.pictures["a"] = ("image/png", PNG)
    with pytest.raises(SourceError, match="it takes too long"):
        web.picture(url(reader, "a"))
    web.close()


def test_what_is_packed_counts_unpacked(reader: Reading, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    from vaultsync.simulator.exchange import Reply

    packed = gzip.compress(PNG + bytes(2 * LARGEST))
    reply = Reply(200, packed, (("Content-Encoding", "gzip"),), "image/png")
    monkeypatch.setattr(reader.simulator.storage, "answer", lambda _request: reply)
    with pytest.raises(SourceError, match="larger than 5 MB"):
        web.picture(url(reader, "a"))
