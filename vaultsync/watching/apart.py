"""A watcher's worker in a process of its own: started when there will be work, told what to do, ended when it rests.

A line each way, JSON: an order, then what came of it. When no more orders can come the process finishes the document at
hand and goes, so it does not outlive a watcher that was killed. A watcher whose worker was killed says so, waits a
moment, and starts another that looks at everything.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from vaultsync import __version__
from vaultsync.errors import VaultsyncError
from vaultsync.watching import messages
from vaultsync.watching.clock import Leaving
from vaultsync.watching.log import Event, Failed
from vaultsync.watching.orders import Busy, Cut, Facts, Order, Outcome, Outdated, Refreshed, Ripe

_PROGRAM = "import sys; sys.path[:] = sys.argv.pop().split('\\n'); from vaultsync.watching.process import main; main()"
_GOODBYE = 60.0  # seconds it is given to finish the document at hand
_ANSWERS = msgspec.json.Decoder(messages.Answer)
_A = TypeVar("_A")


class Apart:
    """Works on one vault, elsewhere. allowed: changed templates may change any number of notes."""

    def __init__(self, root: Path, env: Mapping[str, str], *, allowed: bool) -> None:
        self._root, self._env, self._allowed = root, env, allowed
        self._process: subprocess.Popen[bytes] | None = None
        self._kept = ""
        self._is_beginning = self._is_leaving = self._is_writing = False

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
        if self._process is not None and not self._is_writing:
            self._tell(messages.Leave())

    def end(self, *, at_once: bool = False) -> None:
        """Have it leave, and wait for that. at_once: kill it; what it was doing is repaired by the next."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(0 if at_once else _GOODBYE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            process.stdout.close()

    def _start(self, *, expecting: bool = False) -> None:
        own_group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": 0x200}
        self._process = subprocess.Popen(
            # -P: nothing is imported from wherever it happens to be started, such as a vault.
            [sys.executable, "-P", "-c", _PROGRAM, __version__, "\n".join(sys.path)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self._env),
            **own_group,  # Ctrl-C is for the watcher, who passes it on
        )
        self._is_beginning = True
        self._tell(messages.Begin(str(self._root), self._allowed, self._kept, expecting))

    def _begun(self) -> Facts:
        self._is_beginning = False
        begun = self._answer(messages.Begun, lambda _: None)
        self._kept = begun.kept
        return begun.facts

    def _asked(self, request: messages.Request, answer: type[_A], say: Callable[[Event], None] = lambda _: None) -> _A:
        if self._process is None and not self._is_leaving:
            self._start()
        if self._is_beginning:
            try:
                self._begun()
            except VaultsyncError as error:
                self.end()
                raise Cut(error.message, hint=error.hint) from error
        self._tell(request)
        return self._answer(answer, say)

    def _tell(self, request: messages.Request) -> None:
        assert self._process is not None and self._process.stdin is not None
        line = memoryview(msgspec.json.encode(request) + b"\n")
        self._is_writing = True
        try:
            while line:
                line = line[self._process.stdin.write(line) :]
        except (BrokenPipeError, ValueError):
            pass  # it is gone, or closed meanwhile; whoever waits for the answer is told
        finally:
            self._is_writing = False
        if self._is_leaving and not isinstance(request, messages.Leave):
            self._tell(messages.Leave())

    def _answer(self, wanted: type[_A], say: Callable[[Event], None]) -> _A:
        while True:
            answer = self._next()
            if isinstance(answer, messages.Said):
                say(answer.event)
            elif isinstance(answer, messages.Left):
                raise Leaving
            elif isinstance(answer, messages.Refused):
                raise _error(answer)
            else:
                assert isinstance(answer, wanted), answer
                return answer

    def _next(self) -> messages.Answer:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        answer: messages.Answer = _ANSWERS.decode(line)
        return answer

    def _ended(self) -> BaseException:
        """Why there is no answer."""
        assert self._process is not None
        code = self._process.wait()
        self.end()
        if self._is_leaving:
            return Leaving()
        if code == messages.OF_ANOTHER_VERSION:
            return Outdated("vaultsync was updated while it was watching.", hint="Start the watcher again.")
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Cut(f"What was under way ended early: its process is gone ({why}). What it had written is whole.")


def _error(refused: messages.Refused) -> VaultsyncError:
    if refused.is_busy:
        return Busy(refused.message, hint=refused.hint)
    return Failed(refused.message, hint=refused.hint, exit_code=refused.exit_code, trouble=refused.trouble)
