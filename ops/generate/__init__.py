"""`taskmesh generate`: the documents that follow from the code. They are committed, and a test compares them."""

import json
from pathlib import Path

from ops.errors import OpsError
from ops.generate.configuration import write_configuration
from ops.generate.messages import write_messages
from ops.generate.schemas import FOLDER, breaks, write_schemas
from ops.state import ROOT


def documents() -> dict[Path, str]:
    """Every generated text, by its path below the root."""
    return {**write_schemas(), **write_messages(), **write_configuration()}


def schema_breaks() -> list[str]:
    """What the messages as they are would break of the schemas as they were committed."""
    fresh = write_schemas()
    found = []
    for path in sorted((ROOT / FOLDER).glob("*.json")):
        name = FOLDER / path.name
        if name in fresh:
            found += [f"{path.stem}: {each}" for each in breaks(json.loads(path.read_text()), json.loads(fresh[name]))]
        else:
            found.append(f"{path.stem}: the message is gone")
    return found


def main() -> None:
    """Refuses to write a schema that breaks the committed one: that wants a new version of the message."""
    if found := schema_breaks():
        raise OpsError(
            "These messages break what is committed:\n  "
            + "\n  ".join(found)
            + f"\nGive each break a new version of its message. Once nothing sends the old one, delete its file in {FOLDER}."
        )
    for path, text in documents().items():
        file = ROOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
