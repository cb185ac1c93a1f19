"""Speak HTTP with one source: limits kept, token guarded, hiccups waited out. No other module speaks with one.

What is retried is what cannot do harm: anything the service says it did not apply (429), and reads.
Everything else that goes wrong becomes an error of the SourceError tree, without the token in it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar
from urllib.parse import urljoin

import msgspec
import requests
from requests.auth import AuthBase

from vaultsync import __version__, bodies
from vaultsync.bodies import Download, Form
from vaultsync.budget import Budget, Budgets, retry_after
from vaultsync.errors import AuthError, RateLimited, SourceError, UnexpectedReply, Unreachable
from vaultsync.origins import origin
from vaultsync.steps import step

__all__ = ["Budget", "Http", "Reply", "retry_after"]

T = TypeVar("T")
Params = Iterable[tuple[str, str]]

TRIES = 5
FIRST_PAUSE = 0.5  # seconds; doubled after every failed try
MAX_WAIT = 300.0  # seconds one request may be put off by 429 before the run gives up
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two bytes
MAX_REDIRECTS = 3


class Reply(msgspec.Struct, frozen=True):
    """An answer with a status below 300."""

    status: int
    body: bytes
    response: requests.Response | None = None  # of a file, its body unread


class Http:
    """One source's connection.

    source: its name, for messages. on_wait: told (why, seconds) before every pause longer than a moment.
    requests: how many were sent. patience: seconds a request is put off at most for a limit of any kind, before
    RateLimited is raised; None: as long as it takes, or max_wait if the service asks. budgets: of the token, if others
    use it too. refused: why nothing can be asked at all, raised whenever something is. clock, sleep, now, max_wait: for
    tests, which have no time to lose.
    """

    def __init__(  # noqa: PLR0913, what comes after the token is for tests
        self,
        source: str,
        base_url: str,
        token: str | None,
        *,
        on_wait: Callable[[str, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        max_wait: float = MAX_WAIT,
        patience: float | None = None,
        budgets: Budgets | None = None,
        refused: AuthError | None = None,
    ) -> None:
        self.source = source
        self.base_url = base_url.rstrip("/")
        self.requests = 0
        self._served = False
        self._budgets, self._refused = budgets, refused
        self._guard = _Token(source, self.base_url, token)
        self._on_wait = on_wait or (lambda _why, _seconds: None)
        self._clock, self._sleep, self._now = clock, sleep, now
        self._patience, self._max_wait = patience, max_wait if patience is None else patience
        self._session = requests.Session()
        # Set even without a token: requests would else look one up in ~/.netrc.
        self._session.auth = self._guard
        self._session.headers.update({"User-Agent": f"vaultsync/{__version__}", "Accept": "application/json"})

    def __repr__(self) -> str:
        return f"Http({self.source!r}, {self.base_url!r})"

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get(self, path: str, params: Params = (), *, budget: Budget) -> bytes:
        """Return the body of a JSON answer, as bytes. Raises SourceError."""
        return self.read(path, params, budget=budget, decode=_json_bytes)

    def read(self, path: str, params: Params = (), *, budget: Budget, decode: Callable[[bytes], T]) -> T:
        """Return what `decode` makes of the body. An answer it refuses with ValueError is asked for again."""
        tries = _Tries(TRIES)
        while True:
            reply = self._answered(_Wanted("GET", path, tuple(params)), budget, tries)
            try:
                return decode(reply.body)
            except ValueError as error:
                refusal = UnexpectedReply(
                    f"{self.source}: the answer to {path} is cut off or not what its documents say: "
                    f"{self._quoted(reply.body)}. Nothing was written from it.",
                    source=self.source,
                    status=reply.status,
                    hint="Check base_url in vaultsync.toml; if it is right, the next run tries again.",
                )
                self._pause_or_raise(tries, refusal, error)

    def send(self, method: str, path: str, json: Any = None, *, budget: Budget, idempotent: bool = False) -> Reply:
        """Send a change and return the answer. Raises SourceError.

        idempotent: asking twice is the same as once, so that it may be tried again when no answer came.
        """
        tries = _Tries(TRIES if idempotent or method == "GET" else 1)
        return self._answered(_Wanted(method, path, (), json), budget, tries)

    def upload(self, path: str, form: Form, *, budget: Budget) -> Reply:
        """Send a form, once, and return the answer. Raises SourceError."""
        return self._answered(_Wanted("POST", path, form=form), budget, _Tries(1))

    @contextmanager
    def download(self, path: str, *, budget: Budget) -> Iterator[Download]:
        """Ask for a file, to be read as it arrives. Raises SourceError, also while it is read.

        path: or a whole address, at another place too: the token is sent to the source's own only. What was cut off
        is not asked for again.
        """
        wanted = _Wanted("GET", path, is_file=True)
        response = self._answered(wanted, budget, _Tries(TRIES)).response
        assert response is not None  # that is what was asked for
        try:
            yield Download(bodies.length(response), self._chunks(wanted, response))
        finally:
            response.close()

    def _chunks(self, wanted: _Wanted, response: requests.Response) -> Iterator[bytes]:
        try:
            yield from bodies.chunks(response)
        except requests.RequestException as error:
            raise self._unreachable(wanted, _reason(error)) from error

    def _answered(self, wanted: _Wanted, budget: Budget, tries: _Tries) -> Reply:
        """Ask until there is an answer, waiting where that is safe."""
        if self._refused is not None:
            raise self._refused
        budget = budget if self._budgets is None else self._budgets.common(budget)
        while True:
            self._wait_for(budget)
            try:
                answer = self._exchange(wanted, budget)
            except requests.RequestException as error:
                if isinstance(error, requests.exceptions.SSLError):
                    tries.left = 0  # a wrong certificate is no hiccup
                self._pause_or_raise(tries, self._unreachable(wanted, _reason(error)), error)
                continue
            status, body = answer.status, answer.body
            if status < 300:
                self._served = True
                return Reply(status, body, answer.response)
            asked = retry_after(answer.retry_after, body, now=self._now())
            if status == 429:
                self._wait_out(tries, asked)
            elif status >= 500:
                trouble = self._unreachable(wanted, f"the service has trouble ({status}: {self._quoted(body)})")
                self._pause_or_raise(tries, trouble, None, asked)
            else:
                self._refuse(wanted, status, body)

    def _exchange(self, wanted: _Wanted, budget: Budget) -> _Answer:
        """Send one request, following the redirects that stay at home."""
        url, params, form = self._address(wanted), wanted.params, wanted.form
        for _hop in range(MAX_REDIRECTS + 1):
            sent = self._clock()
            self.requests += 1
            try:
                step("http.request")
                response = self._session.request(
                    wanted.method,
                    url,
                    params=params,
                    json=wanted.json,
                    data=form.body() if form else None,
                    headers={"Content-Type": form.header} if form else None,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                )
            finally:
                budget.spend(sent=sent, answered=self._clock())
            target = response.headers.get("Location")
            if wanted.is_file and response.status_code < 300:
                return _Answer(response.status_code, None, b"", response)
            body = bodies.whole(response)
            if not (300 <= response.status_code < 400 and target):
                return _Answer(response.status_code, response.headers.get("Retry-After"), body)
            url, params = self._redirected(wanted, url, target), ()
        raise UnexpectedReply(
            f"{self.source}: {wanted.shown} is redirected in circles. {self._untouched()}",
            source=self.source,
            hint="Check base_url in vaultsync.toml.",
        )

    def _address(self, wanted: _Wanted) -> str:
        return wanted.path if wanted.is_elsewhere else f"{self.base_url}/{wanted.path.lstrip('/')}"

    def _redirected(self, wanted: _Wanted, url: str, target: str) -> str:
        try:
            new = urljoin(url, target)
            # A client that follows a redirected POST sends a GET, and stores nothing without anyone noticing.
            if wanted.method == "GET" and origin(new) == origin(self._address(wanted)):
                return new
            elsewhere = origin(new)
        except ValueError:
            elsewhere = "an address that is none"
        raise UnexpectedReply(
            f"{self.source}: {wanted.method} {wanted.shown} is redirected to {elsewhere}. "
            "It was not followed, and the token was not sent there.",
            source=self.source,
            hint=f"If that is where the service is now, change base_url of [sources.{self.source}].",
        )

    def _wait_for(self, budget: Budget) -> None:
        while (seconds := budget.wait(self._clock())) > 0:
            if self._patience is not None and seconds > self._patience:
                raise self._limited(f"{budget.name} allows {budget.per_minute} requests a minute", seconds)
            self._pause(f"{budget.name} allows {budget.per_minute} requests a minute", seconds)

    def _wait_out(self, tries: _Tries, asked: float | None) -> None:
        """Wait as long as a 429 says. It was not applied, so every method may be sent again."""
        seconds = asked if asked is not None else 5.0 * 2**tries.throttled
        tries.throttled += 1
        tries.waited += max(seconds, 1.0)
        if tries.waited > self._max_wait:
            raise self._limited(f"the rate limit is used up, and it asks to wait {seconds:.0f} seconds", seconds)
        self._pause("the service asks to wait", max(seconds, 1.0))

    def _limited(self, why: str, seconds: float) -> RateLimited:
        return RateLimited(
            f"{self.source}: {why}. What was fetched so far is kept.",
            source=self.source,
            seconds=seconds,
            hint="The next run goes on where this one stopped; give it some time.",
        )

    def _pause_or_raise(
        self, tries: _Tries, error: SourceError, cause: Exception | None, asked: float | None = None
    ) -> None:
        tries.left -= 1
        if tries.left <= 0:
            raise error from cause
        seconds = FIRST_PAUSE * 2**tries.failed
        tries.failed += 1
        self._pause("the service has trouble, trying again", max(seconds, min(asked or 0.0, 60.0)))

    def _pause(self, why: str, seconds: float) -> None:
        if seconds >= FIRST_PAUSE:
            self._on_wait(f"{self.source}: {why}", seconds)
        self._sleep(seconds)

    def _unreachable(self, wanted: _Wanted, what: str) -> Unreachable:
        return Unreachable(
            f"{self.source}: {wanted.method} {wanted.shown}: {what}. What was fetched so far is kept, "
            + (
                "nothing else was changed."
                if wanted.method == "GET"
                else "whether this was done is looked at next time."
            ),
            source=self.source,
            hint=f"Check the connection and base_url ({self.base_url}); the next run goes on where this one stopped.",
        )

    def _refuse(self, wanted: _Wanted, status: int, body: bytes) -> NoReturn:
        if status in (401, 403) and not wanted.is_elsewhere:
            raise AuthError(
                f"{self.source}: token refused ({status}). {self._untouched()}",
                source=self.source,
                hint=f'Run "vaultsync auth {self.source}"; the next run goes on where this one stopped.',
            )
        raise UnexpectedReply(
            f"{self.source}: {wanted.method} {wanted.shown} is answered {status}: {self._quoted(body)}. "
            f"{self._untouched()}",
            source=self.source,
            status=status,
            hint="Check base_url in vaultsync.toml; if it is right, please report this.",
        )

    def _untouched(self) -> str:
        return "What was fetched before is kept." if self._served else "None of its notes was touched."

    def _quoted(self, body: bytes) -> str:
        """Say in one short line what an answer was, without the token a proxy may have echoed."""
        text = " ".join(self._guard.scrubbed(body[:2000].decode("utf-8", "replace")).split())
        return f'"{text[:120]}…"' if len(text) > 120 else f'"{text}"'


class _Wanted(msgspec.Struct, frozen=True):
    """One request, before it is sent."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    json: Any = None
    form: Form | None = None
    is_file: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is a whole address, and not a path of the source's."""
        return "://" in self.path

    @property
    def shown(self) -> str:
        """What messages call it. The rest of an address at another place may be as good as a token."""
        return f"a file at {origin(self.path)}" if self.is_elsewhere else self.path


class _Answer(msgspec.Struct, frozen=True):
    """Whatever came back."""

    status: int
    retry_after: str | None
    body: bytes
    response: requests.Response | None = None


class _Tries(msgspec.Struct):
    """How often one request may still fail, and how long it was put off."""

    left: int
    failed: int = 0
    throttled: int = 0
    waited: float = 0.0


class _Token(AuthBase):
    """Puts the token on requests to the source's own origin and keeps it out of everything else."""

    def __init__(self, source: str, base_url: str, token: str | None) -> None:
        self._secret = (token or "").strip()
        self._origin = origin(base_url)
        if not re.fullmatch(r"[!-~]*", self._secret):
            # requests would quote the whole header in its complaint.
            raise AuthError(
                f"{source}: the token has characters no token has. Nothing was sent.",
                source=source,
                hint=f'Run "vaultsync auth {source}" and paste the token alone.',
            )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._secret and origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Token {self._secret}"
        return request

    def __repr__(self) -> str:
        return "_Token(***)"

    def scrubbed(self, text: str) -> str:
        """Return the text without the token."""
        return text.replace(self._secret, "***") if self._secret else text


def _reason(error: requests.RequestException) -> str:
    """Put a failed connection into words; the exception's own would quote addresses and headers."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be verified"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "the answer was cut off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"the request could not be made ({type(error).__name__})"


def _json_bytes(body: bytes) -> bytes:
    """Return the body if it begins and ends as JSON does; error pages and cut-off answers do not."""
    text = body.strip()
    if text[:1] in (b"{", b"[") and text[-1:] in (b"}", b"]"):
        return body
    raise ValueError("not JSON")
