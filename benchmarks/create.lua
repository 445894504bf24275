-- For those who bring wrk: TOKEN=... wrk -t2 -c32 -d30s --latency -s benchmarks/create.lua http://127.0.0.1:8080
-- The stack must run without rate limits: RATE_LIMITS=off ./taskmesh up --detach
wrk.method = "POST"
wrk.path = "/v1/tasks"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. assert(os.getenv("TOKEN"), "TOKEN holds the access token")
wrk.body = '{"title": "What wrk writes", "description": "What has to be done every week.", "priority": "medium", "tags": ["load"]}'

function done(summary, latency, requests)
  io.write(string.format("p50 %.1f ms  p99 %.1f ms  answered with an error: %d\n",
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
