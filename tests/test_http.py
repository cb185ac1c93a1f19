"""What Http waits for, retries, refuses, and never says."""

from __future__ import annotations

import gzip
import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync import __version__, steps
from vaultsync.bodies import Form
from vaultsync.errors import AuthError, RateLimited, SourceError, UnexpectedReply, Unreachable
from vaultsync.http import Budget, Http, Reply, retry_after

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = "s3cret-t0ken"
PLENTY = 1000
ZIPPED = {"Content-Encoding": "gzip"}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b'{"results": []}'
    headers: dict[str, str] = field(default_factory=dict)
    claims: int | None = None  # a Content-Length that is not the body's
    cut: bool = False  # close the connection after the body


class Service:
    """Answers what it was told to, in order, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | str] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append((self.command, self.path, headers, body))
                answer = service.answers.pop(0) if service.answers else Answer()
                if isinstance(answer, str):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if "Transfer-Encoding" not in answer.headers:
                    self.send_header("Content-Length", str(answer.claims or len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                if answer.claims or answer.cut:
                    self.close_connection = True

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815, the server's names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/api"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits() -> list[tuple[str, float]]:
    return []


@pytest.fixture
def http(service: Service, clock: Clock, waits: list[tuple[str, float]]) -> Iterator[Http]:
    http = Http(
        "readwise",
        service.base_url,
        TOKEN,
        on_wait=lambda why, seconds: waits.append((why, seconds)),
        clock=clock,
        sleep=clock.sleep,
        now=lambda: NOON,
        max_wait=300,
    )
    yield http
    http.close()


def budget() -> Budget:
    return Budget("Reader", PLENTY)


def test_a_request_says_who_asks_and_carries_the_token(service: Service, http: Http) -> None:
    assert http.get("v3/list/", [("updatedAfter", "2026-01-01T00:00:00+00:00")], budget=budget()) == b'{"results": []}'
    [(method, path, headers, _body)] = service.asked
    assert (method, path) == ("GET", "/api/v3/list/?updatedAfter=2026-01-01T00%3A00%3A00%2B00%3A00")
    assert headers["user-agent"] == f"vaultsync/{__version__}"
    assert headers["accept"] == "application/json"
    assert headers["authorization"] == f"Token {TOKEN}"
    assert http.requests == 1


def test_a_netrc_does_not_replace_the_token(
    service: Service, http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    http.get("v2/auth/", budget=budget())
    assert service.asked[0][2]["authorization"] == f"Token {TOKEN}"


def test_without_a_token_a_netrc_is_not_asked_for_one(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    http = Http("demo", service.base_url, None)
    http.get("v2/auth/", budget=budget())
    http.close()
    assert "authorization" not in service.asked[0][2]


def test_a_burst_goes_out_at_once_and_the_next_request_waits_for_the_minute(
    service: Service, http: Http, clock: Clock, waits: list[tuple[str, float]]
) -> None:
    reader = Budget("Reader", 20)
    for _ in range(21):
        http.get("v3/list/", budget=reader)
    assert len(service.asked) == 21
    assert clock.slept == [pytest.approx(60.1)]
    assert [why for why, _seconds in waits] == ["readwise: Reader allows 20 requests a minute"]


@settings(deadline=None)
@given(st.lists(st.floats(0, 30), min_size=1, max_size=80), st.integers(1, 10))
def test_no_minute_ever_sees_more_than_the_budget(pauses: list[float], per_minute: int) -> None:
    limit, now, sent = Budget("any", per_minute), 0.0, []
    for pause in pauses:
        now += pause
        now += limit.wait(now)
        limit.spend(sent=now, answered=now)
        sent.append(now)
    for start in sent:
        assert sum(start <= moment <= start + 60 for moment in sent) <= per_minute


def test_a_cold_listing_ends_within_a_second_of_what_the_limit_allows() -> None:
    limit, now = Budget("Reader", 20), 0.0
    for _ in range(61):
        now += limit.wait(now)
        limit.spend(sent=now, answered=now + 0.15)
        now += 0.15
    assert 180 <= now <= 181


def test_429_waits_as_long_as_the_header_says(
    service: Service, http: Http, clock: Clock, waits: list[tuple[str, float]]
) -> None:
    service.answers = [Answer(429, b'{"detail": "Request was throttled."}', {"retry-after": "16"})]
    assert http.get("v3/list/", budget=budget())
    assert clock.slept == [16.0]
    assert waits == [("readwise: the service asks to wait", 16.0)]


def test_429_without_a_header_waits_as_long_as_the_body_says(service: Service, http: Http, clock: Clock) -> None:
    service.answers = [Answer(429, b'{"detail": "Request was throttled. Expected available in 1 second."}')]
    http.get("v3/list/", budget=budget())
    assert clock.slept == [1.0]


def test_429_without_a_word_waits_longer_each_time(service: Service, http: Http, clock: Clock) -> None:
    service.answers = [Answer(429, b""), Answer(429, b""), Answer(429, b"")]
    http.get("v3/list/", budget=budget())
    assert clock.slept == [5.0, 10.0, 20.0]


def test_429_is_waited_out_for_changes_too_because_it_was_not_applied(service: Service, http: Http) -> None:
    service.answers = [Answer(429, b"", {"Retry-After": "2"}), Answer(201, b'{"id": 1}')]
    assert http.send("POST", "v3/save/", {"url": "x"}, budget=budget()) == Reply(201, b'{"id": 1}')
    assert [body for *_rest, body in service.asked] == [b'{"url": "x"}'] * 2


def test_a_wait_longer_than_a_run_is_an_error_that_says_so(service: Service, http: Http, clock: Clock) -> None:
    service.answers = [Answer(429, b"", {"Retry-After": "3600"})]
    with pytest.raises(RateLimited, match="asks to wait 3600 seconds") as caught:
        http.get("v3/list/", budget=budget())
    assert caught.value.seconds == 3600
    assert clock.slept == []


def test_one_who_has_no_patience_is_told_how_long_the_wait_is(service: Service, clock: Clock) -> None:
    http = Http("readwise", service.base_url, TOKEN, clock=clock, sleep=clock.sleep, now=lambda: NOON, patience=1.0)
    scarce = Budget("Reader", 2)
    for _ in range(2):
        http.get("v3/list/", budget=scarce)
    with pytest.raises(RateLimited, match="Reader allows 2 requests a minute") as caught:
        http.get("v3/list/", budget=scarce)
    assert caught.value.seconds == pytest.approx(60.1)
    service.answers = [Answer(429, b"", {"Retry-After": "1"}), Answer(), Answer(429, b"", {"Retry-After": "2"})]
    http.get("v3/list/", budget=budget())
    with pytest.raises(RateLimited, match="asks to wait 2 seconds"):
        http.get("v3/list/", budget=budget())
    assert (len(service.asked), clock.slept) == (5, [1.0])
    http.close()


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(502, b"<html>Bad gateway</html>"),
        "reset",
        Answer(200, b'{"results": [{"id": 1', claims=1000),
        Answer(200, b"<html>We will be back</html>"),
    ],
    ids=["502", "connection reset", "cut off", "not JSON"],
)
def test_a_read_is_tried_again(trouble: Any, service: Service, http: Http, clock: Clock) -> None:
    service.answers = [trouble, trouble]
    assert http.get("v2/export/", budget=budget()) == b'{"results": []}'
    assert http.requests == len(service.asked) == 3
    assert clock.slept == [0.5, 1.0]


def test_a_compressed_answer_is_unpacked(service: Service, http: Http) -> None:
    service.answers = [Answer(200, gzip.compress(b'{"results": []}'), {"Content-Encoding": "gzip"})]
    assert http.get("v2/export/", budget=budget()) == b'{"results": []}'


def test_a_chunked_answer_is_put_together_and_a_cut_one_asked_for_again(service: Service, http: Http) -> None:
    chunked = {"Transfer-Encoding": "chunked"}
    service.answers = [
        Answer(200, b'5\r\n{"a":\r\n', chunked, cut=True),
        Answer(200, b'5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n', chunked),
    ]
    assert http.get("v2/export/", budget=budget()) == b'{"a": 1}'
    assert len(service.asked) == 2


def test_a_read_is_given_up_after_five_tries(service: Service, http: Http, clock: Clock) -> None:
    service.answers = [Answer(503, b'{"detail": "down"}')] * 9
    with pytest.raises(
        Unreachable, match=r"readwise: GET v2/export/: the service has trouble .503: .*What was fetched so far is kept"
    ):
        http.get("v2/export/", budget=budget())
    assert len(service.asked) == 5
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_an_answer_that_never_becomes_json_is_named_as_such(service: Service, http: Http) -> None:
    service.answers = [Answer(200, b"<html>Log in</html>")] * 9
    with pytest.raises(UnexpectedReply, match="v2/export/ is cut off or not what its documents say.*Log in"):
        http.get("v2/export/", budget=budget())


def test_what_the_caller_can_not_read_is_asked_for_again(service: Service, http: Http) -> None:
    service.answers = [Answer(200, b'{"results": 1}')]

    def decode(body: bytes) -> int:
        if b"1" in body:
            raise ValueError("half a page")
        return len(body)

    assert http.read("v2/export/", budget=budget(), decode=decode) == 15


@pytest.mark.parametrize("trouble", [Answer(502, b""), "reset"], ids=["502", "connection reset"])
def test_a_change_is_not_sent_twice_when_no_answer_came(trouble: Any, service: Service, http: Http) -> None:
    service.answers = [trouble]
    with pytest.raises(Unreachable):
        http.send("POST", "v2/highlights/", {}, budget=budget())
    assert len(service.asked) == 1


def test_a_change_that_may_be_repeated_is(service: Service, http: Http) -> None:
    service.answers = [Answer(502, b"")]
    assert http.send("PATCH", "v3/update/1/", {}, budget=budget(), idempotent=True).status == 200
    assert len(service.asked) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_says_what_to_do(status: int, service: Service, http: Http) -> None:
    service.answers = [Answer(status, b'{"detail": "Invalid token."}')]
    with pytest.raises(AuthError) as caught:
        http.get("v2/auth/", budget=budget())
    assert str(caught.value) == (
        f"readwise: token refused ({status}). None of its notes was touched. "
        'Run "vaultsync auth readwise"; the next run goes on where this one stopped.'
    )


def test_other_refusals_are_quoted_with_their_status(service: Service, http: Http) -> None:
    service.answers = [Answer(400, b"[\"Updating 'highlight' documents is not supported.\"]")]
    with pytest.raises(UnexpectedReply, match="answered 400.*is not supported") as caught:
        http.send("PATCH", "v3/update/1/", {}, budget=budget())
    assert caught.value.status == 400


def test_the_token_is_in_no_error_even_if_the_service_echoes_it(service: Service, http: Http) -> None:
    service.answers = [Answer(404, f"no such page, Token {TOKEN}".encode())]
    with pytest.raises(UnexpectedReply) as caught:
        http.get("v2/export/", budget=budget())
    assert TOKEN not in str(caught.value)
    assert "***" in str(caught.value)
    assert TOKEN not in repr(http)
    assert TOKEN not in repr(vars(http))


def test_a_token_with_a_line_break_is_refused_before_it_can_be_quoted() -> None:
    with pytest.raises(AuthError) as caught:
        Http("readwise", "https://readwise.io/api", f"{TOKEN}\nX: y")
    assert TOKEN not in str(caught.value)


def test_a_redirect_at_home_is_followed(service: Service, http: Http) -> None:
    service.answers = [Answer(301, b"", {"Location": "/api/v2/export/"})]
    assert http.get("v2/export", budget=budget())
    assert [path for _method, path, *_rest in service.asked] == ["/api/v2/export", "/api/v2/export/"]


def test_a_redirect_elsewhere_is_not_followed_and_gets_no_token(service: Service, http: Http) -> None:
    elsewhere = Service()
    service.answers = [Answer(302, b"", {"Location": elsewhere.base_url + "/v2/export/"})]
    with pytest.raises(UnexpectedReply, match="It was not followed, and the token was not sent there"):
        http.get("v2/export/", budget=budget())
    elsewhere.stop()
    assert elsewhere.asked == []


def test_a_redirected_change_is_not_turned_into_a_read(service: Service, http: Http) -> None:
    service.answers = [Answer(301, b"", {"Location": "/api/v3/save/"})]
    with pytest.raises(UnexpectedReply):
        http.send("POST", "v3/save", {}, budget=budget())
    assert len(service.asked) == 1


def test_redirects_in_circles_end(service: Service, http: Http) -> None:
    service.answers = [Answer(302, b"", {"Location": "/api/again"})] * 20
    with pytest.raises(UnexpectedReply, match="in circles"):
        http.get("v2/export/", budget=budget())


def test_nobody_home_is_unreachable_and_names_the_address(clock: Clock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        http = Http("readwise", address, TOKEN, clock=clock, sleep=clock.sleep)
        with pytest.raises(Unreachable, match="no connection") as caught:
            http.get("v2/auth/", budget=budget())
    http.close()
    assert address in caught.value.hint


def test_every_request_is_a_step(service: Service, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(steps, "observer", seen.append)
    service.answers = [Answer(502, b"")]
    http.get("v2/export/", budget=budget())
    assert seen == ["http.request", "http.request"]


def test_certificates_are_verified_and_timeouts_set(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(http._session, "request", lambda *_args, **options: given.update(options) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        http.get("v2/export/", budget=budget())
    assert http._session.verify is True
    assert "verify" not in given
    assert given["timeout"] == (10.0, 60.0)


@settings(deadline=None)
@given(st.one_of(st.none(), st.text(max_size=40)), st.binary(max_size=60))
def test_retry_after_survives_any_header_and_body(header: str | None, body: bytes) -> None:
    seconds = retry_after(header, body, now=NOON)
    assert seconds is None or seconds >= 0


# Files.


def test_a_file_is_read_as_it_arrives(service: Service, http: Http) -> None:
    big = bytes(range(256)) * 4096
    service.answers = ["reset", Answer(503), Answer(body=big), Answer(body=gzip.compress(big), headers=ZIPPED)]
    with http.download("files/1/", budget=Budget("x", PLENTY)) as download:
        assert (download.length, next(download.chunks)) == (len(big), big[: 256 * 1024])
        assert b"".join(download.chunks) == big[256 * 1024 :]
    with http.download("files/1/", budget=Budget("x", PLENTY)) as download:
        assert (download.length, b"".join(download.chunks)) == (None, big)


def test_a_file_that_is_cut_off_is_an_error_once_it_is(service: Service, http: Http) -> None:
    service.answers = [Answer(body=b"half", claims=8)]
    with http.download("files/1/", budget=Budget("x", PLENTY)) as download, pytest.raises(Unreachable, match="cut off"):
        list(download.chunks)
    assert len(service.asked) == 1


def test_a_file_elsewhere_gets_no_token_and_its_address_is_not_told(service: Service, http: Http) -> None:
    elsewhere = Service()
    address = elsewhere.base_url.replace("127.0.0.1", "localhost") + "/raw.pdf?signature=s3cret"
    elsewhere.answers = [
        Answer(302, headers={"Location": "/raw2.pdf"}),
        Answer(body=b"%PDF"),
        Answer(403),
        Answer(302, headers={"Location": service.base_url}),
    ]
    with http.download(address, budget=Budget("x", PLENTY)) as download:
        assert b"".join(download.chunks) == b"%PDF"
    for kind in (UnexpectedReply, UnexpectedReply):
        with pytest.raises(kind) as caught, http.download(address, budget=Budget("x", PLENTY)):
            pass
        assert "s3cret" not in str(caught.value) and "a file at http://localhost:" in str(caught.value)
    assert not any("authorization" in headers for _, _, headers, _ in elsewhere.asked)
    assert service.asked == []
    elsewhere.stop()


def test_a_form_is_sent_from_a_file_once(service: Service, http: Http) -> None:
    service.answers = [Answer(429, headers={"Retry-After": "1"}), Answer(201), Answer(503)]
    form = Form("file", 'a "b".txt', "text/plain", io.BytesIO(b"words" * 100_000))
    assert http.upload("files/", form, budget=Budget("x", PLENTY)).status == 201
    with pytest.raises(Unreachable):
        http.upload("files/", form, budget=Budget("x", PLENTY))
    assert len(service.asked) == 3
    for _, _, headers, body in service.asked:
        head, _, rest = body.partition(b"\r\n\r\n")
        assert headers["content-type"] == f"multipart/form-data; boundary={form.boundary}"
        assert int(headers["content-length"]) == len(body)
        assert head.decode().split("\r\n") == [
            f"--{form.boundary}",
            'Content-Disposition: form-data; name="file"; filename="a \\"b\\".txt"',
            "Content-Type: text/plain",
        ]
        assert rest == b"words" * 100_000 + f"\r\n--{form.boundary}--\r\n".encode()


def test_errors_of_a_source_name_it(service: Service, http: Http) -> None:
    service.answers = [Answer(404, b"")]
    with pytest.raises(SourceError) as caught:
        http.get("v9/", budget=budget())
    assert caught.value.source == "readwise"


@pytest.mark.parametrize(
    ("error", "words", "tries"),
    [
        (requests.exceptions.SSLError(f"bad {TOKEN}"), "its certificate could not be verified", 1),
        (requests.ReadTimeout(), "no answer in time", 5),
        (requests.exceptions.InvalidURL(f"bad {TOKEN}"), "the request could not be made", 5),
    ],
    ids=["certificate", "timeout", "other"],
)
def test_a_failed_connection_is_put_into_our_own_words(
    error: Exception, words: str, tries: int, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(http._session, "request", fail)
    with pytest.raises(Unreachable, match=words) as caught:
        http.get("v2/export/", budget=budget())
    assert TOKEN not in str(caught.value)
    assert http.requests == tries
