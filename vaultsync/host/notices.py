"""Tell plugins what happened, each with a time limit: one that takes longer is given up on, and the run goes on.

Python can't end a thread from outside. What takes too long goes on in the background until it is done or the process
ends, and hears nothing more until then.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from vaultsync.host import answers

# Seconds a plugin has to hear a notice.
LIMIT = 5.0


class Notices:
    """Calls that may hang, each plugin's in a thread of its own. limit: in seconds."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._busy: dict[str, Thread] = {}

    def tell(self, plugin: str, call: Callable[[], object]) -> None:
        """Call, and wait. Raises what the call does, TimeoutError if it takes too long, TypeError if it answers.

        A plugin that is still busy with an earlier notice is not called.
        """
        if plugin in self._busy and self._busy[plugin].is_alive():
            return
        heard: list[object] = []

        def hear() -> None:
            try:
                heard.append(call())
            except BaseException as error:  # noqa: BLE001  # raised again below, where someone is there to catch it
                heard.append(error)

        thread = self._busy[plugin] = Thread(target=hear, name=f"notice to {plugin}", daemon=True)
        thread.start()
        thread.join(self._limit)
        if not heard:
            raise TimeoutError(f"it took more than {self._limit:g} seconds, and was given up on")
        if isinstance(heard[0], BaseException):
            raise heard[0]
        answers.nothing(heard[0])
