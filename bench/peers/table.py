"""The results as a table for people."""

from __future__ import annotations

BARS = {"numpy": 15.0, "jax": 8.0, "mesa": 1000.0, "c": 1.0}
"""Least ratios of time to technopole's that the project wants to reach."""


def compare_bars(report: dict) -> dict[str, dict]:
    """Ratios to technopole by bar and shape, of wall time and of the processors' time."""
    ours, bars = report["peers"].get("technopole", {}).get("shapes", {}), {}
    for name, least in BARS.items():
        shapes = report["peers"].get(name, {}).get("shapes", {})
        bars[name] = {
            "least": least,
            "wall": {shape: round(shapes[shape]["ns"] / ours[shape]["ns"], 2) for shape in shapes},
            "cpu": {shape: round(shapes[shape]["cpu_ns"] / ours[shape]["cpu_ns"], 2) for shape in shapes},
        }
    return bars


def _rows(report: dict, shape: str) -> list[list[str]]:
    peers = report["peers"]
    base = (
        peers.get("technopole", {}).get("shapes", {}).get(shape, {"ns": float("nan"), "cpu_ns": float("nan")})
    )
    rows = []
    for peer in peers.values():
        measured = peer.get("shapes", {}).get(shape)
        if measured:
            rows.append([
                peer["label"], str(peer["threads"]), f"{measured['ns']:,.1f}", f"{measured['ns'] / base['ns']:,.2f}",
                f"{measured['cpu_ns']:,.1f}", f"{measured['cpu_ns'] / base['cpu_ns']:,.2f}",
                f"{1e3 / measured['ns']:,.2f}", f"{measured['memory_mib']:,.0f}",
                f"{peer['cold_start_s']:.1f}", f"{measured['worlds']} x {measured['periods']}",
            ])  # fmt: skip
    return rows


def format_rows(header: list[str], rows: list[list[str]]) -> str:
    """Align the columns: the first to the left, the others to the right."""
    widths = [max(len(row[j]) for row in [header, *rows]) for j in range(len(header))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(widths[j + 1]) for j, cell in enumerate(row[1:]))])
        for row in [header, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def format_table(report: dict) -> str:
    """All shapes, what did not run and why, and the engines with models of their own."""
    header = ["", "threads", "ns", "ratio", "CPU ns", "ratio", "M/s", "MiB", "start s", "worlds x periods"]
    parts = [
        "ns per firm and period, wall and CPU, each with its ratio to technopole; million firm-periods per second;\n"
        "peak memory; seconds from nothing to a first result, compilation included. "
        f"Load {report['load_at_start']} to {report['load_at_end']}."
    ]
    shapes = {shape: None for peer in report["peers"].values() for shape in peer.get("shapes", {})}
    for shape in shapes:
        parts.append(
            f"{shape.replace(' x ', ' cells x ')} firms\n" + format_rows(header, _rows(report, shape))
        )
    lines = [
        f"{report['peers'][name]['label']} at least {bar['least']:g}: wall "
        + ", ".join(f"{ratio:,.2f}" for ratio in bar["wall"].values())
        for name, bar in report.get("bars", {}).items()
        if bar["wall"]
    ]
    if lines:
        parts.append("Bars\n" + "\n".join(lines))
    absent = [f"{p['label']}: {p['status']}" for p in report["peers"].values() if p["status"] != "passed"]
    rows = []
    for name, anchor in report["anchors"].items():
        if "wall" in anchor:
            per_step = anchor["wall"] / anchor["agents"] / anchor["steps"] * 1e9
            rows.append([anchor["version"], anchor["model"], f"{anchor['agents']:,}", f"{per_step:,.1f}"])
        else:
            absent.append(f"{name}: {anchor['status']}")
    if rows:
        parts.append("Other models\n" + format_rows(["", "model", "agents", "ns per agent and step"], rows))
    if absent:
        parts.append("Not measured\n" + "\n".join(absent))
    return "\n\n".join(parts)
