"""Saves and crashes at every step of a write: no save may vanish, no note may be half written."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vaultsync import steps
from vaultsync.disk import swap
from vaultsync.disk.vault import MARKER, Refused, Vault, Write, Written, digest

pytestmark = pytest.mark.on_disk
BASE, OURS = b"base text\n", b"text of vaultsync\n"


class Crash(BaseException):
    """Stands for the process ending."""


def save_in_place(place: Path, data: bytes) -> None:
    with place.open("wb", buffering=0) as opened:
        opened.write(data)


def save_by_renaming(place: Path, data: bytes) -> None:
    beside = place.with_name(f".{place.name}.editor")
    beside.write_bytes(data)
    beside.replace(place)


SAVES = {"in place": save_in_place, "by renaming": save_by_renaming}


@pytest.fixture
def place(tmp_path: Path) -> Any:
    (tmp_path / MARKER).touch()
    place = tmp_path / "Title.md"
    place.write_bytes(BASE)
    return place


def do_without_swapping(monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    monkeypatch.setattr(swap, "exchange", lambda _source, _target: False)
    monkeypatch.setattr(swap, "rename_new", lambda _source, _target: False)
    if not links:

        def no_links(_source: Any, _target: Any) -> None:
            raise PermissionError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", no_links)


def texts(folder: Path) -> set[bytes]:
    return {found.read_bytes() for found in folder.glob("*.md")}


def at_step(number: int, act: Callable[[], None]) -> Callable[[str], None]:
    """Make an observer that acts once, at that step, and hears nothing of its own steps."""
    left = iter(range(number))

    def observe(_name: str) -> None:
        if next(left, None) is None:
            steps.observer = None
            act()

    return observe


def update(place: Path) -> Written | Refused:
    page = Vault(place.parent).write([Write("Title.md", OURS, digest(BASE))])
    page.settle()
    return page.outcomes[0]


def trash(place: Path) -> object:
    return Vault(place.parent).trash("Title.md", digest(BASE))


def steps_of(act: Callable[[Path], object], place: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    told: list[str] = []
    monkeypatch.setattr(steps, "observer", told.append)
    act(place)
    monkeypatch.setattr(steps, "observer", None)
    place.write_bytes(BASE)
    return len(told)


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
@pytest.mark.parametrize("act", [update, trash])
def test_a_save_at_any_step_survives(place: Any, monkeypatch: pytest.MonkeyPatch, save: Any, act: Any) -> None:
    for number in range(steps_of(act, place, monkeypatch)):
        user = f"saved at step {number}\n".encode()
        place.write_bytes(BASE)
        monkeypatch.setattr(steps, "observer", at_step(number, partial(save, place, user)))
        act(place)
        monkeypatch.setattr(steps, "observer", None)

        assert user in texts(place.parent) | texts(place.parent / ".trash"), f"step {number}"
        assert not list(place.parent.glob(".vaultsync-*"))


def test_a_save_at_any_step_survives_where_names_cant_be_swapped(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    do_without_swapping(monkeypatch, links=True)
    for number in range(steps_of(update, place, monkeypatch)):
        user = f"saved at step {number}\n".encode()
        place.write_bytes(BASE)
        monkeypatch.setattr(steps, "observer", at_step(number, partial(save_in_place, place, user)))
        update(place)
        monkeypatch.setattr(steps, "observer", None)

        assert user in texts(place.parent), f"step {number}"


def test_a_save_while_a_save_is_put_back_survives_too(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, saves = swap.exchange, iter([b"first save\n", b"second save\n"])

    def exchange(source: Any, target: Any) -> Any:
        data = next(saves, None)
        if data is not None:
            save_by_renaming(place, data)
        return real(source, target)

    monkeypatch.setattr(swap, "exchange", exchange)
    outcome = update(place)

    assert isinstance(outcome, Refused) and outcome.reason == "edited"
    assert place.read_bytes() == b"second save\n"
    assert (place.parent / "Title (recovered).md").read_bytes() == b"first save\n"


def test_a_program_that_holds_the_displaced_note_open_loses_nothing(place: Any) -> None:
    with place.open("r+b", buffering=0) as held:
        page = Vault(place.parent).write([Write("Title.md", OURS, digest(BASE))])
        held.write(b"late save")
        [recovered] = page.settle()

    assert recovered.note == "Title.md"
    assert place.read_bytes() == OURS
    assert (place.parent / recovered.path).read_bytes() == b"late save\n"


def test_a_save_during_the_very_removal_of_the_displaced_note_survives(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open("r+b", buffering=0) as held:
        page = Vault(place.parent).write([Write("Title.md", OURS, digest(BASE))])
        monkeypatch.setattr(steps, "observer", at_step(0, lambda: held.write(b"late save") and None))
        [recovered] = page.settle()

    assert (place.parent / recovered.path).read_bytes() == b"late save\n"


@pytest.mark.parametrize("disk", ["swap", "links", "copies"])
def test_a_crash_at_any_step_leaves_the_note_whole_and_nothing_beside_it(
    place: Any, monkeypatch: pytest.MonkeyPatch, disk: Any
) -> None:
    if disk != "swap":
        do_without_swapping(monkeypatch, links=disk == "links")

    def crash() -> None:
        raise Crash

    for number in range(steps_of(update, place, monkeypatch)):
        place.write_bytes(BASE)
        monkeypatch.setattr(steps, "observer", at_step(number, crash))
        with pytest.raises(Crash):
            update(place)
        monkeypatch.setattr(steps, "observer", None)

        vault = Vault(place.parent)
        assert vault.recover(vault.scan().leftovers) == (), f"step {number}"
        assert texts(place.parent) in ({BASE}, {OURS}), f"step {number}"
        assert not list(place.parent.glob(".vaultsync-*"))


@pytest.mark.parametrize("disk", ["swap", "links", "copies"])
def test_a_crash_at_any_step_of_a_removal_leaves_the_note_here_or_in_the_trash(
    place: Any, monkeypatch: pytest.MonkeyPatch, disk: Any
) -> None:
    if disk != "swap":
        do_without_swapping(monkeypatch, links=disk == "links")

    def crash() -> None:
        raise Crash

    for number in range(steps_of(trash, place, monkeypatch)):
        place.write_bytes(BASE)
        monkeypatch.setattr(steps, "observer", at_step(number, crash))
        with pytest.raises(Crash):
            trash(place)
        monkeypatch.setattr(steps, "observer", None)

        assert BASE in texts(place.parent) | texts(place.parent / ".trash"), f"step {number}"


@pytest.mark.parametrize("disk", ["swap", "links", "copies"])
def test_a_crash_at_any_step_of_a_creation_leaves_all_of_the_note_or_none(
    place: Any, monkeypatch: pytest.MonkeyPatch, disk: Any
) -> None:
    if disk != "swap":
        do_without_swapping(monkeypatch, links=disk == "links")

    def create(_place: Path) -> None:
        Vault(place.parent).write([Write("New/Note.md", OURS, None)]).settle()

    def crash() -> None:
        raise Crash

    told = steps_of(create, place, monkeypatch)
    for number in range(told):
        shutil.rmtree(place.parent / "New")
        monkeypatch.setattr(steps, "observer", at_step(number, crash))
        with pytest.raises(Crash):
            create(place)
        monkeypatch.setattr(steps, "observer", None)

        vault = Vault(place.parent)
        assert vault.recover(vault.scan().leftovers) == ()
        (place.parent / "New").mkdir(exist_ok=True)
        # Where neither swaps nor links exist the name is claimed first, so the note may be empty.
        left = texts(place.parent / "New")
        assert left in (set(), {OURS}) or (disk == "copies" and left == {b""}), f"step {number}"


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_no_save_vanishes_while_another_program_saves_all_the_time(place: Any, save: Any) -> None:
    vault, rounds, rng = Vault(place.parent), 0, random.Random(6)  # noqa: S311  # timing, not secrets
    ends = time.monotonic() + 0.7
    while time.monotonic() < ends:
        rounds += 1
        place.write_bytes(BASE)
        user = f"save {rounds}\n".encode()
        saver = threading.Timer(rng.uniform(0, 0.0008), save, (place, user))
        saver.start()
        page = vault.write([Write("Title.md", OURS, digest(BASE))])
        saver.join()
        recovered = page.settle()

        assert user in texts(place.parent), f"round {rounds}: {page.outcomes}"
        for kept in recovered:
            (place.parent / kept.path).unlink()
    assert rounds > 20


def test_a_reader_never_sees_half_a_note(place: Any) -> None:
    vault, done, seen = Vault(place.parent), threading.Event(), set()
    versions = [bytes([letter]) * 50_000 for letter in b"ab"]
    place.write_bytes(versions[0])

    def read() -> None:
        while not done.is_set():
            seen.add(place.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        old, new = versions[number % 2], versions[1 - number % 2]
        vault.write([Write("Title.md", new, digest(old))]).settle()
    done.set()
    reader.join()

    assert seen <= set(versions)
