from observability.dashboards.panels import COUNT, PER_SECOND, SECONDS, board, graph

_NAME = "messaging_destination_name"

MESSAGING = board(
    "messaging",
    "Taskmesh / Messaging",
    [
        graph(
            "Ready",
            COUNT,
            {"{{queue}}": 'max by (queue) (rabbitmq_detailed_queue_messages_ready{queue!~"gateway[.].+"})'},
            why="The leader of a quorum queue reports it; two nodes may do so for a moment, hence max.",
        ),
        graph(
            "Delivered and not settled",
            COUNT,
            {"{{queue}}": 'max by (queue) (rabbitmq_detailed_queue_messages_unacked{queue!~"gateway[.].+"})'},
        ),
        graph(
            "Consumers",
            COUNT,
            {"{{queue}}": 'max by (queue) (rabbitmq_detailed_queue_consumers{queue!~"gateway[.].+"})'},
        ),
        graph(
            "Taken off a queue",
            PER_SECOND,
            {f"{{{{{_NAME}}}}}": f"sum by ({_NAME}) (rate(messaging_client_consumed_messages_total[5m]))"},
        ),
        graph(
            "Published, by what the broker said",
            PER_SECOND,
            {
                f"{{{{{_NAME}}}}} {{{{outcome}}}}": (
                    f"sum by ({_NAME}, outcome) (rate(messaging_client_sent_messages_total[5m]))"
                )
            },
        ),
        graph(
            "Age when the work begins, 95th percentile",
            SECONDS,
            {
                f"{{{{{_NAME}}}}}": (
                    f"histogram_quantile(0.95, sum by ({_NAME}, le) (rate(taskmesh_message_age_seconds_bucket[5m])))"
                )
            },
        ),
        graph("Outbox", COUNT, {"{{service}}": "max by (service) (taskmesh_outbox_pending)"}),
        graph(
            "Age of the oldest in the outbox",
            SECONDS,
            {"{{service}}": "max by (service) (taskmesh_outbox_oldest_pending_age_seconds)"},
        ),
        graph(
            "Out of the outbox",
            PER_SECOND,
            {"{{service}}": "sum by (service) (rate(taskmesh_outbox_published_total[5m]))"},
        ),
        graph(
            "Delivered again, and known",
            PER_SECOND,
            {f"{{{{{_NAME}}}}}": f"sum by ({_NAME}) (rate(taskmesh_inbox_duplicates_total[5m]))"},
            why="Whose effect was there already: a killed worker, a lost reply.",
        ),
        graph(
            "Retried later, or parked",
            PER_SECOND,
            {
                f"{{{{{_NAME}}}}} {{{{reason}}}}": f"sum by ({_NAME}, reason) (rate(taskmesh_messages_set_aside_total[5m]))"
            },
        ),
        graph(
            "Connections",
            COUNT,
            {"{{service}} {{connection}}": "min by (service, connection) (taskmesh_broker_up)"},
            why="1 is up, and answers.",
        ),
        graph(
            "The broker's own count",
            PER_SECOND,
            {
                "confirmed": "sum(rate(rabbitmq_global_messages_confirmed_total[5m]))",
                "delivered again": "sum(rate(rabbitmq_global_messages_redelivered_total[5m]))",
                "unroutable": "sum(rate(rabbitmq_global_messages_unroutable_returned_total[5m]))",
            },
        ),
        graph(
            "Alarms of the broker",
            COUNT,
            {
                "memory": "max(rabbitmq_alarms_memory_used_watermark)",
                "disk": "max(rabbitmq_alarms_free_disk_space_watermark)",
            },
        ),
    ],
)
