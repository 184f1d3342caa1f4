"""The login, who is refused, and readers who ask too often."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from page_server import Visit, browsing, running
from test_page import AXE, QUESTION, request, violations
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.errors import AssistantError, SettingError
from assistant.settings import load_settings
from assistant.ui import serve
from assistant.ui.brake import Attempts, Brake
from assistant.ui.passwords import line, load
from assistant.ui.reception import Reception
from assistant.ui.words import words

SECRET = "a good long password"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- parts ---------------------------------------------------------------------------------


def test_a_password_cannot_be_read_back_and_is_known_again(tmp_path: Path) -> None:
    made = line("ada", SECRET)
    assert SECRET not in made and made != line("ada", SECRET)
    file = tmp_path / "readers"
    file.write_text(f"# readers\n\n{made}\n")
    readers = load(file)
    assert readers["ada"].matches(SECRET)
    assert not readers["ada"].matches(SECRET + " ")
    assert not readers["ada"].matches("")


@pytest.mark.parametrize(
    ("name", "password"),
    [("", SECRET), ("a:b", SECRET), ("a b", SECRET), ("x" * 65, SECRET), ("ada", "short")],
)
def test_names_and_passwords_that_will_not_do(name: str, password: str) -> None:
    with pytest.raises(ValueError, match="has"):
        line(name, password)


@pytest.mark.parametrize("text", ["", "# nobody\n", "ada:secret\n", "ada:plain:aaaa:bbbb\n"])
def test_a_file_of_readers_that_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "readers"
    file.write_text(text)
    with pytest.raises(SettingError, match="ASSISTANT_AUTH"):
        load(file)
    with pytest.raises(SettingError, match="cannot be read"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("lost", [1, 2, 3, 4, 30])
def test_a_clipped_line_is_named(tmp_path: Path, lost: int) -> None:
    file = tmp_path / "readers"
    file.write_text(f"{line('eve', SECRET)}\n{line('ada', SECRET)[:-lost]}\n")
    with pytest.raises(SettingError, match="line 2"):
        load(file)


def test_the_command_makes_a_line(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["password", "ada"], input=f"{SECRET}\n{SECRET}\n")
    (tmp_path / "readers").write_text(run.stdout)
    assert load(tmp_path / "readers")["ada"].matches(SECRET)


def test_wrong_passwords_wait_longer_and_longer() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    waits = []
    for _ in range(8):
        attempts.wrong("name ada", "address x")
        waits.append(attempts.wait("name ada", "address y"))
    assert waits == [0.0, 0.0, 0.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert attempts.wait("name eve", "address z") == 0.0
    for _ in range(30):
        attempts.wrong("name ada")
    assert attempts.wait("name ada") == 900.0
    clock.now += 901
    assert attempts.wait("name ada") == 0.0
    attempts.right("name ada")
    attempts.wrong("name ada")
    assert attempts.wait("name ada") == 0.0


class Door:
    """The reception before an application that lets everybody in; counts passwords looked at."""

    def __init__(self) -> None:
        self.clock, self.looked = Clock(), 0
        readers: Any = {"ada": self}
        self._reception = Reception(self._inside, readers, {"/": words("en")}, "", Brake(0))
        self._reception._attempts = Attempts(self.clock)

    def matches(self, password: str) -> bool:
        self.looked += 1
        time.sleep(0.01)
        return password == SECRET

    async def _inside(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def knock(self, password: str) -> int:
        """Return the status that a program gets with this password."""
        sent: list[int] = []

        async def send(message: Any) -> None:
            sent.append(message.get("status", 0))

        headers = [(b"authorization", f"Bearer ada:{password}".encode())]
        scope = {"type": "http", "method": "GET", "path": "/v1/models", "headers": headers}
        await self._reception({**scope, "client": ("203.0.113.9", 1)}, None, send)  # type: ignore[arg-type]
        return sent[0]


def test_the_right_key_gets_in_after_the_wait_however_often_it_was_sent() -> None:
    async def visits() -> list[int]:
        door = Door()
        for number in range(4):
            assert await door.knock(f"wrong {number}") == 401
        held = [await door.knock(SECRET) for _ in range(20)]
        door.clock.now += 2.1
        return [*set(held), await door.knock(SECRET)]

    assert asyncio.run(visits()) == [401, 200]


def test_guesses_sent_at_once_are_slowed_down_like_others() -> None:
    async def crowd() -> int:
        door = Door()
        await asyncio.gather(*(door.knock(f"wrong {number}") for number in range(30)))
        return door.looked

    # Three are free, the fourth is held after it; two are looked at together.
    assert asyncio.run(crowd()) <= 5


def test_who_asks_too_often_waits() -> None:
    clock = Clock()
    brake = Brake(12, clock)
    assert [brake.wait("ada") for _ in range(4)] == [0.0, 0.0, 0.0, 5.0]
    assert brake.wait("eve") == 0.0
    clock.now += 5
    assert brake.wait("ada") == 0.0
    assert not any(brake.wait("") for _ in range(100))
    assert not any(Brake(0, clock).wait("ada") for _ in range(100))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "intranet.example"])
def test_nobody_listens_to_the_network_without_a_login(host: str) -> None:
    with pytest.raises(AssistantError, match="ASSISTANT_WITHOUT_LOGIN"):
        serve(load_settings(host=host, port=0))


# --- the page ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("login")
    names = ("ada", "eve", "bob")
    (folder / "readers").write_text("".join(f"{line(name, SECRET)}\n" for name in names))
    more = {"index": folder / "index", "auth": str(folder / "readers"), "rate": 12}
    with running("page_fake:opened", **more) as url:
        yield url


def log_in(address: str, password: str = SECRET, **fields: str) -> tuple[int, dict[str, str], str]:
    body = urlencode({"name": "ada", "password": password, "next": "/", **fields})
    return request(address, "/page/login", method="POST", body=body, headers=FORM)


def test_a_program_logs_in_with_its_key_and_health_is_open(address: str) -> None:
    basic = base64.b64encode(f"ada:{SECRET}".encode()).decode()
    for sent in ("Basic !", "Bearer ada:wrong", "Bearer", f"Bearer eve{SECRET}"):
        assert request(address, "/v1/documents", headers={"Authorization": sent})[0] == 401
    for sent in (f"Basic {basic}", f"Bearer ada:{SECRET}"):
        assert request(address, "/v1/documents", headers={"Authorization": sent})[0] == 200
    status, _, text = request(address, "/v1/documents", headers={"Accept-Language": "en"})
    error = json.loads(text)["error"]
    assert (status, error["code"]) == (401, "login") and "name:password" in error["message"]
    assert request(address, "/metrics")[2] == "Log in first."
    assert request(address, "/health")[0] in (200, 503)
    assert request(address, "/healthy")[0] == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/en/"),
        ("GET", "/config"),
        ("GET", "/page/documents"),
        ("GET", "/page/quality"),
        ("GET", "/page/report"),
        ("GET", "/page/source?unit=x"),
        ("GET", "/page/static/../documents"),
        ("GET", "/gradio_api/info"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/page/turns"),
        ("PUT", "/page/file?name=a.md"),
        ("DELETE", "/page/file?name=a.md"),
        ("POST", "/page/index"),
    ],
)
def test_without_a_login_nothing_is_seen(address: str, method: str, path: str) -> None:
    for headers in ({}, {"Accept": "text/html"}, {"Cookie": "assistant_session=x"}):
        status, _, text = request(address, path, method=method, headers=headers)
        assert status == 401
        assert "Compagnie" not in text and "gradio-app" not in text


def test_a_login_opens_the_page_and_ends(address: str) -> None:
    status, headers, _ = log_in(address, next="/en/?q=x")
    assert (status, headers["location"]) == (303, "/en/?q=x")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    own = {"Cookie": cookie.split(";")[0]}
    assert request(address, "/page/health", headers=own)[0] == 200
    assert request(address, "/page/logout", method="POST", headers=own)[0] == 204
    assert request(address, "/page/health", headers=own)[0] == 401


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "", "x"])
def test_a_login_leads_to_no_other_site(address: str, target: str) -> None:
    assert log_in(address, next=target)[1]["location"] == "/"


def test_the_address_of_the_form_leads_to_the_page(address: str) -> None:
    form = request(address, "/page/login?x", headers={"Accept": "text/html"})
    assert form[0] == 401 and 'value="/page/login?x"' in form[2]
    for target in ("/page/login?x", "/page/logout"):
        _, headers, _ = log_in(address, next=target)
        assert headers["location"] == "/"
    own = {"Cookie": headers["set-cookie"].split(";")[0]}
    status, headers, _ = request(address, "/page/login", headers=own)
    assert (status, headers["location"]) == (303, "/")


def test_another_site_logs_nobody_in(address: str) -> None:
    headers = {**FORM, "Sec-Fetch-Site": "cross-site"}
    assert request(address, "/page/login", method="POST", body=b"", headers=headers)[0] == 403


def test_guessing_is_slowed_down(address: str) -> None:
    far = {**FORM, "X-Forwarded-For": "203.0.113.9"}
    body = urlencode({"name": "eve", "password": "wrong"})

    def guess(body: str = body) -> tuple[int, dict[str, str], str]:
        return request(address, "/page/login", method="POST", body=body, headers=far)

    assert [guess()[0] for _ in range(5)] == [401, 401, 401, 401, 429]
    status, headers, text = guess(urlencode({"name": "eve", "password": SECRET}))
    assert status == 429 and int(headers["retry-after"]) >= 1
    assert "Trop d’essais" in text


def test_a_form_that_is_too_large_logs_nobody_in(address: str) -> None:
    far = {**FORM, "X-Forwarded-For": "203.0.113.10"}
    body = b"name=ada&password=" + b"x" * 100_000
    assert request(address, "/page/login", method="POST", body=body, headers=far)[0] == 401


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


@pytest.mark.parametrize("width", [1440, 390])
def test_a_reader_logs_in_asks_and_logs_out(browser: Any, address: str, width: int) -> None:
    visit = Visit(browser, address, viewport={"width": width, "height": 844})
    visit.page.goto(address + "/en/")
    assert visit.page.evaluate("document.documentElement.lang") == "en"
    visit.page.fill("[name=name]", "bob")
    visit.page.fill("[name=password]", "not the password")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(".alarm")
    assert not AXE.exists() or violations(visit) == []
    visit.page.fill("[name=name]", "bob")
    visit.page.fill("[name=password]", SECRET)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("body[data-ready]")
    assert visit.page.url == address + "/en/"
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.ask(QUESTION)
    visit.page.click("[data-do=logout]")
    visit.page.wait_for_selector("[name=password]")
    assert visit.outside == []
    visit.context.close()


def test_a_reader_who_asks_too_often_is_told_to_wait(browser: Any, tmp_path: Path) -> None:
    with running("page_fake:opened", index=tmp_path / "index", rate=2) as url:
        far = {"X-Forwarded-For": "203.0.113.7"}
        visit = Visit(browser, url, extra_http_headers=far).open()
        kind = {"Content-Type": "application/json", **far}

        def post(path: str, body: dict[str, Any]) -> int:
            sent = json.dumps(body).encode()
            return request(url, path, method="POST", body=sent, headers=kind)[0]

        # Only questions count.
        assert [post("/page/turns", {"turns": []}) for _ in range(5)] == [200] * 5
        # Not by the page: on a slow machine there would be room again before the last question.
        assert [post("/v1/ask", {"question": QUESTION}) for _ in range(3)] == [200] * 3
        visit.page.fill("#question textarea", QUESTION)
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("#live .turn[data-state=failed]")
        assert "Trop de questions" in visit.text("#live .answer")
        # The page asks again by itself once there is room.
        visit.page.wait_for_selector("#live .turn[data-state=answered]", timeout=90_000)
        kind["X-Forwarded-For"] = "203.0.113.8"
        codes = [post("/v1/ask", {"question": QUESTION}) for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        visit.context.close()
