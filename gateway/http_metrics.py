from prometheus_client import Gauge, Histogram

REQUEST_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "From the end of a request's headers to its answer",
    ["http_request_method", "http_route", "http_response_status_code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ACTIVE_REQUESTS = Gauge("http_server_active_requests", "Requests that are being answered")
