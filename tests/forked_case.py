"""A process of its own that has everything loaded already, to be killed: twenty of them start in the time of one.

with forked(work) as child: whatever the test does, the process has ended behind it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

can_fork = hasattr(os, "fork") and sys.platform != "darwin"


class Child:
    """A process that was started. code: how it ended, negative for the signal that ended it; None while it lives."""

    def __init__(self, pid: int) -> None:
        self.code: int | None = None
        self._pid = pid

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait for it at most so long; say whether it has ended."""
        until = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= until:
                return False
            else:
                time.sleep(0.002)
        return True

    def kill(self) -> None:
        """End it without a farewell."""
        if not self.ended():
            os.kill(self._pid, signal.SIGKILL)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


@contextmanager
def forked(work: Callable[[], int]) -> Iterator[Child]:
    """Do some work in a process of its own, whose exit code it gives; 70 if it fails."""
    with warnings.catch_warnings():
        # Of Python 3.12 on: the simulator's thread does not come along, and is not missed.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        code = 70
        try:
            code = work()
        finally:  # whatever it raises, it is not to go on as a second run of the tests
            os._exit(code)
    child = Child(pid)
    try:
        yield child
    finally:
        child.kill()
