"""What watching decides from data alone: which saves have settled, when what is due, what is said once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vaultsync.errors import AuthError, RateLimited, Unreachable, VaultError
from vaultsync.plan import BEING_EDITED, Action
from vaultsync.report import Change, Report
from vaultsync.watching.log import Event, Said, trouble
from vaultsync.watching.schedule import Pace, Schedule
from vaultsync.watching.settling import LATELY, MANY, Due, Settling
from vaultsync.watching.told import told
from vaultsync.watching.watcher import MOST, Dirty, Saved

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


# Settling.


def test_a_file_is_due_when_it_was_quiet() -> None:
    settling = Settling(3.0, 30.0)
    for second in (0.0, 2.0, 4.0):
        settling.saved("a.md", second)
    assert settling.due(6.9) == Due()
    assert settling.next() == 7.0
    assert settling.due(7.0) == Due(("a.md",))
    assert settling.due(8.0) == Due()


def test_a_file_that_is_never_quiet_and_was_being_saved_when_it_was_due_is_due_again_in_a_moment() -> None:
    settling = Settling(3.0, 30.0)
    for tenth in range(301):
        settling.saved("a.md", tenth / 10)
    assert settling.due(30.0) == Due(("a.md",))
    for _ in range(2):
        settling.unsteady("a.md", 30.0)
        settling.saved("a.md", 30.1)
        assert (settling.due(30.2), settling.due(30.25)) == (Due(), Due(("a.md",)))
    settling.put_off("a.md", 30.0)
    assert (settling.due(32.9), settling.due(33.0)) == (Due(), Due(("a.md",)))


def test_a_file_that_is_never_quiet_is_due_after_a_while_and_still_busy() -> None:
    settling = Settling(3.0, 30.0)
    for second in range(31):
        settling.saved("a.md", float(second))
    assert settling.due(30.0) == Due(("a.md",))
    assert settling.busy(30.0) == {"a.md"}
    assert settling.busy(33.0) == frozenset()


def test_a_file_that_was_saved_between_two_looks_is_looked_at_again_soon() -> None:
    settling = Settling(3.0, 30.0)
    settling.saved("a.md", 0.0)
    assert settling.due(30.0) == Due(("a.md",))
    settling.unsteady("a.md", 30.0)
    for second in (31.0, 32.0, 33.0):
        settling.saved("a.md", second)
    assert settling.due(32.9) == Due()
    assert settling.due(33.0) == Due(("a.md",))


def test_more_files_than_a_person_saves_are_due_together() -> None:
    settling = Settling(3.0, 30.0)
    for number in range(MANY + 1):
        settling.saved(f"{number}.md", number / 10)
    assert settling.is_bursting()
    assert settling.due(4.9) == Due()
    assert settling.due(5.0) == Due(everything=True)
    assert not settling.is_bursting()


def test_a_slow_linter_is_no_person_either() -> None:
    settling = Settling(3.0, 30.0)
    due = []
    for number in range(MANY + 1):
        settling.saved(f"{number}.md", number * LATELY / (MANY + 2))
        due.append(settling.due(number * LATELY / (MANY + 2)))
    assert not any(one.everything for one in due)
    assert settling.is_bursting()


def test_files_over_a_long_time_are_each_their_own() -> None:
    settling = Settling(3.0, 30.0)
    for number in range(100):
        settling.saved(f"{number}.md", number * 10.0)
        assert settling.due(number * 10.0 + 3) == Due((f"{number}.md",))
    assert len(settling.busy(1000.0)) == 0


def test_a_file_that_looks_half_saved_is_left_alone_until_it_is_saved_again_or_long_enough() -> None:
    settling = Settling(3.0, 30.0)
    settling.hold("a.md", 10.0)
    assert settling.busy(39.0) == {"a.md"}
    assert settling.next() is None
    assert settling.busy(40.0) == frozenset()
    settling.hold("b.md", 40.0)
    settling.saved("b.md", 41.0)
    assert settling.due(44.0) == Due(("b.md",))
    assert settling.busy(44.0) == frozenset()


def test_it_is_calm_when_nothing_was_saved_for_long() -> None:
    settling = Settling(3.0, 30.0)
    assert settling.is_calm(0.0)
    settling.saved("a.md", 0.0)
    settling.due(3.0)
    assert not settling.is_calm(30.0)
    assert settling.is_calm(30.1)


def test_dirty_files_are_kept_apart_up_to_a_bound() -> None:
    rung, now = [], [1.0]
    dirty = Dirty(lambda: now[0], lambda: rung.append(1))
    dirty.mark("a.md")
    now[0] = 2.0
    dirty.mark("a.md")
    assert (dirty.drain(), dirty.drain(), len(rung)) == ((Saved("a.md", 1.0), Saved("a.md", 2.0)), (), 2)
    for number in range(MOST * 3):
        dirty.mark(f"{number}.md")
    assert dirty.drain() == (Saved("", 2.0),)


# The schedule.


@pytest.fixture
def schedule() -> Schedule:
    schedule = Schedule(["one", "two"], Pace(), 0.0)
    for name in ("one", "two"):
        schedule.answered(name, 0.0)
    schedule.scanned(0.0)
    return schedule


def test_every_source_is_asked_at_the_start_and_then_in_its_turn(schedule: Schedule) -> None:
    assert Schedule(["one", "two"], Pace(), 0.0).pulls(0.0) == ("one", "two")
    assert schedule.pulls(299.0) == ()
    assert schedule.pulls(300.0) == ("one", "two")
    assert schedule.next() == 300.0


def test_a_silent_source_is_left_alone_longer_and_longer_and_the_other_is_not(schedule: Schedule) -> None:
    pauses = [schedule.silent("one", 0.0) for _ in range(12)]
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 1800.0, 1800.0, 1800.0]
    assert (schedule.open(1.0), schedule.pulls(300.0)) == (("two",), ("two",))
    schedule.answered("one", 2000.0)
    assert schedule.silent("one", 2000.0) == 5.0


def test_edits_wait_for_a_source_that_asks_to_wait_and_a_fetch_too(schedule: Schedule) -> None:
    schedule.limited("one", 10.0, 120.0, sending=True)
    assert (schedule.open(129.0), schedule.retries(129.0)) == (("two",), ())
    assert (schedule.retries(130.0), schedule.next()) == (("one",), 130.0)
    schedule.sent(["one"])
    assert schedule.retries(131.0) == ()


def test_edits_go_on_while_only_a_fetch_is_limited(schedule: Schedule) -> None:
    schedule.limited("one", 300.0, 40.0, sending=False)
    assert (schedule.open(300.0), schedule.pulls(339.0), schedule.pulls(340.0)) == (
        ("one", "two"),
        ("two",),
        ("one", "two"),
    )


def test_a_refusal_is_tried_again_in_its_turn(schedule: Schedule) -> None:
    schedule.refused("one", 10.0)
    assert (schedule.open(309.0), schedule.open(310.0), schedule.pulls(310.0)) == (
        ("two",),
        ("one", "two"),
        ("one", "two"),
    )


def test_a_limit_holds_though_the_worker_ended_early_meanwhile(schedule: Schedule) -> None:
    schedule.limited("one", 0.0, 60.0, sending=False)
    schedule.silent("one", 10.0)
    assert "one" not in schedule.pulls(59.0) and "one" in schedule.pulls(60.0)


def test_all_is_due_after_a_sleep(schedule: Schedule) -> None:
    schedule.silent("one", 0.0)
    schedule.hurry(1.0)
    assert (schedule.pulls(1.0), schedule.open(1.0), schedule.is_scan_due(1.0)) == (
        ("one", "two"),
        ("one", "two"),
        True,
    )


def test_what_is_due_while_someone_else_is_at_work_is_due_a_moment_later(schedule: Schedule) -> None:
    schedule.put_off(700.0)
    assert (schedule.pulls(701.0), schedule.is_scan_due(701.0), schedule.next()) == ((), False, 702.0)


# What is said.


def test_what_lasts_is_said_once_and_once_more_when_it_is_over() -> None:
    said = Said()
    down = trouble(Unreachable("one: no answer. Nothing was changed.", source="one", hint="Wait."))
    again = trouble(Unreachable("one: cut off.", source="one"))
    other = trouble(Unreachable("two: no answer.", source="two"))
    assert [said.news([event]) for event in (down, again, other, down)] == [[down], [], [other], []]
    assert said.troubles == (down.text, other.text)
    assert said.news([other], complete=True) == [Event("mended", "That is over: one: no answer.")]
    assert said.news([down]) == [down]


@pytest.mark.parametrize(
    ("report", "kinds"),
    [
        (Report(), []),
        (Report((Change(Action.CREATE, "x:1", "a.md"),)), ["arrived"]),
        (Report((Change(Action.TRASH, "x:1", "a.md"),)), ["trashed"]),
        (Report((Change(Action.LEAVE, "x:1", "a.md", BEING_EDITED),)), []),
        (Report((Change(Action.LEAVE, "x:1", "a.md", "something else"),)), ["left"]),
        (Report(tuple(Change(Action.CREATE, f"x:{number}", "a.md") for number in range(30))), ["arrived"]),
        (Report(errors=(RateLimited("wait", source="x", seconds=3),)), []),
        (Report(errors=(AuthError("no", source="x"), VaultError("full"))), ["trouble", "trouble"]),
        (Report(conflicts={"a.md": 2}), ["conflict"]),
    ],
)
def test_a_report_is_told_as_events(report: Report, kinds: list[str]) -> None:
    assert [event.kind for event in told(report)] == kinds


def test_an_event_is_a_line_or_an_object() -> None:
    event = Event("sent", "note of ^rw1", "a/b.md", "readwise:1")
    expected: dict[str, Any] = {"time": "2026-03-01T12:00:00+00:00", "event": "sent", "path": "a/b.md"}
    assert event.as_json(NOON) == {**expected, "id": "readwise:1", "text": "note of ^rw1"}
    assert event.line(NOON).endswith("  sent      a/b.md: note of ^rw1")
