"""The README of each paper and the one table of all: words stay as they are written, what is measured is put in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from fingan_jax.atomic import replacing
from fingan_jax.reproducing import tables
from fingan_jax.reproducing.jobs import slug
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.rows import FLOORS, RESULTS, Found, read_rows
from fingan_jax.training.run_folder import write_text
from fingan_jax.training.standing import DONE, PENDING, Standing

PAGE = "README.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write(
    paper: Paper,
    found: Found,
    folder: Path,
    *,
    stood: Mapping[str, Standing],
    said: Sequence[str] = (),
    figures: Mapping[str, bytes] | None = None,
) -> Path:
    """Writes tables and figures between the marks of the paper's README, which is begun where there is none.

    `stood` is where each run stands; `said` are lines about what was left out; `figures` are PNGs by their captions,
    which are kept beside the page.

    Raises: ValueError if the marks are lost.
    """
    page = folder / PAGE
    text = page.read_text() if page.is_file() else _begun(paper)
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{page} has lost its marks {BEGIN} and {END}: put each back once, the tables go between them")
    before, rest = text.split(BEGIN)
    measured = "\n\n".join(
        part
        for part in (
            _state(found, stood),
            *said,
            *_figures(figures or {}, folder),
            tables.tables(paper, found),
            _notes(paper),
        )
        if part
    )
    write_text(page, f"{before}{BEGIN}\n\n{measured}\n\n{END}{rest.split(END)[1]}")
    return page


def _begun(paper: Paper) -> str:
    files = "".join(f" +files.{name}=FILE" for name in paper.files)
    command = f"    python experiments/reproduce.py paper={paper.name}{files}"
    claims = f"## What the paper claims\n\n{paper.claim.strip()}\n\n{paper.source.strip()}"
    measured = f"## What we measured\n\n{BEGIN}\n{END}"
    return f"# {paper.title}\n\n{paper.citation.strip()}\n\n{command}\n\n{claims}\n\n{measured}\n"


def _state(found: Found, stood: Mapping[str, Standing]) -> str:
    """How many runs there are, how long each was, where they ran, and why others are not among them."""
    steps = ", ".join(dict.fromkeys(row["steps"] for row in found.runs))
    of_runs = lambda key: dict.fromkeys(row[key] for row in found.runs if row.get(key))
    machines, versions = "; ".join(of_runs("hardware")), ", ".join(of_runs("version"))
    counts = Counter(state for state, _ in stood.values())
    lines = [f"{counts[DONE]} of {len(stood)} runs are done" + (f", of {steps} generator updates." if steps else ".")]
    lines += [
        f"Trained on {machines}{f' by version {versions} of this package' if versions else ''}." if machines else "",
        f"{counts[PENDING]} are not begun." if counts[PENDING] else "",
        "Ours: mean over training seeds ± half of its 95 % interval.",
    ]
    told = {name: of for name, of in stood.items() if of.state not in (DONE, PENDING)}
    missing = [f"- {name}: {state} {reason}".rstrip() for name, (state, reason) in told.items()]
    return "\n".join([" ".join(line for line in lines if line), *([""] if missing else []), *missing])


def _figures(figures: Mapping[str, bytes], folder: Path) -> list[str]:
    """Keeps each figure in a file of its caption's name, and gives the lines that show them."""
    for caption, image in figures.items():
        with replacing(folder / f"{slug(caption)}.png") as file:
            file.write(image)
    return [f"![{caption}]({slug(caption)}.png)\n\n*{caption}*" for caption in figures]


def _notes(paper: Paper) -> str:
    return "\n".join(f"- {note.strip()}" for note in paper.notes)


def write_all(papers: Sequence[Paper], folder: Path) -> Path:
    """Writes the table of all papers from the CSVs in their folders; a paper without any is named as not run."""
    head = ["Paper", "Score", "paper", "ours", "best floor", "the paper beats it", "we beat it"]
    body, absent = [], []
    for paper in papers:
        found = Found(read_rows(folder / paper.name / RESULTS), read_rows(folder / paper.name / FLOORS))
        if not found.runs:
            absent.append(f"- {paper.title}: no run is done, `python experiments/reproduce.py paper={paper.name}`")
            continue
        differs = f" ({paper.headline.differs})" if paper.headline.differs else ""
        link = f"[{paper.title}]({paper.name}/{PAGE}): {paper.headline.setting}{differs}"
        body += [[link, *_verdict(one)] for one in tables.headlines(paper, found)]
    parts = ["# Reproductions of published results", "    python experiments/reproduce.py paper=all", ABOUT]
    parts += [tables.grid(head, body)] if body else []
    parts += ["\n".join(absent)] if absent else []
    write_text(folder / PAGE, "\n\n".join(parts) + "\n")
    return folder / PAGE


ABOUT = (
    "What each paper published, what this package reaches (mean over training seeds ± half of its 95 % interval; "
    "in brackets how many), and the best of the floors, simple models fitted in seconds. The setting and the "
    "scores of each paper were fixed beforehand, in `conf/paper`. A published number that does not beat the floor "
    "shows nothing about its model. We beat it where the 95 % interval of our difference from it says so, over the "
    "seeds of both and corrected for the number of floors; a dash says that it holds 0, that there is no number, "
    "or that the published one is another statistic or in another unit. Generators that copy history are no "
    "floors. Where floors are of independent days, as in the ACF of r, to beat them is to have learnt the "
    "accidents of the days scored."
)


def _verdict(one: tables.Verdict) -> list[str]:
    words = [{True: "yes", False: "**no**", None: tables.DASH}[answer] for answer in (one.survives, one.beaten)]
    floor = tables.shown(one.metric, tables.Spread(one.floor, float("nan")))
    published = tables.shown(one.metric, tables.Spread(one.published, float("nan")))
    ours = f"{tables.shown(one.metric, one.ours)} ({one.seeds})"
    return [one.label, published, ours, f"{floor} ({one.floor_name})" if one.floor_name else floor, *words]
