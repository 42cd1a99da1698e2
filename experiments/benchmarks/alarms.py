"""Precision and recall of the alarms while training, on planted faults: python experiments/benchmarks/alarms.py"""

LOOKS, FAULT, SEEDS = 12, 6, 20  # looks at a run, the first of them with the fault in it, runs
LENGTH, BLOCK, WINDOWS = 32, 128, 256  # days in a window, days that stay together, windows in a look
MARKETS = ("sp500", "sp20", "garch")
HEALTHY = ("half in time", "half of the blocks", "slow start")
FAULTS = {
    "one path": "collapse",
    "ten paths": "collapse",
    "ten paths, 5 % noise": "collapse",
    "shrinking variance": "collapse",
    "growing variance": "divergence",
    "growing gradients": "divergence",
}


def halves(returns, kind, rng):
    """All windows [number, LENGTH, asset] of two halves of a series: its first and last years, or blocks at random."""
    import numpy as np

    if kind == "half in time":
        parts = np.array_split(returns, 2)
        order = [[0], [1]]
    else:
        parts = np.split(returns[: len(returns) // BLOCK * BLOCK], len(returns) // BLOCK)
        order = np.array_split(rng.permutation(len(parts)), 2)
    windows = [np.moveaxis(np.lib.stride_tricks.sliding_window_view(part, LENGTH, axis=0), -1, 1) for part in parts]
    return [np.concatenate([windows[k] for k in half]).astype(np.float32) for half in order]


def generated(kind, half, look, rng):
    """Windows that a generator of this kind emits at a look, spoilt from look FAULT on, and gradient norms."""
    import numpy as np

    late, deviation = max(look - FAULT + 1, 0), half.std(axis=(0, 1))
    kept = {"one path": 1, "ten paths": 10, "ten paths, 5 % noise": 10}.get(kind) if late else None
    chosen = rng.integers(kept, size=WINDOWS) if kept else rng.choice(len(half), WINDOWS, replace=False)
    noise = 0.05 * deviation * rng.normal(size=(WINDOWS, *half.shape[1:])) if kept and "noise" in kind else 0.0
    scale = {
        "shrinking variance": 0.8**late,
        "growing variance": 1.5**late,
        "slow start": min(1.0, 0.05 * 1.4**look),
    }.get(kind, 1.0)
    burst = 10.0**late if kind == "growing gradients" else 1.0
    norms = {f"{player}/grad_norm": burst * float(np.exp(rng.normal(0, 0.7))) for player in ("gen", "disc")}
    return scale * (half[chosen] + noise).astype(np.float32), norms


def raised(kind, returns, seed, spread):
    """The first look of one run at which each alarm is raised."""
    import numpy as np

    from fingan_jax.training import alarms

    rng = np.random.default_rng(seed)
    real, half = halves(returns, kind, rng)
    real, half = (windows[rng.permutation(len(windows))] for windows in (real, half))
    looks, first = [], {}
    for look in range(LOOKS):
        paths, norms = generated(kind, half, look, rng)
        seen = {f"watch/{name}": float(value) for name, value in spread(real[:WINDOWS], paths).items()}
        looks.append({"step": look, **seen, **norms})
        for name, value in alarms.alarms(looks).items():
            if value:
                first.setdefault(name.removeprefix(alarms.KEY), look)
    return first, looks


def measure(spread, returns_of):
    """Rows (kind, market, runs with each alarm, looks until the right one) over all kinds, markets and seeds."""
    import numpy as np

    rows = []
    for market in MARKETS:
        returns = returns_of(market)
        for kind in (*HEALTHY, *FAULTS):
            runs = [raised(kind, returns, seed, spread) for seed in range(SEEDS)]
            counts = {name: sum(name in first for first, _ in runs) for name in ("collapse", "divergence")}
            delays = [first[FAULTS[kind]] - FAULT + 1 for first, _ in runs if FAULTS.get(kind) in first]
            last = {
                key: np.median([looks[-1][f"watch/{key}"] for _, looks in runs]) for key in ("diversity", "nearest")
            }
            rows.append((kind, market, counts, np.median(delays) if delays else None, last))
    return rows


def table(rows):
    """The rows as Markdown, and the precision and recall of both alarms over them."""
    lines = [
        "| generator | market | collapse | divergence | looks until | diversity | nearest |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, market, counts, delay, last in rows:
        cells = [kind, market, *(f"{n}/{SEEDS}" for n in counts.values()), "–" if delay is None else f"{delay:.0f}"]
        lines.append(f"| {' | '.join([*cells, *(f'{value:.2f}' for value in last.values())])} |")
    for name in ("collapse", "divergence"):
        caught = sum(counts[name] for kind, _, counts, _, _ in rows if FAULTS.get(kind) == name)
        wrong = sum(counts[name] for kind, _, counts, _, _ in rows if FAULTS.get(kind) != name)
        planted = SEEDS * sum(FAULTS.get(kind) == name for kind, *_ in rows)
        lines.append(
            f"\n{name}: precision {caught / max(caught + wrong, 1):.3f}, recall {caught / planted:.3f} "
            f"({caught} of {planted} planted, {wrong} raised elsewhere)"
        )
    return "\n".join(lines)


def main():
    """Prints the table."""
    import jax
    from hydra import compose, initialize_config_dir

    from fingan_jax.build import build, config_dir
    from fingan_jax.data.transforms import log_returns
    from fingan_jax.watching import spread

    def returns_of(market):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return log_returns(build(compose("config", overrides=["name=x", f"data={market}"]).data).values)

    print(table(measure(jax.jit(spread), returns_of)))


if __name__ == "__main__":
    main()
