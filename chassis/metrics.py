"""Names follow the OpenTelemetry conventions in their Prometheus form. No label holds an id or a user's text."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

PROCESS_DURATION = Histogram(
    "messaging_process_duration_seconds",
    "From taking a message off its queue to its settlement",
    ["messaging_destination_name", "message_type", "outcome"],
    buckets=_SECONDS,
)
CONSUMED = Counter("messaging_client_consumed_messages", "Messages taken off a queue", ["messaging_destination_name"])
SENT = Counter(
    "messaging_client_sent_messages",
    "Messages published, by what the broker said of them",
    ["messaging_destination_name", "outcome"],
)
MESSAGE_AGE = Histogram(
    "taskmesh_message_age_seconds",
    "From publishing a message to the start of its processing",
    ["messaging_destination_name"],
    buckets=_SECONDS,
)
DUPLICATES = Counter(
    "taskmesh_inbox_duplicates", "Messages whose effect was there already", ["messaging_destination_name"]
)
SET_ASIDE = Counter(
    "taskmesh_messages_set_aside", "Messages retried later or parked", ["messaging_destination_name", "reason"]
)
STRAY_REPLIES = Counter("taskmesh_stray_replies", "Replies that nobody waits for any more")

REQUEST_DURATION = Histogram(
    "taskmesh_command_duration_seconds",
    "Round trip of a command or query as the gateway sees it",
    ["command", "outcome"],
    buckets=_SECONDS,
)
PENDING_REQUESTS = Gauge("taskmesh_pending_requests", "Requests that wait for a reply")

OUTBOX_PENDING = Gauge("taskmesh_outbox_pending", "Messages committed and not yet published, as last seen")
OUTBOX_AGE = Gauge("taskmesh_outbox_oldest_pending_age_seconds", "Age of the oldest of them, as last seen")
OUTBOX_PUBLISHED = Counter("taskmesh_outbox_published", "Messages published from the outbox")

BROKER_UP = Gauge("taskmesh_broker_up", "Whether the connection to the broker is up and answers", ["connection"])
CONSUMER_UP = Gauge("taskmesh_consumer_up", "Whether this process consumes the queue", ["messaging_destination_name"])

DATABASE_WAIT = Histogram(
    "db_client_connection_wait_time_seconds", "Waiting for a connection of the pool", buckets=_SECONDS
)
DATABASE_PENDING = Gauge(
    "db_client_connection_pending_requests", "Who waits for a connection of the pool now", ["pool"]
)
DATABASE_CONNECTIONS = Gauge("db_client_connection_count", "Connections of the pool", ["pool", "state"])
DATABASE_MAX = Gauge("db_client_connection_max", "How many connections the pool may have", ["pool"])
EVENT_LOOP_LAG = Gauge("taskmesh_event_loop_lag_seconds", "How late the event loop runs what is due")
EVENT_LOOP_TASKS = Gauge("taskmesh_event_loop_tasks", "Tasks of the event loop that have not ended")
BUILD = Gauge("taskmesh_build_info", "Always 1; the labels say what runs", ["service", "version"])
