"""Every way of saying no, declared once: the stable code, its HTTP status and what it means."""

from typing import Any

from pydantic import Field, model_serializer, model_validator

from contracts.message import Model


class ProblemType(Model):
    code: str
    status: int
    title: str
    explanation: str

    @property
    def kept(self) -> bool:
        """Whether asking again with the same Idempotency-Key gives the same no: the caller's right may change."""
        return self.status < 500 and self.status not in (401, 403, 429)


class FieldError(Model):
    """`pointer` is a JSON pointer into the request body, such as `#/title`."""

    pointer: str
    code: str
    detail: str


PROBLEMS: dict[str, ProblemType] = {}


def _declare(code: str, status: int, title: str, explanation: str) -> ProblemType:
    PROBLEMS[code] = ProblemType(code=code, status=status, title=title, explanation=explanation)
    return PROBLEMS[code]


MALFORMED_REQUEST = _declare(
    "malformed-request",
    400,
    "Malformed request",
    "The request is not valid HTTP/1.1, so it was not looked at.",
)
MALFORMED_JSON = _declare(
    "malformed-json",
    400,
    "Malformed JSON",
    "The body is not one strict JSON value: no duplicate members, NaN, byte order mark, NUL or lone surrogates, at most 32 levels.",
)
INVALID_PARAMETER = _declare(
    "invalid-parameter",
    400,
    "Invalid query parameter",
    "A query parameter has a value that it cannot have.",
)
UNKNOWN_PARAMETER = _declare(
    "unknown-parameter",
    400,
    "Unknown query parameter",
    "This operation has no such query parameter.",
)
INVALID_CURSOR = _declare(
    "invalid-cursor",
    400,
    "Invalid cursor",
    "The cursor was not made by this server for this list with these filters.",
)
EMPTY_PATCH = _declare(
    "empty-patch",
    400,
    "Empty patch",
    "A patch must name at least one member.",
)
INVALID_IDEMPOTENCY_KEY = _declare(
    "invalid-idempotency-key",
    400,
    "Invalid Idempotency-Key",
    "An Idempotency-Key is 1 to 128 visible ASCII characters, quoted or bare.",
)
INVALID_OR_EXPIRED_TOKEN = _declare(
    "invalid-or-expired-token",
    400,
    "Invalid or expired token",
    "The token of this mail was used before, is too old, or was never sent: ask for another mail.",
)
UNAUTHENTICATED = _declare(
    "unauthenticated",
    401,
    "Not authenticated",
    "This operation needs a bearer token.",
)
INVALID_TOKEN = _declare(
    "invalid-token",
    401,
    "Invalid token",
    "The bearer token was not issued by this server, or has been changed, or its session has ended.",
)
TOKEN_EXPIRED = _declare(
    "token-expired",
    401,
    "Token expired",
    "The bearer token was valid and is no longer: refresh it.",
)
INVALID_CREDENTIALS = _declare(
    "invalid-credentials",
    401,
    "Invalid credentials",
    "No account has this name and this password.",
)
INVALID_REFRESH_TOKEN = _declare(
    "invalid-refresh-token",
    401,
    "Invalid refresh token",
    "The refresh token is not of this server, was used before, or its session has ended: log in again.",
)
FORBIDDEN = _declare(
    "forbidden",
    403,
    "Forbidden",
    "The caller may see this, and may not do that to it.",
)
INSUFFICIENT_SCOPE = _declare(
    "insufficient-scope",
    403,
    "Insufficient scope",
    "The token's scopes do not cover this operation.",
)
CURRENT_PASSWORD_INCORRECT = _declare(
    "current-password-incorrect",
    403,
    "Current password incorrect",
    "This change needs the password that the account has now, and another one was given.",
)
NOT_FOUND = _declare(
    "not-found",
    404,
    "Not found",
    "There is nothing here that the caller may see.",
)
USER_NOT_FOUND = _declare(
    "user-not-found",
    404,
    "User not found",
    "No account has this username.",
)
METHOD_NOT_ALLOWED = _declare(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The Allow header lists what this path takes.",
)
NOT_ACCEPTABLE = _declare(
    "not-acceptable",
    406,
    "Not acceptable",
    "The answer is JSON, and the Accept header rules that out.",
)
REQUEST_TIMEOUT = _declare(
    "request-timeout",
    408,
    "Request timeout",
    "The body did not arrive in time.",
)
USERNAME_TAKEN = _declare(
    "username-taken",
    409,
    "Username taken",
    "Another account has this username; capitals make no difference.",
)
EMAIL_TAKEN = _declare(
    "email-taken",
    409,
    "E-mail address taken",
    "Another account has this e-mail address; capitals make no difference.",
)
ALREADY_SHARED = _declare(
    "already-shared",
    409,
    "Already shared",
    "The task is shared with this person already: PUT changes the permission.",
)
QUOTA_EXCEEDED = _declare(
    "quota-exceeded",
    409,
    "Quota exceeded",
    "The task has as many files as it may have, or its owner's space for files is used up.",
)
EMAIL_ALREADY_VERIFIED = _declare(
    "email-already-verified",
    409,
    "E-mail address verified already",
    "There is nothing to send: the address of this account is verified.",
)
IDEMPOTENCY_IN_PROGRESS = _declare(
    "idempotency-in-progress",
    409,
    "Still in progress",
    "A request with this Idempotency-Key is being carried out: ask again shortly.",
)
CURSOR_EXPIRED = _declare(
    "cursor-expired",
    410,
    "Cursor expired",
    "What follows this position is older than the feed: read the tasks anew, and go on without a position.",
)
TOO_MANY_WEBHOOKS = _declare(
    "too-many-webhooks",
    409,
    "Too many webhooks",
    "An account has at most twenty webhooks: remove one first.",
)
WEBHOOK_DISABLED = _declare(
    "webhook-disabled",
    409,
    "Webhook disabled",
    "Nothing is sent to a webhook that is disabled: enable it first.",
)
PRECONDITION_FAILED = _declare(
    "precondition-failed",
    412,
    "Precondition failed",
    "The resource has another version than If-Match names; current_etag has it.",
)
PAYLOAD_TOO_LARGE = _declare(
    "payload-too-large",
    413,
    "Payload too large",
    "The body is larger than this operation takes.",
)
URI_TOO_LONG = _declare(
    "uri-too-long",
    414,
    "URI too long",
    "The request line is longer than this server takes.",
)
UNSUPPORTED_MEDIA_TYPE = _declare(
    "unsupported-media-type",
    415,
    "Unsupported media type",
    "The Content-Type or Content-Encoding is not one that this operation takes.",
)
RANGE_NOT_SATISFIABLE = _declare(
    "range-not-satisfiable",
    416,
    "Range not satisfiable",
    "The file is shorter than the range that was asked for: Content-Range has its length.",
)
VALIDATION_FAILED = _declare(
    "validation-failed",
    422,
    "Validation failed",
    "The body is JSON, and a member of it is not what it must be: errors points at each.",
)
UNKNOWN_FIELD = _declare(
    "unknown-field",
    422,
    "Unknown field",
    "The body has a member that this operation does not know.",
)
IDEMPOTENCY_KEY_REUSED = _declare(
    "idempotency-key-reused",
    422,
    "Idempotency-Key reused",
    "This Idempotency-Key was used for another request.",
)
PRECONDITION_REQUIRED = _declare(
    "precondition-required",
    428,
    "Precondition required",
    "This server wants If-Match on every change.",
)
RATE_LIMITED = _declare(
    "rate-limited",
    429,
    "Too many requests",
    "The limit named in RateLimit-Policy is used up: Retry-After says when to ask again.",
)
HEADERS_TOO_LARGE = _declare(
    "headers-too-large",
    431,
    "Headers too large",
    "The header fields are larger than this server takes.",
)
INTERNAL = _declare(
    "internal",
    500,
    "Internal error",
    "A defect of this server. What was asked for has not been done; request_id helps to find out why.",
)
BROKER_UNAVAILABLE = _declare(
    "broker-unavailable",
    503,
    "Broker unavailable",
    "The message broker is away. Nothing has been done: ask again after Retry-After.",
)
DATABASE_UNAVAILABLE = _declare(
    "database-unavailable",
    503,
    "Database unavailable",
    "The database is away. Nothing has been done: ask again after Retry-After.",
)
OVERLOADED = _declare(
    "overloaded",
    503,
    "Overloaded",
    "Too much is waiting already. Nothing has been done: ask again after Retry-After.",
)
SERVICE_UNAVAILABLE = _declare(
    "service-unavailable",
    503,
    "Service unavailable",
    "The service behind this operation is away. Nothing has been done: ask again after Retry-After.",
)
OUTCOME_UNKNOWN = _declare(
    "outcome-unknown",
    504,
    "Outcome unknown",
    "No answer came in time, and it may still have been done: repeat the request with the same Idempotency-Key, or ask for the command.",
)
DEADLINE_EXCEEDED = _declare(
    "deadline-exceeded",
    504,
    "Deadline exceeded",
    "The time for this request ran out before it was carried out. Nothing has been done.",
)


class Problem(Model):
    """One no, as it travels in a reply: the type by its code, and the facts of this case."""

    type: ProblemType
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()
    facts: dict[str, str | int] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _by_code(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("type"), str):
            return {**data, "type": PROBLEMS.get(data["type"], INTERNAL)}
        return data

    @model_serializer(mode="wrap")
    def _to_code(self, handler: Any) -> dict[str, Any]:
        return {**handler(self), "type": self.type.code}
