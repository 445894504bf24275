from observability.dashboards.panels import COUNT, PER_SECOND, SECONDS, SHARE, board, graph, number

_API = 'service="gateway",http_route!~"/|/health|/version|/livez|/readyz|/v1/events/stream"'
_REQUESTS = "http_server_request_duration_seconds"
_ERRORS = "service:http_server_errors_per_requests:ratio_rate"

SERVICE_LEVEL = board(
    "service-level",
    "Taskmesh / Service level",
    [
        number("Available, last hour", SHARE, f"1 - {_ERRORS}1h"),
        number(
            "Error budget left, by the last 3 days",
            SHARE,
            f"1 - {_ERRORS}3d / 0.001",
            why="1 is all of it; below 0 more than 0.1 % of the answers were failures.",
        ),
        number("Answers a second", PER_SECOND, f"sum(rate({_REQUESTS}_count{{{_API}}}[5m]))"),
        number("Being answered", COUNT, "sum(http_server_active_requests)"),
        graph(
            "How fast the budget burns",
            COUNT,
            {window: f"{_ERRORS}{window} / 0.001" for window in ("5m", "1h", "6h", "3d")},
            why="1 uses it up in 30 days. TaskmeshErrorBudgetBurnsFast fires at 14.4 (1 h) and 6 (6 h).",
        ),
        graph(
            "Answers by status",
            PER_SECOND,
            {
                "{{http_response_status_code}}": (
                    f"sum by (http_response_status_code) (rate({_REQUESTS}_count{{{_API}}}[5m]))"
                )
            },
        ),
        graph(
            "Duration",
            SECONDS,
            {
                f"p{quantile}": (
                    f"histogram_quantile(0.{quantile}, sum by (le) (rate({_REQUESTS}_bucket{{{_API}}}[5m])))"
                )
                for quantile in (50, 95, 99)
            },
            exemplars=True,
        ),
        graph(
            "95th percentile by route",
            SECONDS,
            {
                "{{http_request_method}} {{http_route}}": (
                    "histogram_quantile(0.95, sum by (http_request_method, http_route, le) "
                    f"(rate({_REQUESTS}_bucket{{{_API}}}[5m])))"
                )
            },
        ),
        graph("What runs", COUNT, {"{{service}} {{version}}": "count by (service, version) (taskmesh_build_info)"}),
        graph(
            "Failures, stable and canary",
            PER_SECOND,
            {"{{track}}": f'sum by (track) (rate({_REQUESTS}_count{{{_API},http_response_status_code=~"5.."}}[5m]))'},
        ),
    ],
)
