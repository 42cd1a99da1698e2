"""What a person watches while a run trains: steps, speed, time left, and the losses by term."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm

HIDDEN = ("total", "grad_norm")


@contextmanager
def progress_bar(start: int, total: int, runs: int = 1) -> Iterator[tqdm]:
    """A bar from step `start` to `total` on stderr; where that is no terminal, a line every few seconds."""
    interval = 0.2 if sys.stderr.isatty() else 15.0
    layout = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} steps [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
    what = "training" if runs == 1 else f"training {runs} runs"
    with tqdm(
        total=total, initial=start, desc=what, unit="step", mininterval=interval, maxinterval=interval,
        bar_format=layout, dynamic_ncols=True,
    ) as bar:  # fmt: skip
        yield bar


def say(bar: tqdm, lines: Sequence[str]) -> None:
    """Prints lines on stderr, above the bar."""
    for line in lines:
        bar.write(line, file=sys.stderr)


def advance(bar: tqdm, step: int, records: Sequence[dict[str, float]]) -> None:
    """Moves the bar to `step` and shows each term's value, the mean of those runs that go on."""
    names = (
        [name for name in sorted(records[0]) if "/" in name and name.split("/")[-1] not in HIDDEN] if records else []
    )
    terms = {name: sum(record[name] for record in records) / len(records) for name in names}
    bar.set_postfix_str(" ".join(f"{name} {value:.3g}" for name, value in terms.items()), refresh=False)
    bar.update(step - bar.n)
