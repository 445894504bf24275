from prometheus_client import Gauge, Histogram

HASH_DURATION = Histogram(
    "taskmesh_password_hash_duration_seconds",
    "One argon2id hash",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
HASH_WORKERS = Gauge("taskmesh_password_hash_pool_workers", "Processes that hash passwords")
HASH_BUSY = Gauge("taskmesh_password_hash_pool_busy", "Processes that hash a password now")
HASH_QUEUED = Gauge("taskmesh_password_hash_pool_queued", "Passwords that wait for a process")
