"""Failures planted in honest generators, and the warnings they raise: python experiments/planted.py"""

from fingan_jax.launchers.entry import command


@command("planted")
def main(cfg):
    from pathlib import Path

    from tqdm import tqdm

    from fingan_jax.build import build
    from fingan_jax.evaluation import planted_table as table
    from fingan_jax.evaluation.planted import nothing

    for key in ("seeds", "honest_seeds"):
        if not isinstance(cfg[key], int) or cfg[key] < 1:
            raise ValueError(f"{key}={cfg[key]}: a whole number from 1 on is needed")
    trusted = tuple(cfg.trusted_packages)
    failures, fainter = (build(cfg[key] or {}, trusted_packages=trusted) for key in ("failures", "fainter"))
    scenes = scenes_of(cfg, trusted)
    track = lambda seeds: tqdm(seeds, desc="seed", leave=False, disable=None)
    page, rows = [table.HEAD], []
    for title, planted, seeds, chosen in (
        ("Failures", failures, cfg.seeds, list(scenes)[:2]),
        ("Fainter ones", fainter, cfg.seeds, list(scenes)[:2]),
        ("Nothing planted", {"nothing": nothing}, cfg.honest_seeds, list(scenes)),
    ):
        for market in chosen if planted else ():
            counts = table.count(scenes[market], planted, seeds=seeds, track=track)
            page.append(f"## {title}: {market}\n\n{table.markdown(counts, seeds=seeds)}\n")
            rows += table.rows(market, counts, seeds=seeds)
            print(page[-1], flush=True)
    write(Path(cfg.out), "\n".join(page), rows)


def scenes_of(cfg, trusted):
    """Scenes by seed of each market; failures are planted in the first two."""
    from functools import partial

    from fingan_jax.build import build
    from fingan_jax.data.series import log_returns
    from fingan_jax.evaluation import planted

    returns = log_returns().series(build(cfg.data, trusted_packages=trusted))
    split = build(cfg.windows)(len(returns))
    train, unseen, held_out = (returns[part] for part in split)
    gap = split.test.start - split.validation.stop
    process = planted.fitted(train)
    sizes = {"train_days": len(train), "gap": gap, "held_out_days": len(held_out)}
    return {
        "real half": partial(planted.real_half, train, held_out),
        "simulated market": partial(planted.simulated, process, **sizes),
        "validation years": partial(planted.other_years, train, held_out, unseen),
        "fitted GJR-GARCH-t": partial(planted.modelled, process, train, held_out),
    }


def write(out, page, rows):
    import csv
    import io

    from fingan_jax.atomic import replacing

    text = io.StringIO()
    lines = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (("planted.md", page), ("planted.csv", text.getvalue())):
        with replacing(out / name) as file:
            file.write(content.encode())
    print(f"table: {out / 'planted.md'}, {out / 'planted.csv'}")


if __name__ == "__main__":
    main()
