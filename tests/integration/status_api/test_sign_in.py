"""The page signs people in at a provider (authorization code with PKCE), and brings them back to where they were."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.local.status_api import LocalAnalyses
from status_api.app import create_app
from status_api.oidc import OidcTokens
from status_api.resources import resource_for
from status_api.settings import Settings
from status_api.wire import NewAnalysis, Source
from tests.cluster.shell import PATIENCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.web.browser import browsing
from tests.support.web.oidc import AUDIENCE, Provider
from tests.support.web.status_api import Clock, NoStorage

pytestmark = pytest.mark.integration


@pytest.fixture
def served(provider: Provider) -> Iterator[str]:
    """The address of the application, over one analysis that waits."""
    settings = Settings(
        oidc_issuer=provider.issuer, oidc_audience=AUDIENCE, oidc_client_id="page", tenants={"family-one": "one"}
    )
    requests, port = MemoryRequests(Clock()), free_port()
    item = requests.apply(resource_for("one", "call", NewAnalysis(source=Source(uri="s3://media/uploads/one/a.wav"))))
    tokens = OidcTokens(settings)
    app = create_app(settings, LocalAnalyses(requests), NoStorage(), tokens, sign_in=tokens.provider)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))

    async def serve() -> None:
        await server.serve()
        await tokens.close()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    wait_until(lambda: server.started, "the application to serve")
    yield f"http://127.0.0.1:{port}/#id=call.{item.metadata.uid}"
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    with browsing(tmp_path / "profile", language="en-US", width=1280) as driver:
        yield driver


def shows(driver: Chrome, heading: str) -> None:
    def heard(_: Chrome) -> bool:
        return heading in [title.text for title in driver.find_elements(By.TAG_NAME, "h1")]

    WebDriverWait(driver, PATIENCE_SECONDS).until(heard, f"{heading!r} is not on the page")


def sign_in(driver: Chrome) -> None:
    driver.find_element(By.ID, "retry").click()


def test_a_person_who_signs_in_goes_on_where_they_were(served: str, provider: Provider, browser: Chrome) -> None:
    browser.get(served)
    shows(browser, "Please sign in again")
    sign_in(browser)
    shows(browser, "We are checking your recording")
    assert browser.current_url == served, "neither code nor state stays in the address"
    expired = provider.token(exp=int(time.time()) - 3600)
    browser.execute_script(f"sessionStorage.setItem('guardian-token', '{expired}')")
    shows(browser, "Please sign in again")  # at the next poll
    sign_in(browser)
    shows(browser, "We are checking your recording")


def test_a_link_signs_nobody_in_as_somebody_else_and_who_is_signed_in_can_sign_out(
    served: str, provider: Provider, browser: Chrome
) -> None:
    attackers = provider.token(sub="mallory")
    browser.get(served.replace("/#", f"/#token={attackers}&"))
    shows(browser, "Please sign in again")
    assert "token" not in browser.current_url
    assert browser.execute_script("return sessionStorage.getItem('guardian-token')") is None
    sign_in(browser)
    shows(browser, "We are checking your recording")
    assert browser.find_element(By.ID, "user-name").text == "Signed in as grandma"
    browser.find_element(By.ID, "sign-out").click()
    shows(browser, "Please sign in again")
    assert not browser.find_element(By.ID, "user").is_displayed()
    assert browser.execute_script("return sessionStorage.length") == 0
    assert "/end" in provider.fetched, "the session at the provider is over, too"


def test_an_unknown_tenant_and_an_answer_without_a_question_get_nothing(
    served: str, provider: Provider, browser: Chrome
) -> None:
    browser.get(served.replace("/#", "/?code=stolen&state=made-up#"))
    shows(browser, "Please sign in again")
    assert "/token" not in provider.fetched, "a code that this page did not ask for is not redeemed"
    provider.tenant = "others"
    sign_in(browser)
    shows(browser, "You have no access")
