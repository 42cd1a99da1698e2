"""What is wrong with a generator beyond a bad score, in plain words: copies, collapse, a missing fact, a leak."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fingan_jax.evaluation.copy_rules import WINDOW, copies, too_near
from fingan_jax.evaluation.fact_rules import FEWEST, Apart, apart
from fingan_jax.evaluation.paths import PathArray, Series, as_paths, as_series
from fingan_jax.evaluation.windowing import ORDER, Scale, disorder

SHARE = 1e-3  # of generated windows that may be copies, and of generated rows of prices out of order
PATHS = 5


class Warning(NamedTuple):
    """A rule that was broken: its name, a sentence with the numbers, the statistic and its limit."""

    name: str
    text: str
    value: float
    limit: float


NAMES = ("memorising", "collapsed", "leak", "suspicious", "variance", "tails", "clustering", "direction")


def warn(real_train: Series, real_held_out: Series, fake: PathArray, *, seed: int = 0) -> list[Warning]:
    """Every rule that generated log returns per day `fake` [N, T, D] break; an empty list for an honest generator.

    `real_train` [time, asset] is what the generator was trained on, `real_held_out` the days after it, unseen.
    - memorising, leak, collapsed: more than 1 in 1,000 windows of 20 days are copies of training windows, of held-out
      ones, of windows of other generated paths; see `copy_rules.copies`.
    - suspicious: nearer to the held-out days than a sample of their own law; see `copy_rules.too_near`.
    - variance, tails, clustering, direction: a fact of half a year is further from the training years' than one half
      of these is from the other, of tails, clustering and direction on the weak side alone; see `fact_rules.apart`.
    The four facts together warn of an honest generator once in 1,000 times, and so does `suspicious`. `seed` draws the
    windows that are looked at. What depends on the training series alone is remembered. Raises ValueError on shapes
    that differ, values that are not finite, a constant asset, below 5 paths, 20 days a path, 160 training days or 40
    held-out ones.
    """
    train, held_out, fake = _checked(real_train, real_held_out, fake)
    found = copies(train, held_out, fake, seed=seed)
    broken = [_copied(name, kind, share) for (name, kind), share in zip(COPIES.items(), found, strict=True)]
    near = too_near(train, held_out, fake)
    if near.fake < near.limit:
        broken.append(Warning("suspicious", NEAR.format(**near._asdict()), near.fake, near.limit))
    broken += [_said(name, fact, several=fake.shape[2] > 1) for name, fact in apart(train, fake) if fact.beyond]
    return [warning for warning in broken if warning is not None]


def impossible(prices: PathArray, names: Sequence[str]) -> list[Warning]:
    """A warning where generated prices [N, T, D] are out of order in more than 1 in 1,000 rows.

    `names` says what each column is; order means `high >= max(open, close)` and `low <= min(open, close)`, but for a
    millionth of the price. Raises ValueError where one of open, high, low and close is not among the names.
    """
    prices = as_paths("prices", prices)
    if len(names) != prices.shape[2]:
        raise ValueError(f"{len(names)} names of {prices.shape[2]} columns of prices: name every column")
    share = disorder(prices, names, Scale(np.zeros(len(names)), np.ones(len(names))))
    if share is None:
        raise ValueError(f"the columns are {', '.join(names)}: name those of {', '.join(ORDER)} so")
    text = f"Impossible prices: in {share:.1%} of the rows low <= open, close <= high does not hold."
    return [Warning("order", text, share, SHARE)] if share > SHARE else []


COPIES = {
    "memorising": ("Memorising", "training windows"),
    "leak": ("A leak from the future", "held-out windows, which the generator cannot have seen"),
    "collapsed": ("Collapsed", "windows of other generated paths"),
}
NEAR = (
    "Suspicious: generated daily returns are nearer to the held-out ones (Kolmogorov-Smirnov distance {fake:.2g}) than "
    "a sample of their own law would be (typically {typical:.2g}, by chance not below {limit:.2g})."
)
FACTS = {
    "variance": "Variance off: the standard deviation within half a year is typically {fake:.2f} times the training "
    "years'; by chance not beyond {limit:.2f}.",
    "tails": "Tails too thin: root mean square over mean of |r| within half a year is {fake:.2f}, the training years' "
    "{market:.2f}, a Gaussian's 1.25; by chance not below {limit:.2f}.",
    "clustering": "No volatility clustering, or too little: the autocorrelation of |r| to lag 10 is {fake:.3f} within "
    "half a year, the training years' {market:.3f}; by chance not below {limit:.3f}.",
    "direction": "Direction of time {kind}: what a day's return says of the volatility to come, less the reverse, is "
    "{fake:.3f}, the training years' {market:.3f}; by chance not beyond {limit:.3f}.",
}


def _copied(name: str, kind: tuple[str, str], share: float) -> Warning | None:
    title, of = kind
    text = (
        f"{title}: {share:.1%} of generated windows of {WINDOW} days are copies of {of}: nearer than one honest window "
        f"in a million (limit {SHARE:.1%})."
    )
    return Warning(name, text, share, SHARE) if share > SHARE else None


def _said(name: str, fact: Apart, *, several: bool) -> Warning:
    market, limit, fake = fact.market, fact.limit, fact.fake
    if name == "variance":
        market, limit, fake = 1.0, np.exp(limit - market), np.exp(fake - market)
    if name == "tails":
        market, limit, fake = np.exp([market, limit, fake])
    wrong = "reversed" if fake * market < 0 and abs(fake) > abs(market) / 2 else "too faint"
    text = FACTS[name].format(fake=fake, market=market, limit=limit, kind=wrong)
    text += f" Of asset {fact.asset}." if several else ""
    return Warning(name, text, float(fake), float(limit))


def _checked(train: Series, held_out: Series, fake: PathArray) -> tuple[Series, Series, PathArray]:
    train, held_out = as_series("real_train", train), as_series("real_held_out", held_out)
    fake = as_paths("fake", fake)
    assets = train.shape[1], held_out.shape[1], fake.shape[2]
    if len(set(assets)) > 1:
        raise ValueError(f"assets differ: {assets[0]} in real_train, {assets[1]} in real_held_out, {assets[2]} in fake")
    least = (("paths", len(fake), PATHS), ("days in a path", fake.shape[1], WINDOW),
             ("training days", len(train), FEWEST * WINDOW), ("held-out days", len(held_out), 2 * WINDOW))  # fmt: skip
    for what, count, needed in least:
        if count < needed:
            raise ValueError(f"{count} {what} and the warnings need {needed}: give more {what}")
    for name, values in (("training", train), ("held-out", held_out), ("generated", fake.reshape(-1, fake.shape[2]))):
        flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
        if flat.size:
            raise ValueError(f"asset {flat[0]} of the {name} returns is constant: leave it out, or train again")
    return train, held_out, fake
