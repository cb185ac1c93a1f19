"""What watching does over minutes, hours and days, by a clock that only pretends to wait."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.stop_case import observed
from tests.test_push import type_note, writes
from tests.watch_case import Story, Told, told_story, walden
from vaultsync.simulator.faults import status, too_many_requests
from vaultsync.simulator.limits import RateLimits
from vaultsync.storage.lock import writer_lock
from vaultsync.watching.heartbeat import heard
from vaultsync.watching.schedule import Pace

__all__ = ["reader", "walden"]

HOUR = 3600.0


def saving(reader: Reading, told: Told, path: str, words: str, was: str = "") -> Callable[[], None]:
    """Type a note and save it, when it is time."""

    def save() -> None:
        type_note(reader, path, words, was=was)
        told.mark(path)

    return save


def at(story: Story, times: list[float]) -> Callable[[], None]:
    return lambda: times.append(story.at)


def fetches(reader: Reading) -> int:
    """How often what is new was asked for."""
    return len(reader.simulator.log.matching("/api/v2/export/"))


# Settling.


def test_a_note_is_sent_three_seconds_after_it_was_saved(walden: Reading) -> None:
    story, told, when = Story(), Told(), []

    def add(request: Any, *_: object) -> None:
        if request.method == "PATCH":
            when.append(story.at)

    walden.simulator.log.add = add  # type: ignore[method-assign,assignment]
    told_story(walden, (10.0, saving(walden, told, "Walden.md", "Mine.")), until=20.0, clock=story, watching=told)
    assert when == [pytest.approx(13.0, abs=0.2)]


def test_a_typist_who_never_pauses_is_heard_after_thirty_seconds(walden: Reading) -> None:
    story, told = Story(), Told()
    words = [f"Words {number}" for number in range(30)]
    saves = [
        (10.0 + 2 * number, saving(walden, told, "Walden.md", word, was=words[number - 1] if number else ""))
        for number, word in enumerate(words)
    ]
    heard_by: list[str] = []
    highlight = next(iter(walden.library.books.values())).highlights[0]
    told_story(walden, *saves, (41.0, lambda: heard_by.append(highlight.note)), until=100.0, clock=story, watching=told)
    assert heard_by == ["Words 15"]
    assert highlight.note == "Words 29"
    assert len(writes(walden)) == 2


def test_one_notes_typing_does_not_delay_anothers(walden: Reading) -> None:
    walden.book("Essays", "one")
    walden.export()
    story, told = Story(), Told()
    typed = [(10.0 + number, lambda: told.mark("Walden.md")) for number in range(20)]
    essays = next(one for one in walden.library.books.values() if one.title == "Essays").highlights[0]
    by_then: list[str] = []
    told_story(
        walden,
        *typed,
        (12.0, saving(walden, told, "Essays.md", "Mine.")),
        (15.5, lambda: by_then.append(essays.note)),
        until=20.0,
        clock=story,
        watching=told,
    )
    assert by_then == ["Mine."]


def test_a_long_time_to_settle_is_waited_for_in_peace(walden: Reading) -> None:
    story, told = Story(), Told()
    save = saving(walden, told, "Walden.md", "Mine.")
    told_story(walden, (10.0, save), until=200.0, clock=story, watching=told, settle=90.0)
    assert len(writes(walden)) == 1
    assert story.waits < 50


def test_a_template_that_is_saved_while_someone_else_is_at_work_is_used_when_they_are_through(walden: Reading) -> None:
    story, told, others = Story(), Told(), ExitStack()

    def save_template() -> None:
        (walden.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
        told.mark("T/document.md")

    told_story(
        walden,
        (9.0, lambda: others.enter_context(writer_lock(walden.state, "vaultsync export"))),
        (10.0, save_template),
        (20.0, others.close),
        until=30.0,
        clock=story,
        watching=told,
    )
    assert "# The book Walden\n" in walden.text("Walden.md")


# Asking.


@pytest.mark.parametrize("interval", [1.0, 7.0])
def test_however_often_it_fetches_no_limit_is_overrun(walden: Reading, interval: float) -> None:
    walden.configure(source='documents = "all"')
    story = Story()
    walden.simulator.limits = RateLimits(clock=story.monotonic)
    told_story(walden, until=150.0, clock=story, pull_interval=interval)
    assert [one.path for one in walden.simulator.log if one.status == 429] == []
    assert len(walden.simulator.log) > 30


def test_an_idle_hour_asks_twelve_times_and_writes_nothing(walden: Reading) -> None:
    told_story(walden, until=1.0)
    walden.simulator.log.clear()
    files, rows = walden.files(), walden.rows()
    story, did = Story(), list[str]()
    with observed(did.append):
        being = told_story(walden, until=HOUR - 1, clock=story)
    assert not {one for one in did if one.startswith("state.")} - {"state.mkdir", "state.open", "state.close"}
    assert [event.kind for event in being.events] == ["started", "stopped"]
    assert fetches(walden) == 12
    assert {one.method for one in walden.simulator.log} == {"GET"}
    assert (walden.files(), walden.rows()) == (files, rows)
    assert story.waits < 300


def test_after_a_sleep_everything_is_looked_at_at_once(walden: Reading) -> None:
    story = Story()
    asked: list[int] = []

    def sleep() -> None:
        asked.append(fetches(walden))
        story.slept += 8 * HOUR

    told_story(walden, (60.0, sleep), (90.0, lambda: asked.append(fetches(walden))), until=100.0, clock=story)
    assert asked == [1, 2]


def test_a_fetch_that_waits_for_its_limit_holds_up_no_edit(walden: Reading) -> None:
    for number in range(700):
        walden.library.add_reader_document(f"Document {number}", location="later")
    walden.configure(source='documents = "all"')
    story, told = Story(), Told()
    when: list[object] = []
    walden.simulator.limits = RateLimits({"reader": 4}, clock=story.monotonic)
    highlight = next(iter(walden.library.books.values())).highlights[0]
    told_story(
        walden,
        (20.0, saving(walden, told, "Walden.md", "Mine.")),
        (24.0, lambda: when.append(highlight.note)),
        (24.0, lambda: when.append(len(walden.paths()))),
        until=200.0,
        clock=story,
        watching=told,
    )
    assert when == ["Mine.", 301]
    assert len(walden.paths()) == 701


# Trouble.


def test_edits_of_a_day_without_service_arrive_once(walden: Reading) -> None:
    story, told = Story(), Told()
    faults = walden.simulator.faults
    fault = status(503, b"down")
    being = told_story(
        walden,
        (5.0, lambda: faults.order(fault, times=None)),
        (HOUR, saving(walden, told, "Walden.md", "One.")),
        (5 * HOUR, saving(walden, told, "Walden.md", "Two.", was="One.")),
        (24 * HOUR, faults.clear),
        until=25 * HOUR,
        clock=story,
        watching=told,
        pace=Pace(tick=300.0, scan=HOUR),
    )
    assert next(iter(walden.library.books.values())).highlights[0].note == "Two."
    assert [one.method for one in walden.simulator.log.writes if one.status == 200] == ["PATCH"]
    assert [event.kind for event in being.events] == ["started", "trouble", "waiting", "mended", "sent", "stopped"]
    assert len(walden.simulator.log) < 60 * 12


def test_a_service_that_asks_to_wait_is_left_alone_so_long(walden: Reading) -> None:
    story, told, asked = Story(), Told(), []
    walden.simulator.faults.order(too_many_requests(120), method="GET", path="/api/v2/highlights/", times=1)
    told_story(
        walden,
        (10.0, saving(walden, told, "Walden.md", "Mine.")),
        (14.0, walden.simulator.log.clear),
        (130.0, lambda: asked.append(len(walden.simulator.log))),
        until=140.0,
        clock=story,
        watching=told,
    )
    assert asked == [0]
    assert next(iter(walden.library.books.values())).highlights[0].note == "Mine."


def test_an_edit_the_service_can_not_take_is_not_tried_again_and_again(walden: Reading) -> None:
    story, told = Story(), Told()
    faults, looks = walden.simulator.faults, []
    faults.order(status(503, b"down"), method="GET", path="/api/v2/highlights/", times=5)
    faults.order(status(418, b"a teapot"), method="GET", path="/api/v2/highlights/", times=None)
    told_story(
        walden,
        (10.0, saving(walden, told, "Walden.md", "Mine.")),
        (200.0, lambda: looks.append(len(walden.simulator.log.matching("/api/v2/highlights/")))),
        (201.0, faults.clear),
        until=400.0,
        clock=story,
        watching=told,
    )
    assert looks == [6]
    assert next(iter(walden.library.books.values())).highlights[0].note == "Mine."


def test_a_revoked_token_is_told_once_and_a_new_one_is_taken_up(
    walden: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, told = Story(), Told()
    token = walden.simulator.token

    def revoke() -> None:
        walden.simulator.token = "another"

    being = told_story(
        walden,
        (5.0, revoke),
        (HOUR, saving(walden, told, "Walden.md", "Mine.")),
        (2 * HOUR, lambda: monkeypatch.setitem(os.environ, "READWISE_TOKEN", "another")),
        until=2.2 * HOUR,
        clock=story,
        watching=told,
    )
    assert [event.kind for event in being.events] == ["started", "trouble", "waiting", "mended", "sent", "stopped"]
    assert next(iter(walden.library.books.values())).highlights[0].note == "Mine."
    assert token not in "".join(event.text for event in being.events)
    assert len(walden.simulator.log) < 120


def test_a_full_disk_is_told_once_and_tried_again(walden: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    from vaultsync.disk import swap

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write = swap.write_new
    told = Told()
    being = told_story(
        walden,
        (5.0, lambda: monkeypatch.setattr(swap, "write_new", full)),
        (6.0, lambda: walden.book("Essays", "one")),
        (HOUR, lambda: monkeypatch.setattr(swap, "write_new", write)),
        until=2 * HOUR,
        watching=told,
    )
    assert [event.kind for event in being.events] == ["started", "trouble", "mended", "arrived", "stopped"]
    assert walden.paths() == ["Essays.md", "Walden.md"]


def test_state_that_is_deleted_meanwhile_is_made_again(walden: Reading) -> None:
    told = Told()

    def forget() -> None:
        for file in walden.state.glob("state.sqlite3*"):
            file.unlink()

    told_story(
        walden,
        (10.0, forget),
        (400.0, saving(walden, told, "Walden.md", "Mine.")),
        until=410.0,
        watching=told,
    )
    assert next(iter(walden.library.books.values())).highlights[0].note == "Mine."


# Deletions at the source, where they are asked for.


def test_a_note_that_is_away_for_a_moment_is_not_deleted_at_its_source(walden: Reading) -> None:
    walden.library.add_reader_document("Essay", location="later", source_url="https://example.org/essay")
    walden.configure(source='documents = "all"\non_local_delete = "delete"')
    story, told = Story(), Told()
    note, away = walden.vault / "Essay.md", walden.vault.parent / "away.md"

    def leave() -> None:
        note.rename(away)
        told.mark("Essay.md")

    def come_back() -> None:
        away.rename(note)
        told.mark("Essay.md")

    told_story(
        walden,
        (299.0, leave),
        (302.0, come_back),
        (400.0, walden.simulator.log.clear),
        (700.0, leave),
        until=1000.0,
        clock=story,
        watching=told,
    )
    assert [one.method for one in walden.simulator.log.writes] == ["DELETE"]


# Being seen.


def test_the_heartbeat_tells_what_waits_and_goes_when_the_watcher_goes(walden: Reading) -> None:
    told, beats = Told(), []
    faults = walden.simulator.faults
    told_story(
        walden,
        (5.0, lambda: faults.order(status(503, b"down"), times=None)),
        (10.0, saving(walden, told, "Walden.md", "Mine.")),
        (800.0, lambda: beats.append(heard(walden.state))),
        until=900.0,
        watching=told,
    )
    (beat,) = beats
    assert beat is not None
    assert (beat.pid, beat.since, beat.waiting) == (os.getpid(), "2026-03-01T00:00:00+00:00", 1)
    assert "the service has trouble (503" in beat.troubles[0]
    assert heard(walden.state) is None


def test_memory_stays_flat_over_a_day(walden: Reading) -> None:
    told, things = Told(), []
    words = ["", *(f"Words {number}" for number in range(1, 24))]
    saves = [
        (HOUR * number, saving(walden, told, "Walden.md", words[number], was=words[number - 1]))
        for number in range(1, 24)
    ]

    def look() -> None:
        walden.simulator.log.clear()  # which grows, unlike what is measured
        gc.collect()
        things.append(len(gc.get_objects()))

    pace = Pace(tick=300.0, scan=HOUR * 2)
    looks = [(HOUR * 4, look), (HOUR * 24 - 1, look)]
    told_story(walden, *saves, *looks, until=HOUR * 24, watching=told, pace=pace, pull_interval=HOUR * 2)
    assert next(iter(walden.library.books.values())).highlights[0].note == "Words 23"
    assert things[1] - things[0] < 300  # the events the test was told, and little else


def test_no_secret_is_in_what_is_said_or_kept(walden: Reading) -> None:
    told = Told()
    walden.simulator.faults.order(status(500, {"detail": f"Token {walden.simulator.token} is unwell"}), times=30)
    being = told_story(
        walden, (10.0, saving(walden, told, "Walden.md", "Mine.")), until=900.0, watching=told, clock=Story()
    )
    said = "".join(str(event) for event in being.events)
    kept = b"".join(path.read_bytes() for path in Path(walden.state).rglob("*") if path.is_file())
    assert walden.simulator.token not in said
    assert walden.simulator.token.encode() not in kept
    assert "Mine." not in said
