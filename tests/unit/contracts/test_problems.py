import json

import pytest

from contracts import problems
from contracts.problems import INTERNAL, PROBLEMS, FieldError, Problem, ProblemType

AGREED = {
    400: {
        "malformed-request",
        "malformed-json",
        "invalid-parameter",
        "unknown-parameter",
        "invalid-cursor",
        "empty-patch",
        "invalid-idempotency-key",
        "invalid-or-expired-token",
    },
    401: {"unauthenticated", "invalid-token", "token-expired", "invalid-credentials", "invalid-refresh-token"},
    403: {"forbidden", "insufficient-scope", "current-password-incorrect"},
    404: {"not-found", "user-not-found"},
    405: {"method-not-allowed"},
    406: {"not-acceptable"},
    408: {"request-timeout"},
    409: {
        "username-taken",
        "email-taken",
        "already-shared",
        "quota-exceeded",
        "email-already-verified",
        "too-many-webhooks",
        "webhook-disabled",
        "idempotency-in-progress",
    },
    410: {"cursor-expired"},
    412: {"precondition-failed"},
    413: {"payload-too-large"},
    414: {"uri-too-long"},
    415: {"unsupported-media-type"},
    416: {"range-not-satisfiable"},
    422: {"validation-failed", "unknown-field", "idempotency-key-reused"},
    428: {"precondition-required"},
    429: {"rate-limited"},
    431: {"headers-too-large"},
    500: {"internal"},
    503: {"broker-unavailable", "database-unavailable", "overloaded", "service-unavailable"},
    504: {"outcome-unknown", "deadline-exceeded"},
}
CONSTANTS = {name: value for name, value in vars(problems).items() if isinstance(value, ProblemType)}


def test_every_problem_has_the_status_that_was_agreed() -> None:
    agreed = {code: status for status, codes in AGREED.items() for code in codes}
    assert {code: problem.status for code, problem in PROBLEMS.items()} == agreed


def test_every_constant_has_a_code_of_its_own() -> None:
    assert len({problem.code for problem in CONSTANTS.values()}) == len(CONSTANTS)
    assert {problem.code for problem in CONSTANTS.values()} == set(PROBLEMS)


@pytest.mark.parametrize(("name", "problem"), CONSTANTS.items())
def test_a_constant_is_named_like_its_code(name: str, problem: ProblemType) -> None:
    assert problem.code == name.lower().replace("_", "-")


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=lambda problem: problem.code)
def test_every_problem_is_explained_in_whole_sentences(problem: ProblemType) -> None:
    assert not problem.title.endswith(".")
    assert problem.explanation.endswith(".")


def test_only_a_no_that_time_cannot_change_is_kept() -> None:
    not_kept = {problem.status for problem in PROBLEMS.values() if not problem.kept}
    assert not_kept == {401, 403, 429, 500, 503, 504}


@pytest.mark.parametrize("kind", PROBLEMS.values(), ids=lambda problem: problem.code)
def test_a_problem_travels_by_its_code(kind: ProblemType) -> None:
    problem = Problem(
        type=kind,
        detail="too long",
        errors=(FieldError(pointer="#/title", code="string_too_long", detail="too long"),),
        facts={"current_etag": '"3"', "retry_after": 1},
    )
    sent = problem.model_dump_json()
    assert json.loads(sent)["type"] == kind.code
    assert Problem.model_validate_json(sent) == problem


def test_a_code_that_this_release_does_not_know_is_a_defect() -> None:
    assert Problem.model_validate_json('{"type": "invented-later"}') == Problem(type=INTERNAL)
