from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from contracts.message import Message
from ops.generate.schemas import FOLDER, MESSAGES, schema_of, write_schemas
from ops.state import ROOT

WRITTEN = write_schemas()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_the_committed_schema_is_that_of_the_message(path: Path) -> None:
    """`./taskmesh generate` writes it."""
    assert (ROOT / path).read_text() == WRITTEN[path]


def test_no_schema_is_left_of_a_message_that_is_gone() -> None:
    assert {file.name for file in (ROOT / FOLDER).iterdir()} == {path.name for path in WRITTEN}


def test_writing_twice_writes_the_same() -> None:
    assert write_schemas() == WRITTEN


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.wire_name)
def test_a_schema_is_one_of_2020_12(message: type[Message]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(message))
