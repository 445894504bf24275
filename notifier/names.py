"""Where names stand in an event and in its row of the activity log, and what is there once they are erased. No I/O.

Migration 0011 erases by the same patterns; the audit finds out where the two differ.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from chassis.cloudevents import CloudEvent
from contracts.people import OF_CLOSED

_PERSON = re.compile(r'"id":"([0-9a-f-]{36})","username":"([^"]*)"')
_TEXT = r'(?:null|"(?:[^"\\]|\\.)*")'
_DISPLAY_NAME = re.compile(rf'"display_name":\{{"old":{_TEXT},"new":{_TEXT}\}}')
_OF_HIM = re.compile(r"^(Created the account|A log-in to|A session of) \S+")
_LET_HIM = re.compile(r"^Let \S+")
_WITH_HIM = re.compile(r" with [\w.-]+\Z", re.ASCII)


def people_in(data: str) -> set[UUID]:
    return {UUID(person) for person, _ in _PERSON.findall(data)}


def without_usernames(data: str, people: Collection[UUID] | None) -> str:
    """None: nobody's."""

    def erased(found: re.Match[str]) -> str:
        stays = people is not None and UUID(found[1]) not in people
        return found[0] if stays else f'"id":"{found[1]}","username":"{OF_CLOSED}"'

    return _PERSON.sub(erased, data)


def anonymous(event: CloudEvent, people: Collection[UUID]) -> CloudEvent:
    body = without_usernames(event.body, people)
    return event if body == event.body else replace(event, body=body, data=orjson.loads(body))


def without_names(row: Mapping[str, Any], people: Collection[UUID] | None) -> dict[str, Any]:
    """What an erasure of these people leaves of a row. None: of everybody."""

    def erased(person: UUID) -> bool:
        return people is None or person in people

    left = {**row, "data": without_usernames(row["data"], people)}
    if row["actor_id"] is not None and erased(row["actor_id"]):
        left["actor_username"] = OF_CLOSED
    if row["resource_type"] == "user" and erased(row["resource_id"]):
        left["summary"] = _OF_HIM.sub(rf"\1 {OF_CLOSED}", row["summary"])
        for column in ("changes", "data"):
            left[column] = _DISPLAY_NAME.sub('"display_name":{"old":null,"new":null}', left[column])
    if row["resource_type"] == "share" and erased(row["resource_id"]):
        left["summary"] = _WITH_HIM.sub(f" with {OF_CLOSED}", _LET_HIM.sub(f"Let {OF_CLOSED}", row["summary"]))
    return left


def is_erased(row: Mapping[str, Any], closed: frozenset[UUID]) -> bool:
    """Whether it is what an erasure of people with closed accounts leaves, and of nobody else."""
    people = {UUID(person) for person, name in _PERSON.findall(row["data"]) if name == OF_CLOSED}
    return bool(people) and people <= closed and without_names(row, people) == row
