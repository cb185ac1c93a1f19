"""The process of a watcher's worker: reads orders, does them, writes what came of them, leaves when there are none."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import msgspec

from vaultsync import __version__
from vaultsync.disk.swap import READ
from vaultsync.errors import VaultsyncError
from vaultsync.watching import messages
from vaultsync.watching.clock import Clock, Leaving, Times
from vaultsync.watching.log import Event, trouble
from vaultsync.watching.orders import Busy
from vaultsync.watching.schedule import Pace
from vaultsync.watching.standby import Kept
from vaultsync.watching.worker import Worker


def main() -> None:
    """Serve whoever started this process, by its standard input and output. The one argument is their version."""
    orders, answers = _taken()
    if sys.argv[1:] != [__version__]:
        answers.write(messages.OF_ANOTHER_VERSION)
        return
    times = Times(Clock(), Pace())
    waiting: SimpleQueue[messages.Request] = SimpleQueue()

    def leave(*_: object) -> None:
        times.leave()
        waiting.put(messages.Leave())

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    threading.Thread(target=_listen, args=(orders, waiting.put, leave), name="orders", daemon=True).start()
    served(iter(waiting.get, None), answers, times)


def _taken() -> tuple[BinaryIO, BinaryIO]:
    """Where orders come from and answers go to. Whatever else is printed, by a plugin say, is no answer."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, READ), 0)
    os.dup2(2, 1)
    return orders, answers


def served(requests: Iterable[messages.Request], answers: BinaryIO, times: Times) -> None:
    """Answer every request until it is time to leave."""
    worker: Worker | None = None
    kept = ""
    try:
        for request in requests:
            if isinstance(request, messages.Leave):
                raise Leaving
            if isinstance(request, messages.Begin):
                worker = Worker(Path(request.root), os.environ, times, allowed=request.allowed)
                kept = request.kept
            assert worker is not None, "it begins with Begin"
            try:
                answer, kept = _answer(worker, request, kept, lambda event: _write(answers, messages.Said(event)))
            except VaultsyncError as error:
                answer = _refused(error)
            _write(answers, answer)
            if isinstance(request, messages.Begin) and request.expecting:
                worker.get_ready()
    except Leaving:
        with suppress(BrokenPipeError):
            _write(answers, messages.Left())
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        if worker is not None:
            worker.end()


def _write(answers: BinaryIO, answer: messages.Answer) -> None:
    line = memoryview(messages.line(answer))
    while line:  # a signal may come in the middle
        line = line[answers.write(line) :]


def _answer(
    worker: Worker, request: messages.Work, kept: str, say: Callable[[Event], None]
) -> tuple[messages.Answer, str]:
    """Do what is asked; return the answer, and what the next worker has to know. Raises VaultsyncError, Leaving."""
    match request:
        case messages.Begin():
            facts = worker.begin(msgspec.json.decode(kept, type=Kept) if kept else None)
            kept = msgspec.json.encode(worker.kept).decode()
            return messages.Begun(facts, kept), kept
        case messages.Refresh():
            what = worker.refresh()
            now = msgspec.json.encode(worker.kept).decode()
            return messages.Renewed(what, "" if now == kept else now), now
        case messages.Look():
            return messages.Looked(worker.ripe(request.paths)), kept
        case messages.Run():
            return messages.Ran(worker.run(request.order, say)), kept


def _listen(orders: BinaryIO, take: Callable[[messages.Request], None], leave: Callable[[], None]) -> None:
    """Take orders as they come. To be asked to leave is heard at once, and so is that nobody asks any more."""
    goodbye = Pace().goodbye
    try:
        for line in orders:
            request: messages.Request = messages.told(line, messages.Request)
            if isinstance(request, messages.Leave):
                break
            goodbye = request.goodbye if isinstance(request, messages.Begin) else goodbye
            take(request)
    except ValueError:
        pass  # half a line: who was writing it is gone
    leave()
    time.sleep(goodbye)
    # Something hangs, such as a plugin. What it was doing is made good by the next run, as after any crash.
    os._exit(1)


def _refused(error: VaultsyncError) -> messages.Refused:
    is_busy = isinstance(error, Busy)
    return messages.Refused(error.message, error.hint, error.exit_code, trouble(error), is_busy)
