"""What can go wrong on an ordinary day: each says what was left untouched and what to do, and loses nothing."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.export_case import Reading, Run, reader
from vaultsync import steps
from vaultsync.http import Http
from vaultsync.simulator import faults
from vaultsync.storage.lock import writer_lock

__all__ = ["reader"]

# One of these says what became of the vault, or what it still has.
UNTOUCHED = re.compile(
    r"(Nothing|None|No note)[^.]* (is|was|were) |left (alone|as it (is|was)|out)|is kept|stays? done|untouched"
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait in seconds, none of which takes any time."""
    waited: list[float] = []
    monkeypatch.setattr(
        Http.__init__, "__kwdefaults__", {**(Http.__init__.__kwdefaults__ or {}), "sleep": waited.append}
    )
    return waited


def _failed(reader: Reading, code: int, *words: str, args: tuple[str, ...] = ()) -> Run:
    """Run an export that must end so and say so, and leave every file as it is."""
    before = reader.contents()
    run = reader.run("export", *args)
    assert run.code == code, (run.code, run.out, run.err)
    _says_enough(run, *words)
    assert reader.contents() == before
    return run


def _says_enough(run: Run, *words: str) -> None:
    for word in words:
        assert word in run.err
    assert UNTOUCHED.search(run.err), run.err
    assert "Traceback" not in run.err
    assert "bug" not in run.err
    assert "demo-token" not in run.out + run.err
    lines = [line for line in run.err.splitlines() if line.startswith("Error:")]
    assert len(lines) < len(run.err.splitlines()), f"no hint: {run.err}"


def _works_again(reader: Reading, created: int = 2) -> None:
    assert reader.export().counts[0] == created
    assert len(reader.paths()) == 2


@pytest.fixture
def shelf(reader: Reading) -> Reading:
    """Two books that were not exported yet."""
    reader.book("Walden", "one")
    reader.book("Essays", "two")
    return reader


# Tokens.


def test_no_token(shelf: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    _failed(shelf, 2, "READWISE_TOKEN", "vaultsync auth readwise")
    monkeypatch.setenv("READWISE_TOKEN", shelf.simulator.token)
    _works_again(shelf)


def test_a_wrong_token(shelf: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READWISE_TOKEN", "wrong-token")
    run = _failed(shelf, 2, "401", "vaultsync auth readwise")
    assert "wrong-token" not in run.out + run.err
    monkeypatch.setenv("READWISE_TOKEN", shelf.simulator.token)
    _works_again(shelf)


def test_a_token_refused_halfway_leaves_what_was_written(shelf: Reading) -> None:
    shelf.simulator.readwise.pages = 1
    shelf.simulator.faults.order(faults.status(401, {"detail": "Invalid token."}), path="/api/v2/export/", nth=2)
    run = shelf.run("export")
    assert run.code == 1
    _says_enough(run, "401", "vaultsync auth readwise")
    assert len(shelf.paths()) == 1
    assert "Nothing was written" not in run.err
    _works_again(shelf, created=1)


def test_a_token_that_belongs_to_another_address(shelf: Reading) -> None:
    shelf.export()
    config = shelf.vault / "vaultsync.toml"
    kept = config.read_text()
    config.write_text(kept.replace("127.0.0.1", "localhost"))
    shelf.simulator.log.clear()
    _failed(shelf, 2, "localhost", "vaultsync auth readwise")
    assert len(shelf.simulator.log) == 0
    config.write_text(kept)
    assert shelf.export().counts == (0, 0, 2, 0)


# The service.


def test_a_service_that_is_not_there(shelf: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its own token: the other is not to be bound to that address.
    monkeypatch.setenv("READWISE_TOKEN", "another-token")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        kept = (shelf.vault / "vaultsync.toml").read_text()
        nowhere = re.sub(r":\d+/api", f":{unused.getsockname()[1]}/api", kept)
        (shelf.vault / "vaultsync.toml").write_text(nowhere)
        _failed(shelf, 1, "readwise", "next run")
    (shelf.vault / "vaultsync.toml").write_text(kept)
    monkeypatch.setenv("READWISE_TOKEN", shelf.simulator.token)
    _works_again(shelf)


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(500, b"oops"),
        faults.status(502, b"<html>Bad gateway</html>", content_type="text/html"),
        faults.status(503, {"detail": "maintenance"}),
        faults.html_page(),
        faults.cut_off(),
        faults.connection_reset(),
        faults.reply_lost(),
        faults.raw_body(b""),
        faults.raw_body(b"null"),
        faults.raw_body(b"[]"),
        faults.raw_body(b'{"detail": "what?"}'),
        faults.raw_body(b'{"results": null}'),
        faults.raw_body(b'{"results": {}}'),
        faults.raw_body(b"\xff\xfe\x00"),
        faults.raw_body(b"[" * 100_000),
    ],
    ids=lambda fault: f"{fault.name}{getattr(fault.instead, 'body', '') or ''}"[:40],
)
def test_trouble_that_passes_is_waited_out_and_trouble_that_stays_fails(shelf: Reading, fault: faults.Fault) -> None:
    shelf.simulator.faults.order(fault, path="/api/v2/export/", times=None)
    _failed(shelf, 1, "readwise", "next run")
    shelf.simulator.faults.clear()
    shelf.simulator.faults.order(fault, path="/api/v2/export/", times=3)
    _works_again(shelf)


@pytest.mark.parametrize(
    "fault", [faults.too_many_requests(0), faults.too_many_requests(7), faults.too_many_requests_in_body(7)]
)
def test_a_limit_is_waited_out_as_the_service_says(shelf: Reading, fault: faults.Fault, waits: list[float]) -> None:
    shelf.simulator.faults.order(fault, path="/api/v2/export/", times=2)
    _works_again(shelf)
    assert sum(waits) in (2.0, 14.0)


def test_a_limit_that_says_nothing_is_waited_out_longer_and_longer(shelf: Reading, waits: list[float]) -> None:
    shelf.simulator.faults.order(faults.status(429, {"detail": "slow down"}), path="/api/v2/export/", times=3)
    _works_again(shelf)
    assert waits == [5.0, 10.0, 20.0]


def test_a_limit_that_does_not_end_fails_in_time(shelf: Reading) -> None:
    shelf.simulator.faults.order(faults.too_many_requests(120), path="/api/v2/export/", times=None)
    _failed(shelf, 1, "limit", "next run")
    shelf.simulator.faults.clear()
    _works_again(shelf)


def test_a_source_that_fails_midway_goes_on_at_the_page_next_time(reader: Reading) -> None:
    reader.simulator.readwise.pages = 1
    for number in range(5):
        reader.book(f"Book {number}", "one")
    reader.simulator.faults.order(faults.status(500), path="/api/v2/export/", nth=3, times=None)
    run = reader.export(code=1)
    assert run.counts[0] == len(reader.paths()) == 2
    reader.simulator.faults.clear()
    reader.simulator.log.clear()
    assert reader.export().counts == (3, 0, 2, 0)
    first, *_ = reader.simulator.log.matching("/api/v2/export/")
    assert "pageCursor" in first.parameters
    assert len(reader.paths()) == 5


def test_a_failing_reader_keeps_nothing_from_being_tried_again(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    reader.library.add_reader_document("Here", location="later")
    reader.export()
    before = reader.contents()
    reader.simulator.faults.order(faults.status(500), path="/api/v3/list/", times=None)
    run = reader.export("--full", code=1)
    assert run.counts[3] == 0
    assert reader.contents() == before
    reader.simulator.faults.clear()
    assert reader.export("--full").counts == (0, 0, 1, 0)


# Listings that lie.


@pytest.mark.parametrize("path", ["/api/v3/list/", "/api/v2/export/"])
def test_a_page_that_is_missing_deletes_nothing(reader: Reading, path: str) -> None:
    reader.configure(source='documents = "all"')
    reader.simulator.readwise.pages = 2
    for number in range(6):
        reader.book(f"Book {number}", "one")
        reader.library.add_reader_document(f"Document {number}", location="later")
    reader.export()
    before = reader.contents()
    reader.simulator.faults.order(faults.page_missing(), path=path)
    assert reader.run("export", "--full").code in (0, 3)
    assert reader.contents() == before
    assert reader.export("--full").counts == (0, 0, 12, 0)


@pytest.mark.parametrize("path", ["/api/v3/list/", "/api/v2/export/"])
def test_an_empty_listing_stops_and_says_which_option_allows_it(reader: Reading, path: str) -> None:
    reader.configure(source='documents = "all"')
    for number in range(2):
        reader.book(f"Book {number}", "one")
        reader.library.add_reader_document(f"Document {number}", location="later")
    reader.export()
    reader.simulator.faults.order(faults.empty_listing(), path=path, times=None)
    _failed(reader, 3, "--allow-removals", args=("--full",))
    reader.simulator.faults.clear()
    assert reader.export("--full").counts == (0, 0, 4, 0)


def test_a_category_nobody_has_heard_of_is_kept_as_it_is(reader: Reading) -> None:
    reader.book("Walden", "one", category="scrolls")
    reader.library.add_reader_document("Rss", category="hologram", location="later")
    reader.configure(source='documents = "all"')
    assert reader.export().counts == (2, 0, 0, 0)


def test_one_malformed_record_costs_only_itself(shelf: Reading) -> None:
    good = {"user_book_id": 1, "title": "Good", "highlights": [{"id": 2, "text": "one"}]}
    bad = {"user_book_id": {"a": 1}, "title": "Bad", "highlights": 7}
    body = json.dumps({"count": 2, "nextPageCursor": None, "results": [bad, good]})
    shelf.simulator.faults.order(faults.raw_body(body.encode()), path="/api/v2/export/")
    run = shelf.run("export")
    assert "Good.md" in shelf.paths()
    assert "Bad" in run.out


# What its user wrote into the vault.


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("\n", ("T/document.md", "is empty", "No note was written")),
        ("{{ document.titel }}\n", ("T/document.md, line 1", "vaultsync templates check")),
        ("\n{% for x in %}\n", ("T/document.md, line 2", "vaultsync templates check")),
        ("{% include 'nowhere.md' %}\n", ("nowhere.md",)),
        ("{{ document.title | nonsense }}\n", ("nonsense",)),
        ("{{ ''.__class__.__mro__ }}\n", ("T/document.md",)),
        ("{{ 1 // 0 }}\n", ("T/document.md",)),
        ("{% for i in range(10 ** 9) %}x{% endfor %}\n", ("T/document.md",)),
        ("---\na: [\n---\n", ("T/document.md",)),
        ("---\n- a list\n---\n", ("T/document.md",)),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}\n", ("T/document.md",)),
    ],
)
def test_a_broken_template(shelf: Reading, broken: str, words: tuple[str, ...]) -> None:
    template = shelf.vault / "T/document.md"
    kept = template.read_text()
    template.write_text(broken)
    _failed(shelf, 2, *words)
    template.write_text(kept)
    _works_again(shelf)


def test_of_a_broken_template_it_is_not_told_that_notes_are_rendered_with_it(shelf: Reading) -> None:
    shelf.export()
    (shelf.vault / "T/document.md").write_text("{{ document.titel }}\n")
    run = shelf.run("export")
    assert (run.code, "No note was written." in run.err) == (2, True)
    assert "rendered again" not in run.err


def test_a_template_that_is_no_text(shelf: Reading) -> None:
    template = shelf.vault / "T/document.md"
    kept = template.read_bytes()
    template.write_bytes(b"\xff\xfe\x00\x01")
    _failed(shelf, 2, "document.md")
    template.write_bytes(kept)
    _works_again(shelf)


def test_templates_that_are_not_there(shelf: Reading) -> None:
    (shelf.vault / "T").rename(shelf.vault / "U")
    _failed(shelf, 2, '"T"', "vaultsync templates copy")
    (shelf.vault / "U").rename(shelf.vault / "T")
    _works_again(shelf)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[notes\n", ("TOML", "line 1")),
        ('[notes]\npaht = "x"\n', ("line 2", "paht", "path")),
        ("[notes]\npath = 7\n", ("line 2", "path")),
        ('[notes]\npath = "{{ document.titel }}.md"\n', ("titel",)),
        ('[notes]\npath = "{{ document."\n', ("path",)),
        ("[sources.kindle]\n", ("kindle", "readwise")),
        ('[sources.readwise]\ndocuments = "some"\n', ("line 2", "highlighted")),
        ('[sources.readwise]\nlocations = "new"\n', ("line 2", "locations")),
        ('[sources.readwise]\nbase_url = "readwise"\n', ("line 2", "base_url")),
        ("sources = 7\n", ("sources",)),
        ("\x00", ("TOML",)),
    ],
)
def test_a_broken_configuration(shelf: Reading, text: str, words: tuple[str, ...]) -> None:
    config = shelf.vault / "vaultsync.toml"
    kept = config.read_text()
    url = f'base_url = "{shelf.simulator.base_url}"\n'
    config.write_text(text if "sources" in text or "TOML" in words else f"{text}[sources.readwise]\n{url}")
    _failed(shelf, 2, *words)
    config.write_text(kept)
    _works_again(shelf)


def test_a_configuration_that_is_no_text(shelf: Reading) -> None:
    config = shelf.vault / "vaultsync.toml"
    kept = config.read_bytes()
    config.write_bytes(b"\xff\xfe")
    _failed(shelf, 2, "UTF-8")
    config.write_bytes(kept)
    _works_again(shelf)


def test_a_vault_that_is_not_there(shelf: Reading) -> None:
    shelf.vault.rename(shelf.vault.parent / "elsewhere")
    run = shelf.run("export")
    assert run.code == 2
    _says_enough(run, str(shelf.vault), "mounted")
    assert not shelf.vault.exists()
    (shelf.vault.parent / "elsewhere").rename(shelf.vault)
    _works_again(shelf)


def test_a_vault_without_its_marker(shelf: Reading) -> None:
    config = shelf.vault / "vaultsync.toml"
    kept = config.read_text()
    config.unlink()
    _failed(shelf, 2, "vaultsync.toml", "vaultsync init")
    config.write_text(kept)
    _works_again(shelf)


def test_a_note_whose_properties_are_no_yaml_is_left_alone_and_named(shelf: Reading) -> None:
    shelf.export()
    mine = shelf.text("Walden.md").replace("tags:", "tags: [")
    shelf.write("Walden.md", mine)
    book = next(iter(shelf.library.books.values()))
    shelf.library.add_highlight(book, "more")
    run = shelf.run("export")
    assert run.code == 1
    assert "Walden.md" in run.err
    assert shelf.text("Walden.md") == mine
    assert len(shelf.paths()) == 2


# The disk.


@contextmanager
def _failing(name: str, number: int, after: int = 0) -> Iterator[None]:
    """Have the system refuse one kind of effect from then on. number: of the error; after: so many that go well."""
    left = [after]

    def refuse(effect: str) -> None:
        left[0] -= effect == name
        if effect == name and left[0] < 0:
            raise OSError(number, os.strerror(number))

    steps.observer = refuse
    try:
        yield
    finally:
        steps.observer = None


@pytest.mark.parametrize("name", ["vault.create", "vault.write", "vault.syncfs"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_no_more(shelf: Reading, name: str, number: int) -> None:
    with _failing(name, number):
        _failed(shelf, 1, os.strerror(number), "run again")
    _works_again(shelf)


@pytest.mark.parametrize("name", ["vault.renameat2", "vault.fsync", "vault.unlink"])
def test_a_disk_that_fails_late(shelf: Reading, name: str) -> None:
    shelf.export()
    for book in shelf.library.books.values():
        shelf.library.add_highlight(book, "more")
    with _failing(name, errno.EIO, after=1):
        run = shelf.run("export")
    assert run.code in (0, 1)
    assert "Traceback" not in run.err
    assert "bug" not in run.err
    assert shelf.export().code == 0
    assert all("> more" in shelf.text(path) for path in ("Walden.md", "Essays.md"))
    assert shelf.paths() == ["Essays.md", "Walden.md"]
    assert not [path.name for path in shelf.vault.iterdir() if path.name.startswith(".")]


def test_news_a_failing_disk_took_are_no_edits_of_the_same_run(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    with _failing("vault.fsync", errno.EIO):
        run = reader.run("sync")
    assert run.code == 1 and "It counts as not written." in run.err
    assert run.out == "Notes: nothing new; 1 unchanged. 5 requests.\n"
    assert reader.run("sync").code == 0
    assert "> one, mended\n" in reader.text("Walden.md") and "My own words." in reader.text("Walden.md")


def test_a_disk_that_fills_up_between_pages_keeps_the_pages_before(shelf: Reading) -> None:
    shelf.simulator.readwise.pages = 1
    with _failing("vault.write", errno.ENOSPC, after=1):
        run = shelf.run("export")
    assert run.code == 1
    _says_enough(run, "No space left", "run again")
    assert len(shelf.paths()) == 1
    _works_again(shelf, created=1)


def test_a_folder_that_may_not_be_written_fails_its_notes_and_no_others(reader: Reading) -> None:
    path = "{{ document.category }}/{{ document.title }}.md"
    text = (reader.vault / "vaultsync.toml").read_text().replace("{{ document.title }}.md", path)
    (reader.vault / "vaultsync.toml").write_text(text)
    (reader.vault / "books").write_text("a file where a folder should be")
    reader.book("Walden", "one")
    reader.book("Noise", "two", category="articles")
    run = reader.run("export")
    assert run.code == 1
    _says_enough(run, "books", "a file, not a folder")
    assert reader.paths() == ["articles/Noise.md"]
    (reader.vault / "books").unlink()
    assert reader.export().counts[0] == 1


@pytest.mark.parametrize("effect", ["state.insert", "state.commit", "state.begin"])
def test_a_state_that_can_not_be_written_costs_no_note(shelf: Reading, effect: str) -> None:
    def refuse(name: str) -> None:
        if name == effect:
            raise sqlite3.OperationalError("disk I/O error")

    steps.observer = refuse
    try:
        run = shelf.run("export")
    finally:
        steps.observer = None
    assert run.code == 2
    assert "state" in run.err
    assert "next time" in run.err
    assert shelf.run("export").code == 0
    assert shelf.paths() == ["Essays.md", "Walden.md"]


def test_a_marker_that_vanishes_during_a_run_stops_the_writing(shelf: Reading) -> None:
    shelf.simulator.readwise.pages = 1
    config = shelf.vault / "vaultsync.toml"
    kept = config.read_text()

    def unmount(name: str) -> None:
        if name == "http.request" and shelf.paths():
            config.unlink(missing_ok=True)

    steps.observer = unmount
    try:
        run = shelf.run("export")
    finally:
        steps.observer = None
    assert run.code == 1
    _says_enough(run, "vaultsync.toml", "mount")
    assert len(shelf.paths()) == 1
    config.write_text(kept)
    _works_again(shelf, created=1)


# State.


def test_two_runs_at_once(shelf: Reading) -> None:
    with writer_lock(shelf.state, "vaultsync export"):
        _failed(shelf, 2, '"vaultsync export"', str(os.getpid()), "run again")
    _works_again(shelf)


def test_a_state_of_a_newer_version(shelf: Reading) -> None:
    shelf.export()
    with sqlite3.connect(shelf.state / "state.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    _failed(shelf, 2, "newer", "Update vaultsync")


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_state(shelf: Reading, damage: bytes) -> None:
    shelf.export()
    for file in shelf.state.glob("state.sqlite3*"):
        file.unlink()
    (shelf.state / "state.sqlite3").write_bytes(damage)
    run = _failed(shelf, 2, "damaged", "Delete")
    named = re.search(r"Delete (\S+):", run.err)
    assert named
    Path(named[1]).unlink()
    assert shelf.export().counts == (0, 0, 2, 0)


def test_a_history_that_is_rubbish_is_no_trouble(shelf: Reading) -> None:
    shelf.export()
    (shelf.state / "runs.jsonl").write_bytes(b'\xff\n[]\n{"full": 7, "ended": 1}\n{"full": ["readwise"]}\nnull\n{"a"')
    assert shelf.export().counts == (0, 0, 2, 0)


# The user.


def test_interrupted_by_hand(shelf: Reading) -> None:
    shelf.simulator.readwise.pages = 1

    def interrupt(name: str) -> None:
        if name == "http.request" and shelf.paths():
            raise KeyboardInterrupt

    steps.observer = interrupt
    try:
        run = shelf.run("export")
    finally:
        steps.observer = None
    assert run.code == 130
    assert "next run" in run.err
    assert len(shelf.paths()) == 1
    _works_again(shelf, created=1)


@pytest.mark.parametrize(
    ("code", "args"),
    [
        (2, ("--source", "kindle")),
        (2, ("--only", "nothing")),
        (2, ("--only", "https://example.org/x")),
        (1, ("--only", "readwise:7777")),
    ],
)
def test_options_that_name_what_is_not_there(shelf: Reading, code: int, args: tuple[str, ...]) -> None:
    _failed(shelf, code, args[1], args=args)
    _works_again(shelf)


@pytest.mark.parametrize("mine", ["", "\n", "Nothing of what was there.\n", "---\nvaultsync_id: 7\n---\n", "---\n"])
def test_a_note_that_was_emptied_or_replaced_stays_so(shelf: Reading, mine: str) -> None:
    shelf.export()
    shelf.write("Walden.md", mine)
    shelf.library.add_highlight(next(iter(shelf.library.books.values())), "more")
    shelf.run("export")
    assert shelf.text("Walden.md") == mine
    assert shelf.paths() == ["Essays.md", "Walden.md"]


@pytest.mark.usefixtures("shelf")
def test_a_process_that_is_interrupted_ends_with_130() -> None:
    code = (
        "import sys, os, signal; from vaultsync import steps; from vaultsync.cli import main\n"
        # Whoever is started in the background is told to ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "steps.observer = lambda name: name == 'http.request' and os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(main(['export']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
