"""A real browser, with JavaScript off: one walk through everything, and the contrast of what it shows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import QUICK, RunningServer, environment

from ..conftest import Emptied

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed")
pytest.importorskip("selenium", reason="selenium is not installed")

SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-default-apps --disable-dev-shm-usage "
    # Pages of the browser's own: with the one of a new tab, they are two thirds of what its start takes.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
PREFERENCES = {
    "session.restore_on_startup": 4,
    "session.startup_urls": ["about:blank"],
    "credentials_enable_service": False,
    "autofill.profile_enabled": False,
}


@pytest.fixture(scope="module")
def server(postgres: Postgres, emptied: Emptied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The application as a process, on an empty database."""
    emptied.clear()
    environ = environment(postgres)
    running = RunningServer(environ, tmp_path_factory.mktemp("log") / "log", program=QUICK)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium with a profile of its own and JavaScript switched off."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for switch in (*SWITCHES.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.add_experimental_option("prefs", PREFERENCES)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield driver
    driver.quit()


# The debugger says where something is and what it shows, in one message: the driver's own commands send it a script of
# 50 kB for each question. The mouse and the keyboard are the browser's.
BY_TEXT = """
[...document.querySelectorAll(%s)].find(each => each.innerText.replace(/\\s+/g, ' ').trim() === %s)
"""
PLACE = """
(() => {
  const found = %s;
  if (!found) return null;
  found.scrollIntoView({block: 'center', behavior: 'instant'});
  const {x, y, width, height} = found.getBoundingClientRect();
  const [left, top] = [x + width / 2, y + height / 2];
  const above = document.elementFromPoint(left, top);
  return found.contains(above) ? [left, top] : `covered by ${above && above.outerHTML}`;
})()
"""
CHOOSE = "[...document.getElementsByName(%s)[0].options].find(each => each.text === %s).selected = true"


class Walk:
    """A visitor in words: opens, clicks, types."""

    def __init__(self, driver: Any, server: RunningServer) -> None:
        self.driver = driver
        self.root = f"http://127.0.0.1:{server.port}"

    def open(self, path: str) -> None:
        self.driver.get(self.root + path)

    def click(self, text: str) -> None:
        self._leave_by(BY_TEXT % ("'a, button'", json.dumps(text)))

    def type(self, **fields: str) -> None:
        for name, value in fields.items():
            field = f"document.getElementsByName({json.dumps(name)})[0]"
            if self.ask(f"{field}.tagName") == "SELECT":
                self.ask(CHOOSE % (json.dumps(name), json.dumps(value)))
            else:
                self._press_mouse_on(field)
                self.ask(f"{field}.select()")
                self.driver.execute_cdp_cmd("Input.insertText", {"text": value})

    def press(self, button: str) -> None:
        self._leave_by(BY_TEXT % ("'main button'", json.dumps(button)))

    def ask(self, expression: str) -> Any:
        """Return the value of an expression on the page."""
        parameters = {"expression": expression, "returnByValue": True}
        answer = self.driver.execute_cdp_cmd("Runtime.evaluate", parameters)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _press_mouse_on(self, element: str) -> None:
        place = self.ask(PLACE % element)
        assert isinstance(place, list), (element, place)
        mouse = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        for what in ("mousePressed", "mouseReleased"):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": what, **mouse})

    def _leave_by(self, element: str) -> None:
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.support.wait import WebDriverWait

        page = self.ask("performance.timeOrigin")
        self._press_mouse_on(element)
        # A click returns before the next page is there, and between two pages Chromium knows neither.
        arrived = f"performance.timeOrigin !== {page} && document.readyState === 'complete'"
        wait = WebDriverWait(self.driver, 10, 0.03, ignored_exceptions=[WebDriverException])
        wait.until(lambda driver: self.ask(arrived))

    @property
    def title(self) -> str:
        return str(self.ask("document.querySelector('h1').innerText"))

    @property
    def text(self) -> str:
        return str(self.ask("document.querySelector('main').innerText"))

    @property
    def focused(self) -> str:
        return str(self.ask("document.activeElement.name"))


@pytest.fixture
def walk(chromium: Any, server: RunningServer) -> Walk:
    """A walk that starts signed out."""
    chromium.get(f"http://127.0.0.1:{server.port}/healthz")
    chromium.delete_all_cookies()
    return Walk(chromium, server)


def sign_up(walk: Walk, email: str) -> None:
    walk.open("/signup/")
    walk.type(email=email, password="correct horse", repeat_password="correct horse")
    walk.press("Sign up")


def test_from_signing_up_to_deleting_a_pad(walk: Walk) -> None:
    sign_up(walk, "walker@example.com")
    assert walk.title == "All notes (0)"
    walk.click("New pad")
    walk.type(name="Ideas")
    walk.press("Create")
    assert walk.title == "Ideas (0)"
    walk.click("New note")
    assert walk.focused == "name"
    walk.type(name="Wishlist", text="**Books**")
    walk.press("Create")
    assert walk.title == "Ideas (1)"
    walk.click("Wishlist")
    assert "Books" in walk.text
    walk.click("Edit")
    walk.type(name="Wishes", pad="No pad")
    walk.press("Save")
    assert walk.title == "Wishes"
    walk.click("Edit")
    walk.type(pad="Ideas")
    walk.press("Save")
    walk.click("Ideas")
    walk.click("Delete pad")
    walk.press("Delete pad and notes")
    assert walk.title == "All notes (0)"
    walk.click("Sign out")
    assert walk.title == "Sign in"
    walk.type(email="walker@example.com", password="correct horse")
    walk.press("Sign in")
    assert "You are signed in." in walk.text


def test_a_mistake_is_explained_and_the_cursor_is_there(walk: Walk) -> None:
    walk.open("/signup/")
    walk.type(email="someone@example.com", password="correct horse", repeat_password="wrong")
    walk.press("Sign up")
    assert "The two passwords differ." in walk.text
    assert walk.focused == "repeat_password"
    assert walk.ask("document.getElementsByName('email')[0].value") == "someone@example.com"


def test_the_page_is_recognisably_notejam(walk: Walk) -> None:
    sign_up(walk, "looker@example.com")
    assert walk.ask("document.querySelector('.logo b').innerText") == "note"
    pads, main = (walk.ask(f"document.querySelector('{part}').getBoundingClientRect().x") for part in (".pads", "main"))
    assert pads < main


def test_the_screenshots_are_small() -> None:
    images = list((Path(__file__).parents[3] / "docs" / "images").glob("app-*.png"))
    assert len(images) == 3
    assert all(image.stat().st_size < 150_000 for image in images)
