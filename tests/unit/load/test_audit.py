import pytest

from load.audit import Audit, Count


@pytest.mark.parametrize(
    ("accepted", "uncertain", "there", "equal"),
    [
        (5, 0, Count(5, 5, 5), True),
        (5, 0, Count(4, 5, 5), False),
        (5, 0, Count(5, 4, 5), False),
        (5, 0, Count(5, 5, 4), False),
        (5, 0, Count(6, 6, 6), False),
        (5, 1, Count(6, 6, 6), True),
        (5, 1, Count(5, 5, 5), True),
        (5, 1, Count(4, 4, 4), False),
        (5, 1, Count(6, 6, 5), False),
    ],
)
def test_all_four_figures_are_the_same_but_for_what_is_uncertain(
    accepted: int, uncertain: int, there: Count, *, equal: bool
) -> None:
    audit = Audit(accepted, uncertain, there)
    assert audit.equal is equal
    assert ("NOT EQUAL" not in str(audit)) is equal
