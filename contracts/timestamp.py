from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def _rfc_3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Timestamp = Annotated[datetime, PlainSerializer(_rfc_3339, return_type=str, when_used="json")]
"""In UTC and with all six digits, so that as text they sort as they follow each other."""
