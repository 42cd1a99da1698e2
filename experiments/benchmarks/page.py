"""What was measured, for a person: tables in Markdown, and the page that keeps them."""

import csv
import io
import json

from fingan_jax.atomic import replacing

# Cores that other programs may keep busy: PyTorch's threads wait for one another, so that more slows them most.
QUIET = 0.1
BEGIN, END = "<!-- measured: written by experiments/benchmark.py -->", "<!-- end of what was measured -->"


def keep(out, result):
    """Writes the numbers to `out`, and beside it the pictures and README.md with the tables of all such files."""
    whole(out, json.dumps(result, indent=1))
    if "scaling" in result["cases"]:
        import costs

        rows = result["cases"]["scaling"]["rows"]
        costs.draw(rows, out.with_name(f"{out.stem}_scaling.png"))
        flat, file = [{**row, "seconds_per_step": row["seconds_per_step"]["median"]} for row in rows], io.StringIO()
        writer = csv.DictWriter(file, flat[0])
        writer.writeheader()
        writer.writerows(flat)
        whole(out.with_name(f"{out.stem}_scaling.csv"), file.getvalue())
    page = out.with_name("README.md")
    before, _, rest = (page.read_text() if page.exists() else f"# Benchmark\n\n{BEGIN}\n{END}\n").partition(BEGIN)
    sections = [machine(path, json.loads(path.read_text())) for path in sorted(out.parent.glob("*.json"))]
    whole(page, "\n\n".join([before.rstrip(), BEGIN, *sections, f"{END}{rest.partition(END)[2]}"]))


def whole(path, text):
    """Writes a file that is whole, or as it was before."""
    with replacing(path) as file:
        file.write(text.encode())


def machine(path, result):
    """All that was measured on one machine."""
    versions = ", ".join(f"{name} {found}" for name, found in result["versions"].items())
    sections = [case(name, found) for name, found in sorted(result["cases"].items())]
    return "\n\n".join([f"## {result['hardware']}\n\n{versions}. Numbers: `{path.name}`.", *sections])


def case(name, found):
    """One case: a title and its table."""
    shown = {"e": replicas, "f": sweep, "scaling": scaling}.get(name, versus)
    return f"### {name if name == 'scaling' else f'({name})'} {found['title']}\n\n{shown(found)}"


def versus(found):
    """Ours beside each PyTorch program: speed, ratio, start, memory, then what else is to know."""
    head = [
        "program",
        "steps/s",
        "ours is faster",
        "first step, cold",
        "warm",
        "from launch, cold",
        "warm",
        "peak memory",
    ]
    rows = []
    for name, speed in found["steps_per_second"].items():
        start, ratio = found["starts"][name], found["ratio"].get(name)
        rows.append(
            [
                name,
                f"{speed['median']:.4g}",
                f"**{ratio['median']:.2f}x** ({ratio['least']:.2f} to {ratio['most']:.2f})" if ratio else "",
                *(f"{start[kind]['first_step']:.1f} s" for kind in ("cold", "warm")),
                *(f"{start[kind]['launch_to_first_step']:.1f} s" for kind in ("cold", "warm")),
                f"{found['peak_gib'][name]:.2f} GiB",
            ]
        )
    flops, apart = found["flops"], max(found["largest_difference"].values(), default=float("nan"))
    lines = [
        table(head, rows),
        f"A step takes {flops['step'] / 1e9:.3g} GFLOP of matrix products (counted in the traced program); ours does "
        f"{flops['rate'] / 1e9:.3g} GFLOP/s, {flops['share']:.0%} of the {flops['ceiling'] / 1e9:.3g} GFLOP/s of one "
        f"large product. From the same parameters the players' outputs differ by {apart:.1e} at most.",
        *(f"{name} did not run: {reason}" for name, reason in found["failed"].items()),
    ]
    others = found["others"]
    if others is not None and others > QUIET:
        lines.append(f"Not quiet: other programs kept {others:.1f} cores busy meanwhile; measure again.")
    return "\n\n".join(lines)


def replicas(found):
    """Seconds a run against how many run at once."""
    sections = []
    for name, rows in found["programs"].items():
        one = rows[0]["seconds_per_step"]["median"]
        body = [
            [
                row["replicas"],
                f"{1e3 * (all_ := row['seconds_per_step']['median']):.4g}",
                f"{1e3 * all_ / row['replicas']:.4g}",
                f"{all_ / one:.2f}",
                f"{row['first_step']:.1f} s",
                f"{row['peak_gib']:.2f} GiB",
            ]
            for row in rows
        ]
        head = ["seeds", "seconds for 1000 steps of all", "of each", "time / that of one", "first step", "peak memory"]
        sections.append(f"Program ({name}):\n\n{table(head, body)}")
    return "\n\n".join(sections)


def sweep(found):
    """Seconds of the whole sweep."""
    ways = {name: taken for name, taken in found.items() if name.endswith("at a time")}
    body = [["fused", f"{found['fused']:.1f} s", ""]]
    body += [
        [f"processes, {name}", f"{taken:.1f} s", f"**{taken / found['fused']:.2f}x**"] for name, taken in ways.items()
    ]
    job = found["job"]
    line = " ".join([*job["job"], *(f"{key}={','.join(map(str, values))}" for key, values in job["vary"].items())])
    told = f"`python experiments/train.py -m {line}`, each way with an empty cache of compiled programs at its start."
    return f"{table(['way', 'wall time', 'fused is faster'], body)}\n\n{told}"


def scaling(found):
    """The cost of a step at each size."""
    head = ["axis", "value", "series", "ms a step", "GFLOP a step", "GFLOP/s", "peak memory", "of it the series"]
    body = []
    for row in found["rows"]:
        taken = row["seconds_per_step"]["median"]
        body.append(
            [
                row["axis"],
                f"{row['value']:,}",
                " x ".join(f"{size:,}" for size in row["series"]),
                f"{1e3 * taken:.3g}",
                f"{row['flops'] / 1e9:.3g}",
                f"{row['flops'] / 1e9 / taken:.3g}",
                f"{row['peak_gib']:.2f} GiB",
                f"{row['series_gib']:.3f} GiB",
            ]
        )
    return table(head, body)


def table(head, rows):
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
