from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from chassis.outbox import LANES, lane


@given(st.uuids())
def test_an_aggregate_stays_in_its_lane(aggregate_id: UUID) -> None:
    assert lane(aggregate_id) == lane(UUID(str(aggregate_id)))
    assert 0 <= lane(aggregate_id) < LANES


def test_ids_made_in_a_row_spread_over_every_lane() -> None:
    """UUIDv7 begins with the time, so it must be the end that decides."""
    busy = Counter(lane(uuid7()) for _ in range(LANES * 200))
    assert set(busy) == set(range(LANES))
    assert max(busy.values()) < 400
