from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class CloudEventDocument(BaseModel):
    """CloudEvents 1.0 in JSON. `data` is the same bytes on every channel."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    dataschema: str | None = None
    sequence: Annotated[str, Field(description="The version of what changed, in 20 digits.")]
    partitionkey: str | None = None
    traceparent: str | None = None
    position: Annotated[str, Field(description="The place in the feed, in 20 digits.")]
    data: dict[str, Any]
