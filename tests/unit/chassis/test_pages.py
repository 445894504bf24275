import pytest

from chassis.pages import read_page, write_page
from contracts.catalogue import QUERIES
from contracts.task_lists import TagCount, TagPage, TagPosition

TRAPS = ['"items":[]', '","items":[', "items", '\\"items":', "}]"]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_page_is_parted_and_put_together_whatever_its_texts_look_like(trap: str, count: int) -> None:
    items = tuple(TagCount(tag=trap, count=number) for number in range(count))
    page = TagPage(next=TagPosition(tag=trap), items=items)
    empty = page.model_copy(update={"items": ()})
    body = page.model_dump_json().encode()
    assert write_page(empty, (item.model_dump_json() for item in items)).body == body
    read, shown = read_page(TagPage, body)
    assert read == empty
    assert shown == b"[" + b",".join(item.model_dump_json().encode() for item in items) + b"]"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.wire_name)
def test_the_items_of_every_page_stand_last(query: type) -> None:
    fields = list(getattr(query.reply_type(), "model_fields", ()))  # type: ignore[attr-defined]
    if "next" in fields:
        assert fields.index("items") == len(fields) - 1
