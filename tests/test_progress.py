"""Progress is shown on a terminal only, and leaves nothing behind."""

from __future__ import annotations

import io
import re

import pytest

from vaultsync import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def test_what_is_no_terminal_hears_nothing() -> None:
    stream = io.StringIO()
    shown = progress.on_terminal(stream)
    shown.say("highlights", 1)
    shown.wait("limit", 1.0)
    shown.close()
    assert (shown, stream.getvalue()) == (progress.silent, "")


def shown_on(terminal: Terminal) -> str:
    """All a terminal was ever sent, without colours and layout."""
    text = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", terminal.getvalue())
    return " ".join(text.split())


def test_terminal_shows_what_is_fetched_and_how_many(terminal: Terminal) -> None:
    shown = progress.on_terminal(terminal)
    shown.say("highlights", 1200, 3400)
    shown.say("documents", 7)
    shown.close()
    assert "highlights 1,200 of 3,400" in shown_on(terminal)
    assert "documents 7" in shown_on(terminal)


def test_wait_tells_how_long_until_there_is_news(terminal: Terminal) -> None:
    shown = progress.on_terminal(terminal)
    shown.wait("readwise: 20 requests a minute", 42.0)
    assert shown_on(terminal).endswith("readwise: 20 requests a minute 42 s left")
    shown.say("highlights", 1)
    shown.close()
    assert shown_on(terminal).endswith("highlights 1")


def test_title_with_brackets_is_shown_as_it_is(terminal: Terminal) -> None:
    shown = progress.on_terminal(terminal)
    shown.say("[bold]notes[/nonsense]", 1)
    shown.close()
    assert "[bold]notes[/nonsense]" in terminal.getvalue()


def test_closing_twice_is_fine(terminal: Terminal) -> None:
    shown = progress.on_terminal(terminal)
    shown.close()
    shown.close()
