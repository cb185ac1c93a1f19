from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vaultsync import steps
from vaultsync.disk.vault import Found
from vaultsync.errors import StateError
from vaultsync.storage.history import History
from vaultsync.storage.state import VERSION, Base, Counts, Entry, Row, State
from vaultsync.storage.statedir import state_dir

pytestmark = pytest.mark.on_disk
BASE = Base("# Títle\n", b"spans", "t1", "books", b"d" * 16, 10, 1_700_000_000_000_000_001, 77)
BOOK = Entry("readwise:1", "readwise", b"record", "Books/Title.md", BASE)
UNSEEN = Entry("reader:a", "readwise", b"record", pending=True)


class Crash(BaseException):
    """Stands for the process ending."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Any]:
    with State.open(tmp_path) as opened:
        yield opened


def stored(state: State) -> list[tuple[object, ...]]:
    tables = ("entries", "bodies", "pieces", "cursors", "listed")
    return [row for table in tables for row in state._connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_an_entry_comes_back_as_it_was_put(state: State) -> None:
    assert state.put(BOOK) and state.put(UNSEEN)

    assert state.entry("readwise:1") == BOOK
    assert state.entry("reader:a") == UNSEEN
    assert state.entry("reader:b") is None
    assert list(state.rows()) == [Row("readwise:1", "Books/Title.md", b"d" * 16, 10, BASE.mtime_ns, 77)]
    assert state.rows_of(["Books/Title.md"], ["reader:a"]) == list(state.rows())
    assert state.ids("readwise") == ["reader:a", "readwise:1"]
    assert (state.of_others(["readwise"]), state.of_others(["linkding"])) == ({}, {"readwise:1": "readwise"})
    assert (state.pending_ids("readwise"), state.pending_paths("readwise")) == (["reader:a"], [])
    assert state.rendered_with("readwise") == [("books", "t1")]
    assert state.ids_rendered_with("readwise", "books", "t1") == ["readwise:1"]


def test_putting_what_is_stored_writes_nothing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    state.put(BOOK)
    state.put_pieces(BOOK.id, {"readwise:1": b"x", "reader:a": None})
    state.set_cursor("readwise", "2026")
    before = state._connection.total_changes
    told: list[str] = []
    monkeypatch.setattr(steps, "observer", told.append)

    assert not state.put(BOOK)
    state.set_cursor("readwise", "2026")
    state.clear_listed("readwise")
    state.note_listed("readwise", [])
    assert told == []
    state.put_pieces(BOOK.id, {"readwise:1": b"x", "reader:a": None})
    assert state._connection.total_changes == before


@pytest.mark.parametrize(
    "change",
    [
        {"record": b"other"},
        {"path": "Moved.md"},
        {"pending": True},
        {"base": None, "path": None},
        {"base": msgspec.structs.replace(BASE, text="other")},
        {"base": msgspec.structs.replace(BASE, spans=b"")},
        {"base": msgspec.structs.replace(BASE, mtime_ns=1)},
    ],
)
def test_any_change_of_an_entry_is_stored(state: State, change: Any) -> None:
    state.put(BOOK)
    changed = msgspec.structs.replace(BOOK, **change)

    assert state.put(changed)
    assert state.entry(BOOK.id) == changed


def test_an_entry_is_found_by_any_of_its_keys_the_first_one_first(state: State) -> None:
    state.put(BOOK)
    state.put(UNSEEN)
    state.put_pieces(BOOK.id, {"reader:b": None})

    assert state.find(["reader:b"]) == BOOK
    assert state.find(["linkding:9", "reader:a", "reader:b"]) == UNSEEN
    assert state.find(["linkding:9"]) is None
    assert state.find([]) is None
    assert state.entry_of("reader:b") == state.entry_of(BOOK.id) == BOOK.id
    assert state.entry_of("linkding:9") is None
    assert state.keys_of(BOOK.id) == ("reader:b",)


def test_a_moved_note_is_followed_and_an_edited_one_still_looks_edited(state: State) -> None:
    state.put(BOOK)

    state.moved(BOOK.id, Found("Moved/Title.md", 11, 12, 13), touched=False)
    moved = msgspec.structs.replace(BOOK, path="Moved/Title.md")
    assert state.entry(BOOK.id) == moved

    state.moved(BOOK.id, Found("Moved/Title.md", 11, 12, 13), touched=True)
    assert state.entry(BOOK.id) == msgspec.structs.replace(
        moved, base=msgspec.structs.replace(BASE, size=11, mtime_ns=12, inode=13)
    )


def test_a_reader_document_that_becomes_a_book_is_found_by_both_ids(state: State) -> None:
    state.put(UNSEEN)
    state.put_pieces(UNSEEN.id, {"reader:a": b"x"})

    state.rekey("reader:a", "readwise:5")

    found = msgspec.structs.replace(UNSEEN, id="readwise:5")
    assert state.find(["reader:a"]) == state.find(["readwise:5"]) == found
    assert state.entry("reader:a") is None


def test_two_entries_of_one_document_become_one(state: State) -> None:
    state.put(BOOK)
    state.put(UNSEEN)
    state.put_pieces(UNSEEN.id, {"reader:a": b"x"})

    state.fold(UNSEEN.id, into=BOOK.id)

    assert state.find(["reader:a"]) == BOOK
    assert [row.id for row in state.rows()] == [BOOK.id]


def test_a_forgotten_entry_leaves_no_trace(state: State) -> None:
    state.put(BOOK)
    state.put_pieces(BOOK.id, {"readwise:1": b"x"})

    state.forget(BOOK.id)

    assert stored(state) == []


def test_a_piece_that_does_not_say_all_clears_the_digest(state: State) -> None:
    state.put(BOOK)
    state.put_pieces(BOOK.id, {"readwise:1": b"x", "reader:a": b"y"})
    assert state.digests("readwise") == {b"x", b"y"}

    state.put_pieces(BOOK.id, {"readwise:1": None})

    assert state.digests("readwise") == {b"y"}
    assert state.digests("linkding") == frozenset()


def test_a_sweep_tells_which_known_keys_it_has_not_seen(state: State) -> None:
    state.put(BOOK)
    state.put_pieces(BOOK.id, {"reader:a": None, "reader:b": None, "readwise:1": None, "readers:c": None})
    state.note_listed("readwise", ["reader:a", "reader:unknown"])
    state.note_listed("readwise", ["reader:a"])

    assert list(state.keys("reader")) == ["reader:a", "reader:b"]
    assert state.unlisted("readwise", "reader") == ["reader:b"]
    state.clear_listed("readwise")
    assert state.unlisted("readwise", "reader") == ["reader:a", "reader:b"]


def test_questions_about_many_entries(state: State) -> None:
    state.put(BOOK)
    state.put(UNSEEN)

    assert state.pending_ids("readwise") == ["reader:a"]
    assert state.counts() == Counts(documents=2, notes=1, pending=1)
    assert state.ids_without_note("readwise") == ["reader:a"]
    assert state.knows_note(BASE.digest) and not state.knows_note(b"other")
    assert state.cursor("readwise") is None


def test_a_transaction_keeps_all_or_nothing(state: State) -> None:
    with state.transaction():
        state.put(BOOK)
        with pytest.raises(ZeroDivisionError), state.transaction():
            state.put(UNSEEN)
            raise ZeroDivisionError
    assert [row.id for row in state.rows()] == [BOOK.id]

    with pytest.raises(ZeroDivisionError), state.transaction():
        state.forget(BOOK.id)
        raise ZeroDivisionError
    assert state.entry(BOOK.id) == BOOK


def test_what_is_only_pretended_is_seen_within_and_gone_after(state: State) -> None:
    with state.pretend():
        with state.transaction():
            state.put(BOOK)
        state.set_cursor("readwise", "2026")
        assert state.entry(BOOK.id) == BOOK

    assert stored(state) == []


def test_a_crash_at_any_step_keeps_all_of_a_page_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(state: State) -> None:
        with state.transaction():
            state.put(BOOK)
            state.put_pieces(BOOK.id, {"readwise:1": b"x"})
            state.set_cursor("readwise", "2026")

    told: list[str] = []
    with State.open(tmp_path) as state:
        monkeypatch.setattr(steps, "observer", told.append)
        page(state)
        whole = stored(state)
        monkeypatch.setattr(steps, "observer", None)

    for number in range(len(told)):
        folder = tmp_path / str(number)
        folder.mkdir()
        state, left = State.open(folder), iter(range(number))

        def crash(_name: str, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise Crash

        monkeypatch.setattr(steps, "observer", crash)
        with pytest.raises(Crash):
            page(state)
        monkeypatch.setattr(steps, "observer", None)
        state._connection.close()  # as the system does when a process ends
        with State.open(folder) as again:
            assert stored(again) == [], f"step {number}: {told[number]}"
            page(again)
            assert stored(again) == whole


def test_state_is_on_the_disk_when_it_says_so(state: State) -> None:
    assert state._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert state._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_state_is_found_again_and_opening_it_changes_nothing(tmp_path: Path) -> None:
    with State.open(tmp_path) as state:
        state.put(BOOK)
    before = (tmp_path / "state.sqlite3").read_bytes()

    with State.open(tmp_path) as state:
        assert state.entry(BOOK.id) == BOOK
    assert (tmp_path / "state.sqlite3").read_bytes() == before


def test_state_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "state.sqlite3")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (tmp_path / "state.sqlite3").read_bytes()

    with pytest.raises(StateError, match=r"newer vaultsync.*VAULTSYNC_STATE_DIR"):
        State.open(tmp_path)
    assert (tmp_path / "state.sqlite3").read_bytes() == before


def test_damaged_state_says_that_it_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_bytes(b"this is not a database " * 100)

    with pytest.raises(StateError, match=r"damaged.*Delete.*undo"):
        State.open(tmp_path)


def test_a_second_writer_is_a_state_error(tmp_path: Path) -> None:
    with State.open(tmp_path) as one, State.open(tmp_path) as two:
        two._connection.execute("PRAGMA busy_timeout = 1")
        with one.transaction(), pytest.raises(StateError, match="can't be used"), two.transaction():
            pass


def test_looking_over_all_entries_never_reads_records_and_texts(state: State) -> None:
    state.put(BOOK)
    read: set[str] = set()

    def authorize(action: Any, table: Any, *_rest: Any) -> Any:
        if action == sqlite3.SQLITE_READ:
            read.add(table)
        return sqlite3.SQLITE_OK

    state._connection.set_authorizer(authorize)
    assert list(state.rows()) and state.knows_note(BASE.digest) and state.counts()

    assert read == {"entries"}


class TestWhereStateIsKept:
    @pytest.fixture
    def env(self, tmp_path: Path) -> Any:
        return {"VAULTSYNC_STATE_DIR": str(tmp_path / "state")}

    @pytest.fixture
    def vault(self, tmp_path: Path) -> Any:
        vault = tmp_path / "vault"
        vault.mkdir()
        return vault

    def test_it_is_the_users_own_and_says_whose_it_is(self, vault: Path, env: dict[str, str]) -> None:
        folder = state_dir(vault, env)

        assert folder.parent == Path(env["VAULTSYNC_STATE_DIR"])
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "vault.txt").read_text() == f"{vault}\n"

    def test_a_renamed_or_moved_vault_keeps_its_state(self, vault: Path, env: dict[str, str], tmp_path: Path) -> None:
        before = state_dir(vault, env)
        (tmp_path / "elsewhere").mkdir()
        moved = vault.rename(tmp_path / "elsewhere" / "renamed")

        assert state_dir(moved, env) == before
        assert (before / "vault.txt").read_text() == f"{moved}\n"

    def test_a_copied_vault_starts_its_own(self, vault: Path, env: dict[str, str], tmp_path: Path) -> None:
        copy = Path(shutil.copytree(vault, tmp_path / "copy"))

        assert state_dir(copy, env) != state_dir(vault, env)

    def test_a_vault_made_anew_starts_its_own(self, vault: Path, env: dict[str, str]) -> None:
        before = state_dir(vault, env)
        vault.rmdir()
        time.sleep(0.02)  # the clock of the file system ticks every few milliseconds
        vault.mkdir()

        assert state_dir(vault, env) != before

    def test_a_link_to_the_vault_is_the_vault(self, vault: Path, env: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(vault)

        assert state_dir(tmp_path / "link", env) == state_dir(vault, env)

    def test_where_no_time_of_birth_is_known_the_path_tells(
        self, vault: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("vaultsync.storage.statedir._birth_ns", lambda _root, _found: None)
        before = state_dir(vault, env)

        assert state_dir(vault, env) == before
        assert state_dir(vault.rename(tmp_path / "renamed"), env) != before

    def test_inside_the_vault_is_refused(self, vault: Path) -> None:
        with pytest.raises(StateError, match="inside the vault"):
            state_dir(vault, {"VAULTSYNC_STATE_DIR": str(vault / ".state")})
        assert list(vault.iterdir()) == []

    def test_a_folder_that_cant_be_made_is_told(self, vault: Path, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(StateError, match="can't be kept"):
            state_dir(vault, {"VAULTSYNC_STATE_DIR": str(tmp_path / "file")})

    def test_a_vault_that_is_not_there_is_told(self, tmp_path: Path, env: dict[str, str]) -> None:
        with pytest.raises(StateError, match="can't be looked at"):
            state_dir(tmp_path / "gone", env)


class TestHistory:
    def test_the_last_runs_come_back_oldest_first(self, tmp_path: Path) -> None:
        history = History(tmp_path)
        assert history.last(3) == []
        for number in range(5):
            history.append({"command": "export", "number": number})

        assert [run["number"] for run in history.last(3)] == [2, 3, 4]
        assert history.last(0) == []

    def test_the_last_complete_sweep_of_each_source_is_known(self, tmp_path: Path) -> None:
        history = History(tmp_path)
        history.append({"ended": "2026-11-20T08:00:00+00:00", "full": ["readwise", "linkding"]})
        history.append({"ended": "2026-11-21T08:00:00+00:00", "full": ["readwise"]})
        history.append({"ended": "2026-11-21T09:00:00+00:00", "full": []})

        assert history.last_full("readwise") == datetime(2026, 11, 21, 8, tzinfo=UTC)
        assert history.last_full("linkding") == datetime(2026, 11, 20, 8, tzinfo=UTC)
        assert history.last_full("other") is None

    def test_it_does_not_grow_for_ever_and_keeps_the_last_sweep(self, tmp_path: Path) -> None:
        history = History(tmp_path)
        history.append({"ended": "2026-11-20T08:00:00+00:00", "full": ["readwise"]})
        line = '{"full": []}\n'
        with (tmp_path / "runs.jsonl").open("a") as file:
            file.write(line * 999)
        history.append({"number": "last"})

        lines = (tmp_path / "runs.jsonl").read_text().splitlines()
        assert len(lines) == 501
        assert history.last(1) == [{"number": "last"}]
        assert history.last_full("readwise") == datetime(2026, 11, 20, 8, tzinfo=UTC)

    def test_a_line_cut_off_by_a_power_failure_is_passed_over(self, tmp_path: Path) -> None:
        history = History(tmp_path)
        history.append({"number": 1})
        with (tmp_path / "runs.jsonl").open("a") as file:
            file.write('{"number": 2, "ful\n')
        history.append({"number": 3})

        assert [run["number"] for run in history.last(5)] == [1, 3]
        assert history.last_full("readwise") is None

    def test_a_history_that_cant_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "runs.jsonl").mkdir()

        with pytest.raises(StateError, match="The run itself is not affected"):
            History(tmp_path).append({})
