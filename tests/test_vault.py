from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from vaultsync import steps
from vaultsync.disk import swap
from vaultsync.disk.vault import MARKER, Found, Recovered, Refused, Trashed, Vault, Write, Written, digest
from vaultsync.errors import VaultError

pytestmark = pytest.mark.on_disk
OLD, NEW, SAVED = b"old text\n", b"new text\n", b"saved by the user\n"


@pytest.fixture
def root(tmp_path: Path) -> Any:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / MARKER).touch()
    return folder


@pytest.fixture
def vault(root: Path) -> Any:
    return Vault(root)


@pytest.fixture(params=["swap", "links", "copies"])
def any_disk(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What disks offer: swapping names, hard links only, or neither."""
    if request.param == "swap":
        return
    monkeypatch.setattr(swap, "exchange", lambda _source, _target: False)
    monkeypatch.setattr(swap, "rename_new", lambda _source, _target: False)
    if request.param == "copies":

        def no_links(_source: Any, _target: Any) -> None:
            raise PermissionError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", no_links)


def note(root: Path, path: str, data: bytes = OLD) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(place.relative_to(root)): place.read_bytes()
        for place in root.rglob("*")
        if place.is_file() and place.name != MARKER
    }


def written(root: Path, path: str) -> Written:
    seen = (root / path).lstat()
    return Written(path, seen.st_size, seen.st_mtime_ns, seen.st_ino, digest((root / path).read_bytes()))


@pytest.mark.usefixtures("any_disk")
def test_a_new_note_arrives_with_its_folders(root: Path, vault: Vault) -> None:
    page = vault.write([Write("Readwise/books/Title.md", NEW, None), Write("Top.md", OLD, None)])

    assert page.outcomes == (written(root, "Readwise/books/Title.md"), written(root, "Top.md"))
    assert page.settle() == ()
    assert everything(root) == {"Readwise/books/Title.md": NEW, "Top.md": OLD}


@pytest.mark.usefixtures("any_disk")
def test_a_note_is_updated_and_leaves_nothing_beside_it(root: Path, vault: Vault) -> None:
    place = note(root, "Books/Title.md")
    place.chmod(0o640)

    page = vault.write([Write("Books/Title.md", NEW, digest(OLD))])

    assert page.outcomes == (written(root, "Books/Title.md"),)
    assert page.settle() == ()
    assert everything(root) == {"Books/Title.md": NEW}
    assert stat.S_IMODE(place.stat().st_mode) == 0o640


def test_the_old_text_is_kept_until_state_is_committed(root: Path, vault: Vault) -> None:
    note(root, "Title.md")

    page = vault.write([Write("Title.md", NEW, digest(OLD))])

    assert sorted(everything(root).values()) == sorted([NEW, OLD])
    page.settle()
    assert everything(root) == {"Title.md": NEW}


@pytest.mark.usefixtures("any_disk")
def test_a_note_that_was_edited_meanwhile_is_left_alone(root: Path, vault: Vault) -> None:
    note(root, "Title.md", SAVED)

    page = vault.write([Write("Title.md", NEW, digest(OLD))])

    [outcome] = page.outcomes
    assert isinstance(outcome, Refused) and outcome.reason == "edited"
    assert page.settle() == ()
    assert everything(root) == {"Title.md": SAVED}


@pytest.mark.usefixtures("any_disk")
def test_a_new_note_never_replaces_one(root: Path, vault: Vault) -> None:
    note(root, "Title.md", SAVED)

    page = vault.write([Write("Title.md", NEW, None), Write("Other.md", NEW, None)])

    refused, other = page.outcomes
    assert isinstance(refused, Refused) and refused.reason == "exists"
    assert other == written(root, "Other.md")
    assert page.settle() == ()
    assert everything(root) == {"Title.md": SAVED, "Other.md": NEW}


def test_a_note_that_is_gone_is_not_written_anew(root: Path, vault: Vault) -> None:
    page = vault.write([Write("Moved away/Title.md", NEW, digest(OLD))])

    [outcome] = page.outcomes
    assert isinstance(outcome, Refused) and outcome.reason == "edited"
    assert page.settle() == ()
    assert not (root / "Moved away").exists()


def test_two_notes_with_the_same_text_fit_in_one_folder(root: Path, vault: Vault) -> None:
    page = vault.write([Write("One.md", NEW, None), Write("Two.md", NEW, None)])
    page.settle()

    assert everything(root) == {"One.md": NEW, "Two.md": NEW}


@pytest.mark.parametrize(
    "path", ["../out.md", "/etc/out.md", "a/../../out.md", ".obsidian/out.md", "a//b.md", "a\0.md", ""]
)
def test_no_path_leaves_the_vault(root: Path, vault: Vault, path: Any) -> None:
    [outcome] = vault.write([Write(path, NEW, None)]).outcomes

    assert isinstance(outcome, Refused) and outcome.reason == "error"
    with pytest.raises(VaultError):
        vault.read(path)
    assert everything(root.parent) == {f"vault/{MARKER}": b""} or everything(root) == {}


def test_nothing_is_written_or_read_through_a_symbolic_link(root: Path, vault: Vault, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    note(outside, "Title.md", SAVED)
    (root / "Books").symlink_to(outside)
    (root / "Linked.md").symlink_to(outside / "Title.md")

    page = vault.write(
        [
            Write("Books/New.md", NEW, None),
            Write("Books/Title.md", NEW, digest(SAVED)),
            Write("Linked.md", NEW, digest(SAVED)),
        ]
    )
    page.settle()

    assert [type(outcome) for outcome in page.outcomes] == [Refused] * 3
    assert everything(outside) == {"Title.md": SAVED}
    assert isinstance(vault.trash("Books/Title.md", digest(SAVED)), Refused)
    for path in ("Books/Title.md", "Linked.md"):
        with pytest.raises(VaultError):
            vault.read(path)
    assert vault.scan().notes == {}


def test_a_vault_whose_disk_is_not_mounted_is_not_written(root: Path, vault: Vault) -> None:
    note(root, "Title.md")
    (root / MARKER).unlink()

    for write in (
        lambda: vault.write([Write("New.md", NEW, None)]),
        lambda: vault.trash("Title.md", digest(OLD)),
        lambda: vault.recover([".vaultsync-0.tmp"]),
    ):
        with pytest.raises(VaultError, match="Nothing is written without it"):
            write()
    assert everything(root) == {"Title.md": OLD}


@pytest.mark.parametrize("full_after", range(6))
def test_a_full_disk_leaves_every_note_as_it_was(
    root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch, full_after: Any
) -> Any:
    note(root, "One.md")
    note(root, "Two.md")
    room = iter(range(full_after))
    real = os.write

    def write(opened: Any, data: Any) -> Any:
        return real(opened, data) if next(room, None) is not None else real(opened, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", write)
    writes = [Write("One.md", NEW, digest(OLD)), Write("Two.md", NEW, digest(OLD)), Write("New.md", NEW, None)]
    if full_after < len(writes):
        with pytest.raises(VaultError, match="No note of this page was touched"):
            vault.write(writes)
        assert everything(root) == {"One.md": OLD, "Two.md": OLD}
    else:
        vault.write(writes).settle()
        assert everything(root) == {"One.md": NEW, "Two.md": NEW, "New.md": NEW}


def test_a_folder_that_cant_be_written_costs_only_its_own_notes(
    root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> Any:
    real = os.open

    def guarded(path: Any, flags: Any, mode: Any = 0o777) -> Any:
        if "/Locked/" in str(path) and flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", guarded)
    page = vault.write([Write("Locked/Title.md", NEW, None), Write("Open/Title.md", NEW, None)])

    locked, opened = page.outcomes
    assert isinstance(locked, Refused) and locked.reason == "error" and "Permission denied" in locked.message
    assert opened == written(root, "Open/Title.md")


def test_temps_and_names_are_durable_before_the_answer(
    root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(root, "Books/Title.md")
    told: list[str] = []
    monkeypatch.setattr(steps, "observer", told.append)

    vault.write([Write("Books/Title.md", NEW, digest(OLD)), Write("Books/New.md", NEW, None)])

    sync = "vault.syncfs" if "vault.syncfs" in told else "vault.fsync"
    last_write = len(told) - told[::-1].index("vault.write") - 1
    first_name = min(told.index(name) for name in told if name.startswith("vault.rename"))
    assert last_write < told.index(sync) < first_name
    assert told[-1] == "vault.fsync"


def test_a_disk_that_fails_at_the_end_is_told_and_nothing_is_lost(
    root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(root, "Title.md")

    def fail(_opened: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(VaultError, match="counts as not written"):
        vault.write([Write("Title.md", NEW, digest(OLD))])
    monkeypatch.undo()

    assert sorted(everything(root).values()) == sorted([OLD, NEW])
    assert vault.recover(vault.scan().leftovers) == ()
    assert everything(root) == {"Title.md": NEW}


@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL])
def test_a_note_of_an_owner_we_may_not_set_is_written_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    like = list(note(root, "Title.md").stat())
    like[5] += 1  # another group: in a container it may have no name

    def fail(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fchown", fail)
    swap.write_new(str(root / "New.md"), NEW, os.stat_result(like))
    assert (root / "New.md").read_bytes() == NEW


def test_a_temp_that_cant_be_cleared_away_is_told(root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    note(root, "Title.md")
    page = vault.write([Write("Title.md", NEW, digest(OLD))])

    def fail(_path: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(VaultError, match="can't be cleared away"):
        page.settle()


def test_every_file_is_synced_where_the_whole_disk_cant_be(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "_sync_disk", None)
    told: list[str] = []
    monkeypatch.setattr(steps, "observer", told.append)

    vault.write([Write("One.md", NEW, None), Write("Two.md", OLD, None)])

    assert told.count("vault.fsync") == 3


def test_a_scan_sees_notes_and_nothing_else(root: Path, vault: Vault) -> None:
    for path in ("Title.md", "Books/Deep/Title.md", "UPPER.MD"):
        note(root, path)
    for path in (".obsidian/app.md", ".trash/Old.md", ".hidden.md", "Books/picture.png", "Books/.vaultsync-0.tmp"):
        note(root, path)
    (root / "folder.md").mkdir()
    os.mkfifo(root / "pipe.md")

    scan = vault.scan()

    seen = (root / "Title.md").lstat()
    assert sorted(scan.notes) == ["Books/Deep/Title.md", "Title.md", "UPPER.MD"]
    assert scan.notes["Title.md"] == Found("Title.md", len(OLD), seen.st_mtime_ns, seen.st_ino)
    assert scan.notes["Title.md"] == vault.found("Title.md")
    assert scan.leftovers == ("Books/.vaultsync-0.tmp",)
    assert scan.unknown == ()


def test_what_cant_be_looked_at_is_unknown_not_absent(
    root: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(root, "Books/Title.md")
    note(root, "Cloud/.Away.md.icloud")
    real = os.scandir

    def guarded(path: Any) -> Any:
        if "Books" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", guarded)
    scan = vault.scan()

    assert scan.notes == {}
    assert scan.is_unknown("Books/Title.md") and scan.is_unknown("Cloud/Away.md")
    assert not scan.is_unknown("Cloud/Other.md") and not scan.is_unknown("Bookshelf/Title.md")


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_not_text_is_unknown(root: Path, vault: Vault) -> None:
    with os.fdopen(os.open(os.fsencode(root) + b"/caf\xe9.md", os.O_CREAT | os.O_WRONLY), "wb"):
        pass
    note(root, "Café.md")

    scan = vault.scan()

    assert list(scan.notes) == ["Café.md"]
    assert scan.unknown == ("caf?.md",)


def test_a_missing_vault_is_unknown_altogether(tmp_path: Path) -> None:
    scan = Vault(tmp_path / "gone").scan()

    assert scan.notes == {}
    assert scan.is_unknown("Title.md")


def test_reading_tells_absent_from_unreadable(root: Path, vault: Vault) -> None:
    note(root, "Title.md")
    (root / "folder.md").mkdir()

    assert vault.read("Title.md") == OLD
    assert vault.read_head("Title.md", 3) == b"old"
    assert vault.read("Gone.md") is None
    assert vault.found("Gone.md") is None
    assert vault.read_head("No folder/Gone.md") is None
    with pytest.raises(VaultError, match="unknown, not as gone"):
        vault.read("folder.md")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('---\nvaultsync_id: "readwise:123"\n---\ntext', "readwise:123"),
        ("---\r\ntitle: a\r\nvaultsync_id: readwise:123\r\n---\r\ntext", "readwise:123"),
        ("\ufeff---\nvaultsync_id: 'readwise:123'\n---", "readwise:123"),
        ("---\ntitle: a\n---\nvaultsync_id: readwise:123", None),
        ("text\n---\nvaultsync_id: readwise:123\n---\n", None),
        ("---\nnot_vaultsync_id: x\n---\n", None),
        ("---\nvaultsync_id: 123\n---\n", None),
        ("---\nvaultsync_id: readwise:123\nno end", None),
        (f"---\nlong: {'x' * 9000}\nvaultsync_id: readwise:123\n---\n", "readwise:123"),
        ("---\nvaultsync_id: {{ document.id }}\ntags: {{ document.tags }}\n---\n", None),
        ('---\nvaultsync_id: "{{ document.id }}"\n---\n', None),
        ("", None),
    ],
)
def test_a_note_says_whose_it_is(root: Path, vault: Vault, text: Any, expected: Any) -> None:
    note(root, "Title.md", text.encode())

    assert vault.identity("Title.md") == expected


def test_a_note_with_broken_properties_is_nobodys_for_sure(root: Path, vault: Vault) -> None:
    note(root, "Title.md", b'---\ntitle: "open\nvaultsync_id: readwise:1\n---\n')

    with pytest.raises(VaultError, match="not YAML"):
        vault.identity("Title.md")


@pytest.mark.usefixtures("any_disk")
def test_a_trashed_note_goes_to_obsidians_trash_under_a_free_name(root: Path, vault: Vault) -> None:
    note(root, "Books/Title.md", OLD)
    note(root, "Other/Title.md", NEW)

    assert vault.trash("Books/Title.md", digest(OLD)) == Trashed("Books/Title.md", ".trash/Title.md")
    assert vault.trash("Other/Title.md", digest(NEW)) == Trashed("Other/Title.md", ".trash/Title 2.md")
    assert everything(root) == {".trash/Title.md": OLD, ".trash/Title 2.md": NEW}


def test_only_the_note_that_was_meant_is_trashed(root: Path, vault: Vault) -> None:
    note(root, "Title.md", SAVED)

    for path in ("Title.md", "Gone.md"):
        outcome = vault.trash(path, digest(OLD))
        assert isinstance(outcome, Refused) and outcome.reason == "edited"
    assert everything(root) == {"Title.md": SAVED}


@pytest.mark.usefixtures("any_disk")
def test_a_file_is_copied_in_only_where_there_is_none(root: Path, vault: Vault) -> None:
    assert vault.copy_in("Templates/vaultsync/document.md", NEW)
    assert not vault.copy_in("Templates/vaultsync/document.md", OLD)
    assert everything(root) == {"Templates/vaultsync/document.md": NEW}


class TestRecovery:
    def test_temps_of_a_run_that_was_cut_short_are_cleared_away(self, root: Path, vault: Vault) -> None:
        name = f".vaultsync-{digest(NEW).hex()}-{digest(OLD).hex()}"
        note(root, f"Books/{name}.tmp", NEW)
        note(root, f"Books/{name}.2.tmp", OLD)
        note(root, f"{name}.kept.tmp", OLD)
        note(root, ".vaultsync-empty.tmp", b"")
        note(root, ".vaultsync-zeros.tmp", b"\0" * 4096)
        note(root, ".vaultsync-known.tmp", b"known to state")

        assert vault.recover(vault.scan().leftovers, {digest(b"known to state")}.__contains__) == ()
        assert everything(root) == {}

    def test_a_save_nobody_has_seen_becomes_a_note(self, root: Path, vault: Vault) -> None:
        note(root, f"Books/.vaultsync-{digest(NEW).hex()}-{digest(OLD).hex()}.tmp", SAVED)
        note(root, "Books/Title.md", NEW)
        note(root, ".vaultsync-0.tmp", SAVED)

        recovered = vault.recover(vault.scan().leftovers)

        assert set(recovered) == {
            Recovered("Books/Title (recovered).md", "Books/Title.md"),
            Recovered("Recovered note.md", ""),
        }
        assert everything(root) == {
            "Books/Title.md": NEW,
            "Books/Title (recovered).md": SAVED,
            "Recovered note.md": SAVED,
        }

    def test_a_recovered_note_replaces_no_other(self, root: Path, vault: Vault) -> None:
        note(root, "Recovered note.md", OLD)
        note(root, ".vaultsync-0.tmp", SAVED)

        assert vault.recover([".vaultsync-0.tmp"]) == (Recovered("Recovered note (2).md", ""),)
        assert everything(root) == {"Recovered note.md": OLD, "Recovered note (2).md": SAVED}
