from observability.dashboards.panels import BYTES, COUNT, PER_SECOND, SECONDS, SHARE, board, graph

_OF_POD = "{{service}} {{instance}}"

PLATFORM = board(
    "platform",
    "Taskmesh / Platform",
    [
        graph("Up", COUNT, {"{{service}}": 'sum by (service) (up{service!=""})'}),
        graph("CPU", SHARE, {_OF_POD: 'sum by (service, instance) (rate(process_cpu_seconds_total{service!=""}[5m]))'}),
        graph("Memory", BYTES, {_OF_POD: 'sum by (service, instance) (process_resident_memory_bytes{service!=""})'}),
        graph(
            "Lag of the event loop", SECONDS, {_OF_POD: "max by (service, instance) (taskmesh_event_loop_lag_seconds)"}
        ),
        graph("Tasks of the event loop", COUNT, {_OF_POD: "max by (service, instance) (taskmesh_event_loop_tasks)"}),
        graph(
            "Connections to Postgres",
            COUNT,
            {
                "{{service}} {{state}}": "sum by (service, state) (db_client_connection_count)",
                "{{service}} at most": "sum by (service) (db_client_connection_max)",
            },
        ),
        graph(
            "Waiting for a connection, 95th percentile",
            SECONDS,
            {
                "{{service}}": (
                    "histogram_quantile(0.95, sum by (service, le) "
                    "(rate(db_client_connection_wait_time_seconds_bucket[5m])))"
                )
            },
        ),
        graph(
            "Waiting for a connection now",
            COUNT,
            {"{{service}}": "sum by (service) (db_client_connection_pending_requests)"},
        ),
        graph("Replication lag of Postgres", SECONDS, {"{{pod}}": "max by (pod) (cnpg_pg_replication_lag)"}),
        graph(
            "Replicas and their maximum",
            COUNT,
            {
                "{{horizontalpodautoscaler}}": 'kube_horizontalpodautoscaler_status_current_replicas{namespace="taskmesh"}',
                "{{horizontalpodautoscaler}} at most": (
                    'kube_horizontalpodautoscaler_spec_max_replicas{namespace="taskmesh"}'
                ),
            },
        ),
        graph(
            "Kept from the CPU",
            SHARE,
            {
                "{{pod}}": (
                    'sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{namespace="taskmesh"}[5m])) '
                    '/ sum by (pod) (rate(container_cpu_cfs_periods_total{namespace="taskmesh"}[5m]))'
                )
            },
        ),
        graph(
            "Connections in the mesh, by their security",
            PER_SECOND,
            {
                "{{source_workload}} {{connection_security_policy}}": (
                    "sum by (source_workload, connection_security_policy) (rate(istio_tcp_connections_opened_total"
                    '{reporter="destination",destination_workload_namespace="taskmesh"}[5m]))'
                )
            },
        ),
        graph("Configuration that proxies refuse", PER_SECOND, {"rejected": "sum(rate(pilot_total_xds_rejects[5m]))"}),
    ],
)
