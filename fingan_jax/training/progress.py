"""What a person watches while a run trains: steps, speed, time left, and the losses by term."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

HIDDEN = ("total", "grad_norm")


@contextmanager
def progress_bar(start: int, total: int) -> Iterator[tqdm]:
    """A bar from step `start` to `total` on stderr; where that is no terminal, a line every few seconds."""
    interval = 0.2 if sys.stderr.isatty() else 15.0
    layout = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} steps [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
    with tqdm(
        total=total, initial=start, desc="training", unit="step", mininterval=interval, maxinterval=interval,
        bar_format=layout, dynamic_ncols=True,
    ) as bar:  # fmt: skip
        yield bar


def advance(bar: tqdm, step: int, record: dict[str, float]) -> None:
    """Moves the bar to `step` and shows each term's value."""
    terms = {name: value for name, value in record.items() if "/" in name and name.split("/")[-1] not in HIDDEN}
    bar.set_postfix_str(" ".join(f"{name} {value:.3g}" for name, value in sorted(terms.items())), refresh=False)
    bar.update(step - bar.n)
