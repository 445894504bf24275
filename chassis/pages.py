"""Replies that are JSON already, and pages whose items nobody reads on their way.

The items of a page stand last on the wire, so that what an asker needs of it is read from what stands before them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

R = TypeVar("R")

_ITEMS = b'"items":'


@dataclass(frozen=True, slots=True)
class Written(Generic[R]):
    """An R as its contract writes it, written by somebody else: by Postgres."""

    body: bytes


def write_page(empty: BaseModel, items: Iterable[str]) -> Written[Any]:
    """The page that is `empty` with these items, each of them JSON."""
    head, _, _ = _split(empty.model_dump_json().encode())
    return Written(b"".join((head, _ITEMS, b"[", ",".join(items).encode(), b"]}")))


def read_page(page: type[R], body: bytes) -> tuple[R, bytes]:
    """The page without its items, and those as JSON."""
    head, _, items = _split(body)
    empty: R = page.model_validate_json(b"".join((head, _ITEMS, b"[]}")))  # type: ignore[attr-defined]
    return empty, items.removesuffix(b"}")


def _split(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Before, at and after the first `"items":`; within a text its quotes would be escaped."""
    return body.partition(_ITEMS)
