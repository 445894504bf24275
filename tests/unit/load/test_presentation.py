"""The table, the ratios and the plot."""

import xml.etree.ElementTree as ET
from dataclasses import replace

from load.measurement import Result
from load.plot import plot
from load.table import answers, cpu_table, ratios, table

OURS = Result("taskmesh", "32 conn", 10.0, 20_000, 3, 2000.0, 10.0, 15.0, 25.0, 40.0, 80.0, {"201": 20_000, "503": 3})
DIRECT = replace(OURS, target="direct", per_second=2500.0, p50=8.0, p99=50.0, refused=0, answers={"201": 25_000})


def test_the_table_has_a_line_a_result_and_its_columns_meet() -> None:
    head, first, second = table([OURS, DIRECT]).splitlines()
    assert head.split()[:3] == ["target", "pace", "accepted/s"]
    assert first.split() == ["taskmesh", "32", "conn", "2,000.0", "10.0", "15.0", "25.0", "40.0", "80.0", "3"]
    assert len(head) == len(first) == len(second)


def test_every_yardstick_gives_a_ratio() -> None:
    other_pace = replace(DIRECT, pace="1 conn")
    assert ratios([OURS, DIRECT, other_pace]) == [
        "32 conn: taskmesh / direct = 0.80 of the throughput, 1.25 of p50, 0.50 of p99"
    ]
    assert ratios([OURS, replace(DIRECT, per_second=0.0)])[0].startswith("32 conn: taskmesh / direct = - of")


def test_cpu_is_shown_of_whom_it_is_known() -> None:
    assert cpu_table([OURS]) == ""
    ours = replace(OURS, cpu={"gateway": 150.4, "postgres": 90.0})
    head, first, second = cpu_table([ours, replace(DIRECT, cpu={"direct": 200.0, "postgres": 80.0})]).splitlines()
    assert head.split()[-3:] == ["gateway", "postgres", "direct"]
    assert first.split()[-3:] == ["150", "90", "-"]
    assert second.split()[-3:] == ["-", "80", "200"]


def test_answers_are_told_where_they_differ() -> None:
    assert answers([OURS, DIRECT]) == ["taskmesh 32 conn was answered 20,000 times with 201, 3 times with 503"]


def test_the_plot_has_a_line_a_percentile_and_target_and_needs_nothing_else() -> None:
    page = plot("create: a <b> & c", [OURS, replace(OURS, per_second=100.0), DIRECT])
    drawing = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])
    lines = drawing.findall("polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 2, 2, 1, 1, 1]
    assert "a &lt;b&gt; &amp; c" in page
    assert "src=" not in page
    assert "href=" not in page


def test_the_plot_of_nothing_says_so() -> None:
    assert "nothing was accepted" in plot("create", [replace(OURS, accepted=0)])
