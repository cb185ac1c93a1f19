"""The process of a watcher's worker: reads orders, does them, writes what came of them, leaves when there are none."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
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

_REQUESTS = msgspec.json.Decoder(messages.Request)


def main() -> None:
    """Serve whoever started this process, by its standard input and output. The one argument is their version."""
    if sys.argv[1:] != [__version__]:
        sys.exit(messages.OF_ANOTHER_VERSION)
    # Whatever else is printed, by a plugin say, is no answer.
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, READ), 0)
    os.dup2(2, 1)
    times = Times(Clock(), Pace())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: times.leave())
    served(_requests(orders, times), answers, times)


def served(requests: Iterator[messages.Request], answers: BinaryIO, times: Times) -> None:
    """Answer every request until it is time to leave."""
    worker: Worker | None = None
    kept = ""

    def write(answer: messages.Answer) -> None:
        answers.write(msgspec.json.encode(answer) + b"\n")

    try:
        for request in requests:
            if isinstance(request, messages.Begin):
                worker = Worker(Path(request.root), os.environ, times, allowed=request.allowed)
                kept = request.kept
            assert worker is not None, "it begins with Begin"
            try:
                answer, kept = _answer(worker, request, kept, lambda event: write(messages.Said(event)))
            except VaultsyncError as error:
                answer = _refused(error)
            write(answer)
            if isinstance(request, messages.Begin) and request.expecting:
                worker.get_ready()
    except Leaving:
        write(messages.Left())
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        if worker is not None:
            worker.end()


def _answer(
    worker: Worker, request: messages.Request, kept: str, say: Callable[[Event], None]
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
        case messages.Leave():
            raise Leaving


def _requests(orders: BinaryIO, times: Times) -> Iterator[messages.Request]:
    """What is asked, as it comes. To be asked to leave is heard at once, and so is that nobody asks any more."""
    waiting: SimpleQueue[messages.Request | None] = SimpleQueue()

    def listen() -> None:
        try:
            for line in orders:
                request = _REQUESTS.decode(line)
                if isinstance(request, messages.Leave):
                    times.leave()
                waiting.put(request)
        except msgspec.DecodeError:
            pass  # half a line: who was writing it is gone
        finally:
            times.leave()
            waiting.put(None)

    threading.Thread(target=listen, name="orders", daemon=True).start()
    while (request := waiting.get()) is not None:
        yield request


def _refused(error: VaultsyncError) -> messages.Refused:
    is_busy = isinstance(error, Busy)
    return messages.Refused(error.message, error.hint, error.exit_code, trouble(error), is_busy)
