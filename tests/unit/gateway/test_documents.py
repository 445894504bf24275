import re

import pytest

from contracts.catalogue import EVENTS
from tests.unit.gateway.serving import Served


async def test_the_documents_are_served_and_may_be_cached(served: Served) -> None:
    for path, key in (("/openapi.json", "openapi"), ("/asyncapi.json", "asyncapi")):
        shown = await served.ask("GET", path)
        assert (shown.status, key in shown.json) == (200, True)
        again = await served.ask("GET", path, headers={"If-None-Match": shown.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.wire_name)
async def test_dataschema_leads_somewhere(served: Served, event: type) -> None:
    shown = await served.ask("GET", f"/schemas/{event.wire_name}")  # type: ignore[attr-defined]
    assert (shown.status, shown.headers["content-type"]) == (200, "application/schema+json")
    assert (await served.ask("GET", "/schemas/tasks.task_teleported.v1")).status == 404


async def test_the_page_needs_nothing_from_elsewhere_and_no_inline_script(served: Served) -> None:
    page = await served.ask("GET", "/docs")
    policy, text = page.headers["content-security-policy"], page.body.decode()
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "http:" not in text
    assert "https:" not in text
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text) == []
    for asset in re.findall(r'(?:src|href)="(/docs/[^"]+)"', text):
        shown = await served.ask("GET", asset)
        assert (shown.status, len(shown.body) > 100) == (200, True), asset
