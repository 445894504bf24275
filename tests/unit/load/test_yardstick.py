from load.profile import summary
from load.statement import CREATE, for_pgbench
from load.yardstick import pgbench_result


def test_pgbench_gets_the_same_statement_without_parameters() -> None:
    statement = for_pgbench("00000000-0000-0000-0000-000000000001")
    assert "$" not in statement
    assert statement.count(";") == 1
    assert statement.splitlines()[3:] == (CREATE.strip() + ";").splitlines()[3:]


def test_the_log_of_pgbench_gives_percentiles() -> None:
    lines = [f"0 {number} {number * 1000} 0 1790000000 0" for number in range(1, 101)]
    result = pgbench_result(lines, "8 conn", 2.0)
    assert (result.accepted, result.per_second) == (100, 50.0)
    assert (round(result.p50), round(result.p99)) == (50, 99)


def test_a_profile_says_where_the_samples_were_and_beneath_whom() -> None:
    head, first, second, third = summary(["main;handle;encode 30", "main;handle 10"]).splitlines()
    assert head.split() == ["own", "with", "callees", "function"]
    assert first.split() == ["75.0%", "75.0%", "encode"]
    assert second.split() == ["25.0%", "100.0%", "handle"]
    assert third.split() == ["0.0%", "100.0%", "main"]
    assert summary([]) == "no samples: it did nothing"
