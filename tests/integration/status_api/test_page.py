"""The page in a real browser: from a recording to its verdict, over the embedded runtime."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from axe_selenium_python import Axe
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from analysis_operator.local.runtime import LocalRuntime
from analysis_operator.local.status_api import serving
from analyzer_kit.content import sha256_of_file
from tests.support.media.samples import make_samples
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS
from tests.support.web.browser import browsing, screenshot

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
SHOTS = ROOT / "out" / "screenshots"


class Seen(NamedTuple):
    """Who looks at the page, and what they send and should read."""

    language: str
    width: int
    sample: str
    title: str


@dataclass(frozen=True)
class App:
    """Where the page is, and the token that opens it."""

    address: str
    token: str

    @property
    def link(self) -> str:
        return f"{self.address}/#token={self.token}"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_samples(folder)
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Run the embedded runtime beside the test, in an event loop of its own."""
    out, port = tmp_path_factory.mktemp("out"), free_port()
    started, apps, loop = threading.Event(), [], asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with LocalRuntime(out) as runtime, serving(runtime.requests, port) as token:
            apps.append(App(f"http://127.0.0.1:{port}", token))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[run()])
    thread.start()
    assert started.wait(PATIENCE_SECONDS)
    yield apps[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(PATIENCE_SECONDS)
    loop.close()


@pytest.fixture
def english(tmp_path: Path) -> Iterator[Chrome]:
    with browsing(tmp_path / "profile", language="en-US", width=1280) as driver:
        yield driver


def visible(driver: Chrome, css: str) -> None:
    WebDriverWait(driver, PATIENCE_SECONDS).until(lambda _: driver.find_element(By.CSS_SELECTOR, css).is_displayed())


def text(driver: Chrome, css: str) -> str:
    return driver.find_element(By.CSS_SELECTOR, css).text


def choose(driver: Chrome, recording: Path) -> None:
    visible(driver, "#start")
    driver.find_element(By.ID, "file").send_keys(str(recording))


def accessible(driver: Chrome) -> list[str]:
    """Return what axe-core finds wrong, by its rule and the element."""
    axe = Axe(driver)
    axe.inject()
    violations = axe.run(options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in violations["violations"]
        for node in violation["nodes"]
    ]


def complaints(driver: Chrome) -> list[str]:
    """Return what the browser complains about: errors of scripts, and what the page's policy blocked."""
    log = driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium has no type for it
    return [entry["message"] for entry in log if entry["level"] == "SEVERE"]


def stated(app: App) -> set[str]:
    """Return the SHA-256 of each recording that was asked about."""
    listed = httpx.get(f"{app.address}/v1/analyses", headers={"Authorization": f"Bearer {app.token}"})
    return {item["source"]["sha256"] for item in listed.json()["items"]}


@pytest.mark.parametrize(
    "seen",
    [
        Seen("en-US", 1280, "edited.mp4", "The picture seems edited"),
        Seen("ko-KR", 390, "synthetic.wav", "컴퓨터가 만든 듯한 목소리입니다"),
    ],
    ids=["English, wide", "Korean, narrow"],
)
def test_a_recording_gets_its_verdict(app: App, samples: Path, tmp_path: Path, seen: Seen) -> None:
    language, width, sample, title = seen
    with browsing(tmp_path / "profile", language=language, width=width) as driver:
        driver.get(app.link)
        visible(driver, "#start")
        assert app.token not in driver.current_url, "a link that is copied from the address bar opens nothing"
        assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == language[:2]
        shot = f"{language[:2]}-{width}"
        screenshot(driver, SHOTS / f"{shot}-start.png")
        assert accessible(driver) == []
        choose(driver, samples / sample)
        visible(driver, "#working")
        screenshot(driver, SHOTS / f"{shot}-working.png")
        assert accessible(driver) == []
        visible(driver, "#verdict")
        assert text(driver, "#verdict-title") == title
        assert driver.switch_to.active_element.get_attribute("id") == "verdict-title", "a screen reader is led there"
        assert text(driver, "#verdict [data-file]") == sample
        assert sha256_of_file(samples / sample) in stated(app), "so that it is not analysed again when it is sent again"
        assert len(driver.find_elements(By.CSS_SELECTOR, "#steps li")) >= 3
        screenshot(driver, SHOTS / f"{shot}-verdict.png")
        assert accessible(driver) == []
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        driver.refresh()
        visible(driver, "#verdict")
        assert text(driver, "#verdict-title") == title, "the address alone finds it again"
        WebDriverWait(driver, PATIENCE_SECONDS).until(lambda _: "X-Amz" in str(_report(driver)))
        driver.get(str(_report(driver)))
        assert "Silver Guardian" in driver.page_source
        driver.back()
        visible(driver, "#verdict")
        WebDriverWait(driver, PATIENCE_SECONDS).until(lambda _: "X-Amz" in str(_report(driver)))
        link = str(_report(driver))
        driver.find_element(By.ID, "erase").click()
        driver.switch_to.alert.dismiss()
        assert text(driver, "#verdict-title") == title, "it asks first"
        driver.find_element(By.ID, "erase").click()
        driver.switch_to.alert.accept()
        visible(driver, "#start")
        WebDriverWait(driver, PATIENCE_SECONDS).until(lambda _: httpx.get(link).status_code != HTTPStatus.OK)
        assert complaints(driver) == []


def test_everything_can_be_done_by_keyboard(app: App, samples: Path, english: Chrome) -> None:
    english.get(app.link)
    visible(english, "#start")
    assert english.switch_to.active_element.get_attribute("id") == "start-title"
    _tab_to(english, "file")
    english.switch_to.active_element.send_keys(str(samples / "genuine.wav"))  # as the file dialog does
    visible(english, "#verdict")
    assert text(english, "#verdict-title") == "No evidence found"
    WebDriverWait(english, PATIENCE_SECONDS).until(lambda _: "X-Amz" in str(_report(english)))
    _tab_to(english, "report")
    english.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(english, PATIENCE_SECONDS).until(lambda _: len(english.window_handles) == 2)
    _tab_to(english, "again")
    english.switch_to.active_element.send_keys(Keys.ENTER)
    visible(english, "#start")
    english.find_element(By.CSS_SELECTOR, '[data-language="ko"]').send_keys(Keys.SPACE)
    assert text(english, "#start-title") == "이 녹음, 진짜일까요?"
    english.refresh()
    visible(english, "#start")
    assert text(english, "#start-title") == "이 녹음, 진짜일까요?", "the choice is kept"


def test_what_goes_wrong_is_said_in_plain_words(app: App, samples: Path, tmp_path: Path, english: Chrome) -> None:
    (tmp_path / "letter.txt").write_text("Dear grandma")
    (tmp_path / "empty.wav").touch()
    with (tmp_path / "huge.mp4").open("wb") as huge:
        huge.truncate(600 * 1024**2)
    english.get(app.link)
    for file, title in (
        ("letter.txt", "This is no recording"),
        ("empty.wav", "This recording is empty"),
        ("huge.mp4", "This recording is too large"),
    ):
        choose(english, tmp_path / file)
        visible(english, "#problem")
        assert text(english, "#problem-title") == title
        assert english.switch_to.active_element.get_attribute("id") == "problem-title"
        if file == "huge.mp4":
            assert "at most 512 MB" in text(english, "#problem-text")
            screenshot(english, SHOTS / "en-1280-too-large.png")
            assert accessible(english) == []
        english.find_element(By.ID, "retry").click()
    english.execute_script(
        "const files = new DataTransfer(); files.items.add(new File(['Dear grandma'], 'letter.pdf'));"
        "document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: files, cancelable: true}))"
    )
    visible(english, "#problem")
    assert text(english, "#problem-title") == "This is no recording", "what is dropped is looked at too"
    english.find_element(By.ID, "retry").click()
    visible(english, "#start")
    english.get(f"{app.address}/#id=a-unknown.00000000-0000-0000-0000-000000000000")
    visible(english, "#problem")
    assert text(english, "#problem-title") == "There is no such check"
    english.find_element(By.ID, "retry").click()
    choose(english, samples / "not-a-video.mp4")  # a text that calls itself a video
    visible(english, "#verdict")
    assert text(english, "#verdict-title") == "No verdict"
    assert "not a recording that can be read" in text(english, "#evidence")


def test_a_lost_connection_and_a_session_that_is_over(app: App, samples: Path, english: Chrome) -> None:
    english.get(app.link)
    visible(english, "#start")
    english.set_network_conditions(offline=True, latency=0, throughput=0)
    choose(english, samples / "genuine.wav")
    visible(english, "#problem")
    assert text(english, "#problem-title") == "There is no connection"
    english.delete_network_conditions()
    english.find_element(By.ID, "retry").click()
    visible(english, "#verdict")
    assert text(english, "#verdict-title") == "No evidence found", "the same file is sent again"
    english.execute_script("sessionStorage.setItem('guardian-token', 'one-that-is-no-longer-good')")
    english.refresh()
    visible(english, "#problem")
    assert text(english, "#problem-title") == "This link is not complete"


def _report(driver: Chrome) -> str | None:
    return driver.find_element(By.ID, "report").get_attribute("href")


def _tab_to(driver: Chrome, element: str) -> None:
    for _ in range(20):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        if driver.switch_to.active_element.get_attribute("id") == element:
            return
    pytest.fail(f"#{element} is not reached by the tab key")
