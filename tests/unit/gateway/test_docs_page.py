"""The page of the API in a real browser, which knows its own policy better than we do."""

import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.gateway.serving import Served

async_api = pytest.importorskip("playwright.async_api", reason="requirements-platform.lock is not installed")

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def _browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture
async def page() -> AsyncIterator[Any]:
    path = _browser()
    if path is None:
        pytest.skip(f"no browser is here: none of {', '.join(BROWSERS)} is on PATH, and CHROMIUM names none")
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield await browser.new_page()
        await browser.close()


async def test_a_browser_shows_every_operation_and_asks_nobody_else(served: Served, page: Any) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    here = f"http://127.0.0.1:{served.port}"
    await page.goto(f"{here}/docs")
    await page.wait_for_selector(".opblock")

    paths = (await served.ask("GET", "/openapi.json")).json["paths"]
    operations = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    ids = await page.locator(".opblock").evaluate_all("blocks => blocks.map(block => block.id)")
    assert {name for name in operations if not any(each.endswith(f"-{name}") for each in ids)} == set()
    assert complaints == []
    assert [url for url in asked if not url.startswith((here, "data:", "blob:"))] == []

    await page.locator("#operations-tasks-create_task").click()
    await page.get_by_text("Try it out").first.wait_for()
