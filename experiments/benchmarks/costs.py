"""What our program costs by itself: against the number of replicas, and against batch, window, width and series."""

from measure import Worker, caches, enough, summary, workspace

BLOCKS = 3


def cost(config, cache, options, *, seconds, limit):
    """Seconds a step in a few blocks, the seconds of the first step, the peak memory, and the size of the series."""
    with Worker("ours", config, options, environment=caches(cache), limit=limit) as worker:
        first = worker.started()["first_step"]
        steps = enough(worker, seconds)
        taken = [worker.ask("advance", steps)["seconds"] / steps for _ in range(BLOCKS)]
        return {
            "seconds_per_step": summary(taken),
            "first_step": first,
            "flops": worker.ask("flops")["flops"],
            "peak_gib": worker.ask("peak")["gib"],
            "series_gib": worker.ask("series")["gib"],
        }


def replicas(cfg, counts, *, seconds, limit):
    """The cost of one step of each number of replicas at once."""
    with workspace(cfg) as (config, cache):
        return [
            {"replicas": count, **cost(config, cache, {"replicas": count}, seconds=seconds, limit=limit)}
            for count in counts
        ]


def scaling(compose, axes, *, seconds, limit):
    """For each axis and value, the cost of a step of `compose(overrides)` on a simulated series."""
    rows = []
    for axis, points in axes.items():
        for point in points:
            with workspace(compose(point["overrides"])) as (config, cache):
                found = cost(config, cache, {"series": point["series"]}, seconds=seconds, limit=limit)
            rows.append({"axis": axis, "value": point["value"], "series": list(point["series"]), **found})
    return rows


UNITS = {"batch": "batch, windows", "window": "window, days", "width": "width, channels", "series": "series, days"}


def draw(rows, path):
    """Time and memory against each axis, beside the work: straight lines of equal slope mean equal growth."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    axes = list(dict.fromkeys(row["axis"] for row in rows))
    figure = Figure(figsize=(4 * len(axes), 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, plot in zip(axes, figure.subplots(1, len(axes), squeeze=False)[0], strict=True):
        part = [row for row in rows if row["axis"] == axis and row["series"][1] == rows[0]["series"][1]]
        values = [row["value"] for row in part]
        for label, found in {
            "time a step": [row["seconds_per_step"]["median"] for row in part],
            "matrix products": [row["flops"] for row in part],
            "peak memory": [row["peak_gib"] for row in part],
        }.items():
            plot.loglog(values, [y / found[0] for y in found], marker="o", label=label)
        plot.set(xlabel=UNITS[axis], title=f"relative to {axis} {values[0]:,}")
        plot.set_xticks(values, [f"{x:,}" if x < 10**4 else f"1e{len(str(x)) - 1}" for x in values])
        plot.minorticks_off()
        plot.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        plot.yaxis.set_major_formatter("{x:g}x")
        plot.set_ylim(bottom=0.5, top=max(4.0, plot.get_ylim()[1]))
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)
