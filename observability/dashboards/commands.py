from observability.dashboards.panels import COUNT, PER_SECOND, SECONDS, board, graph

_COMMANDS = "taskmesh_command_duration_seconds"
_AGE = "taskmesh_message_age_seconds_bucket"
_PROCESS = "messaging_process_duration_seconds"

COMMANDS = board(
    "commands",
    "Taskmesh / Commands and queries",
    [
        graph("Rate", PER_SECOND, {"{{command}}": f"sum by (command) (rate({_COMMANDS}_count[5m]))"}),
        graph(
            "Not answered yes or no",
            PER_SECOND,
            {
                "{{command}} {{outcome}}": (
                    f'sum by (command, outcome) (rate({_COMMANDS}_count{{outcome!~"ok|refused"}}[5m]))'
                )
            },
            why="unavailable: nothing was done. unknown: nobody knows yet. failed: a defect.",
        ),
        graph(
            "Round trip, 99th percentile",
            SECONDS,
            {"{{command}}": f"histogram_quantile(0.99, sum by (command, le) (rate({_COMMANDS}_bucket[5m])))"},
            exemplars=True,
        ),
        graph(
            "Round trip, median",
            SECONDS,
            {"{{command}}": f"histogram_quantile(0.5, sum by (command, le) (rate({_COMMANDS}_bucket[5m])))"},
        ),
        graph(
            "Waiting in the queue, 95th percentile",
            SECONDS,
            {
                "{{messaging_destination_name}}": (
                    f"histogram_quantile(0.95, sum by (messaging_destination_name, le) (rate({_AGE}[5m])))"
                )
            },
        ),
        graph(
            "Processing, 95th percentile",
            SECONDS,
            {"{{message_type}}": f"histogram_quantile(0.95, sum by (message_type, le) (rate({_PROCESS}_bucket[5m])))"},
            exemplars=True,
        ),
        graph("Waiting for a reply", COUNT, {"{{instance}}": "sum by (instance) (taskmesh_pending_requests)"}),
        graph("Replies that came too late", PER_SECOND, {"late": "sum(rate(taskmesh_stray_replies_total[5m]))"}),
    ],
)
