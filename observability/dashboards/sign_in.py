from observability.dashboards.panels import COUNT, PER_SECOND, SECONDS, board, graph

_HASH = "taskmesh_password_hash_duration_seconds"
_AUTH = 'http_route=~"/v1/auth/.+"'

SIGN_IN = board(
    "sign-in",
    "Taskmesh / Sign-in and passwords",
    [
        graph(
            "Answers to sign-in",
            PER_SECOND,
            {
                "{{http_route}} {{http_response_status_code}}": (
                    "sum by (http_route, http_response_status_code) "
                    f"(rate(http_server_request_duration_seconds_count{{{_AUTH}}}[5m]))"
                )
            },
            why="401: wrong credentials. 429: a limit is used up. 503: passwords are hashed too slowly.",
        ),
        graph(
            "One hash",
            SECONDS,
            {
                f"p{quantile}": f"histogram_quantile(0.{quantile}, sum by (le) (rate({_HASH}_bucket[5m])))"
                for quantile in (50, 95)
            },
        ),
        graph("Hashes", PER_SECOND, {"{{instance}}": f"sum by (instance) (rate({_HASH}_count[5m]))"}),
        graph(
            "The pool",
            COUNT,
            {
                "threads": "sum(taskmesh_password_hash_pool_workers)",
                "busy": "sum(taskmesh_password_hash_pool_busy)",
                "waiting": "sum(taskmesh_password_hash_pool_queued)",
            },
        ),
        graph(
            "Refused",
            PER_SECOND,
            {
                "{{command}} {{outcome}}": (
                    "sum by (command, outcome) "
                    '(rate(taskmesh_command_duration_seconds_count{command=~"auth[.].+",outcome!="ok"}[5m]))'
                )
            },
        ),
    ],
)
