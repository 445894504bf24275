"""The AsyncAPI document, read by FastStream's model of the standard and against the catalogue."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from contracts.catalogue import EVENTS
from gateway.documents.asyncapi import asyncapi

DOCUMENT = asyncapi(version="0.1.0")


def test_it_is_valid() -> None:
    read = ApplicationSchema.model_validate(DOCUMENT)
    assert read.asyncapi == "3.0.0"
    assert {channel.address for channel in read.channels.values()} == {event.wire_name for event in EVENTS}


def test_every_reference_leads_somewhere() -> None:
    def check(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                found: Any = DOCUMENT
                for step in node["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for value in node.values():
                check(value)
        elif isinstance(node, list):
            for value in node:
                check(value)

    check(DOCUMENT)


def test_every_example_fits_its_schema() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        for example in message["examples"]:
            for part, schema in (("headers", message["headers"]), ("payload", message["payload"])):
                whole = {**schema, "components": DOCUMENT["components"]}
                jsonschema.Draft202012Validator(whole).validate(example[part])
