"""A watcher's worker in a process of its own: started when there will be work, told what to do, ended when it rests.

A line each way, JSON: an order, then what came of it. When no more orders can come the process finishes the document at
hand and goes, so it does not outlive a watcher that was killed. A watcher whose worker was killed says so, waits a
moment, and starts another that looks at everything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from vaultsync import __version__
from vaultsync.errors import VaultsyncError
from vaultsync.watching import messages
from vaultsync.watching.clock import Leaving
from vaultsync.watching.log import Event, Failed
from vaultsync.watching.orders import Busy, Cut, Facts, Order, Outcome, Outdated, Refreshed, Ripe
from vaultsync.watching.schedule import Pace

_PROGRAM = "import sys; sys.path[:] = sys.argv.pop().split('\\n'); from vaultsync.watching.process import main; main()"
_LONGER = 5.0  # seconds after those in which it should have ended by itself
_A = TypeVar("_A")


class Apart:
    """Works on one vault, elsewhere.

    allowed: changed templates may change any number of notes. goodbye: seconds that are given to the document at hand.
    """

    def __init__(self, root: Path, env: Mapping[str, str], *, allowed: bool, goodbye: float = Pace().goodbye) -> None:
        self._root, self._env, self._allowed, self._goodbye = root, env, allowed, goodbye
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: BinaryIO = BytesIO()
        self._kept = ""
        self._is_beginning = self._is_leaving = self._is_writing = False
        # Nothing is to be written while it is closed: the number may be another file's by then. Of its own thread a
        # signal handler may interrupt either, and goes on.
        self._closing = threading.RLock()

    def begin(self) -> Facts:
        """Open the vault, and see that everything in it can be used. Raises VaultsyncError."""
        self.end()
        self._kept = ""
        self._start()
        return self._begun()

    def expect(self) -> None:
        """Start it, and go on meanwhile."""
        if self._process is None and not self._is_leaving:
            self._start(expecting=True)

    def refresh(self) -> Refreshed:
        """Take over what has changed in vaultsync.toml and templates. Raises VaultsyncError if it can't be."""
        answer = self._asked(messages.Refresh(), messages.Renewed)
        self._kept = answer.kept or self._kept
        return answer.what

    def ripe(self, paths: tuple[str, ...]) -> Ripe:
        """Tell which settled files say something new. Raises VaultsyncError."""
        return self._asked(messages.Look(paths), messages.Looked).ripe

    def run(self, order: Order, say: Callable[[Event], None]) -> Outcome:
        """Do a run. Raises Leaving, Busy, VaultsyncError."""
        return self._asked(messages.Run(order), messages.Ran, say).outcome

    def rest(self) -> None:
        """End it: whatever it holds is given back to the system."""
        self.end()

    def leave(self) -> None:
        """Have it leave after the document at hand. Any thread and any signal handler may say so."""
        self._is_leaving = True
        with self._closing:
            process = self._process
            if process is not None and not self._is_writing:
                self._write(process, messages.Leave())

    def end(self, *, at_once: bool = False) -> None:
        """Have it leave, and wait for that. at_once: kill it; what it was doing is repaired by the next."""
        with self._closing:
            process, self._process = self._process, None
            if process is None:
                return
            assert process.stdin is not None and process.stdout is not None
            process.stdin.close()
        try:
            process.wait(0 if at_once else self._goodbye + _LONGER)
        except subprocess.TimeoutExpired:
            pass
        finally:  # also if its user does not want to wait
            process.kill()
            process.wait()
            process.stdout.close()

    def _start(self, *, expecting: bool = False) -> None:
        own_group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": 0x200}
        self._process = subprocess.Popen(
            # -P: nothing is imported from wherever it happens to be started, such as a vault.
            [sys.executable, "-P", "-c", _PROGRAM, __version__, "\n".join(sys.path)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr else subprocess.DEVNULL,
            env=dict(self._env),
            **own_group,  # Ctrl-C is for the watcher, who passes it on
        )
        assert self._process.stdout is not None
        # Buffered, unlike orders: a signal handler may be giving one.
        self._answers = open(self._process.stdout.fileno(), "rb", closefd=False)  # noqa: PTH123, SIM115  # no path
        self._is_beginning = True
        self._tell(messages.Begin(str(self._root), self._allowed, self._goodbye, self._kept, expecting))

    def _begun(self) -> Facts:
        self._is_beginning = False
        begun = self._answer(messages.Begun, lambda _: None)
        self._kept = begun.kept
        return begun.facts

    def _asked(self, request: messages.Request, answer: type[_A], say: Callable[[Event], None] = lambda _: None) -> _A:
        if self._process is not None and not self._is_beginning and self._process.poll() is not None:
            self.end()  # it ended while it did nothing: there is nothing to be said of that
        if self._process is None:
            if self._is_leaving:
                raise Leaving
            self._start()
        if self._is_beginning:
            try:
                self._begun()
            except (Cut, Outdated):
                raise
            except VaultsyncError as error:
                self.end()
                raise Cut(error.message, hint=error.hint) from error
        self._tell(request)
        return self._answer(answer, say)

    def _tell(self, request: messages.Request) -> None:
        process = self._process
        assert process is not None
        self._is_writing = True
        try:
            self._write(process, request)
        finally:
            self._is_writing = False
        if self._is_leaving:  # which it could not be told in the middle of that
            self._write(process, messages.Leave())

    def _write(self, process: subprocess.Popen[bytes], request: messages.Request) -> None:
        assert process.stdin is not None
        line = memoryview(messages.line(request))
        try:
            while line:
                line = line[process.stdin.write(line) :]
        except (BrokenPipeError, ValueError):
            pass  # it is gone, or closed meanwhile; whoever waits for the answer is told

    def _answer(self, wanted: type[_A], say: Callable[[Event], None]) -> _A:
        while True:
            answer = self._next()
            if isinstance(answer, messages.Said):
                say(answer.event)
            elif isinstance(answer, messages.Left):
                raise self._ended()
            elif isinstance(answer, messages.Refused):
                raise _error(answer)
            else:
                assert isinstance(answer, wanted), answer
                return answer

    def _next(self) -> messages.Answer:
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise self._ended(last=line)
        answer: messages.Answer = messages.told(line, messages.Answer)
        return answer

    def _ended(self, last: bytes = b"") -> BaseException:
        """Why there is no answer. last: what came instead of one."""
        process = self._process
        assert process is not None
        self.end()
        code = process.returncode
        if self._is_leaving:
            return Leaving()
        if last == messages.OF_ANOTHER_VERSION:
            return Outdated("vaultsync was updated while it was watching.", hint="Start the watcher again.")
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Cut(
            f"What was under way ended early: its process is gone ({why}). What it had written is whole.",
            hint="All notes are looked at again in a moment.",
        )


def _error(refused: messages.Refused) -> VaultsyncError:
    if refused.is_busy:
        return Busy(refused.message, hint=refused.hint)
    return Failed(refused.message, hint=refused.hint, exit_code=refused.exit_code, trouble=refused.trouble)
