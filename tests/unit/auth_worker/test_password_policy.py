import pytest

from auth_worker.password_policy import MAX_LENGTH, Policy, weaknesses
from contracts.problems import FieldError

STRONG = "Correct-Horse-7-Battery"


def codes(password: str, policy: Policy = "classic") -> list[str]:
    found = weaknesses(password, policy=policy, username="grace", email="hopper@example.org")
    return [error.code for error in found]


@pytest.mark.parametrize(
    ("password", "policy"),
    [
        (STRONG, "classic"),
        ("Tr0ub4dor&3xy", "classic"),
        ("Žluťoučký-kůň-7", "classic"),
        ("Ab1 " * 5 + "!vLq", "classic"),
        ("a" * 3 + "Qz9!" + "k2-Lw" * 24, "classic"),
        ("seven plants want water", "nist"),
        ("水をやる植物が七つある庭の話です", "nist"),
    ],
)
def test_a_good_password_has_no_weakness(password: str, policy: Policy) -> None:
    assert codes(password, policy) == []


@pytest.mark.parametrize(
    ("password", "policy", "expected"),
    [
        ("", "classic", ["password_length"]),
        ("Sh0rt!pass", "classic", ["password_length"]),
        ("Correct-Horse7"[:11], "classic", ["password_length"]),
        ("Aa1!" * 33, "classic", ["password_length"]),
        ("fourteen chars", "nist", ["password_length"]),
        ("correct-horse-7-battery", "classic", ["password_composition"]),
        ("CORRECT-HORSE-7-BATTERY", "classic", ["password_composition"]),
        ("Correct-Horse-x-Battery", "classic", ["password_composition"]),
        ("Correct7Horse7Battery", "classic", ["password_composition"]),
        ("Correct 7 Horse Battery", "classic", ["password_composition"]),
        ("My-Grace-Is-7-Years", "classic", ["password_personal"]),
        ("xx-HOPPER@example.org-7", "classic", ["password_personal"]),
        ("Whopper-7-Battery-x", "classic", ["password_personal"]),
        ("Password123!", "classic", ["password_common"]),
        ("Qwertyuiop1!", "classic", ["password_common"]),
        ("aaaaaaaaaaaaaaaaaaaa", "nist", ["password_common"]),
        ("gracegracegracegrace", "classic", ["password_composition", "password_personal"]),
    ],
)
def test_a_weak_password_is_told_why(password: str, policy: Policy, expected: list[str]) -> None:
    assert codes(password, policy) == expected


def test_what_is_missing_is_named() -> None:
    assert weaknesses("correcthorsebattery", policy="classic", username="grace", email="hopper@example.org") == [
        FieldError(
            pointer="#/password",
            code="password_composition",
            detail="must hold an upper-case letter, a digit, a special character",
        )
    ]


def test_the_longest_password_is_rated_in_a_moment() -> None:
    """zxcvbn's time grows much faster than the text, so it is shown the beginning alone."""
    assert codes("Qz9!kLw-" * (MAX_LENGTH // 8)) == []


def test_a_name_of_two_letters_may_be_part_of_a_password() -> None:
    assert weaknesses("Correct-Horse-7-Battery", policy="classic", username="or", email="te@example.org") == []
