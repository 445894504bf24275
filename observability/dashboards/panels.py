"""The few kinds of panels that our dashboards are made of."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DataSourceRef

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")

SECONDS, SHARE, PER_SECOND, COUNT, BYTES = "s", "percentunit", "reqps", "short", "bytes"


def _queries(lines: Iterable[tuple[str, str]], *, exemplars: bool) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + number)).exemplar(exemplars)
        for number, (legend, expression) in enumerate(lines)
    ]


def graph(title: str, unit: str, lines: dict[str, str], *, why: str = "", exemplars: bool = False) -> timeseries.Panel:
    """`lines` by their legend. `exemplars` are the points that lead to a trace."""
    panel = timeseries.Panel().title(title).description(why).unit(unit).datasource(PROMETHEUS).span(12).height(8).min(0)
    for query in _queries(lines.items(), exemplars=exemplars):
        panel = panel.with_target(query)
    return panel


def number(title: str, unit: str, expression: str, *, why: str = "") -> stat.Panel:
    panel = stat.Panel().title(title).description(why).unit(unit).datasource(PROMETHEUS).span(6).height(4)
    [query] = _queries([("", expression)], exemplars=False)
    return panel.with_target(query)


def board(uid: str, title: str, panels: Iterable[timeseries.Panel | stat.Panel]) -> Dashboard:
    built = (
        Dashboard(title)
        .uid(f"taskmesh-{uid}")
        .tags(["taskmesh"])
        .refresh("30s")
        .time("now-1h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for panel in panels:
        built = built.with_panel(panel)
    return built
