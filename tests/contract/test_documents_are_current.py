import re
from pathlib import Path

import pytest

from contracts.catalogue import COMMANDS, EVENTS, QUERIES
from ops.generate import documents
from ops.state import ROOT

DOCUMENTS = {path: text for path, text in documents().items() if path.suffix == ".md"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_the_committed_document_is_that_of_the_code(path: Path) -> None:
    """`./taskmesh generate` writes it."""
    assert (ROOT / path).read_text() == DOCUMENTS[path]


def test_writing_twice_writes_the_same() -> None:
    assert documents() == documents()


def test_every_message_is_documented() -> None:
    text = (ROOT / "docs/messages.md").read_text()
    for message in (*COMMANDS, *QUERIES, *EVENTS):
        assert f"### {message.wire_name}\n" in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_a_sentence_has_a_line_of_its_own(path: Path) -> None:
    prose = [line for line in DOCUMENTS[path].splitlines() if not line.startswith(("|", "#"))]
    assert [line for line in prose if re.search(r"\. [A-Z]", line)] == []


def test_no_default_of_a_secret_is_shown() -> None:
    rows = [line for line in (ROOT / "docs/configuration.md").read_text().splitlines() if "**secret**" in line]
    assert {row.split(" | ")[2] for row in rows} == {"required", "none"}
