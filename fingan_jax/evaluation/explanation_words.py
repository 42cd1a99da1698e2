"""What gives generated paths away, in plain sentences, each by a stated rule."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.attribution import EDGES, Attributed, Buckets, by_position, by_size
from fingan_jax.evaluation.explanation import Finding, Traversed, days_of, part_names, size_names
from fingan_jax.evaluation.importance import Importance, Interval
from fingan_jax.evaluation.window_facts import Fact

LARGE = 3  # the first bucket of moves that are called large, those beyond EDGES[2]
UNEVEN = 1.5  # a tenth of the window stands out with this multiple of its even share, a single day with twice that
NOTABLE = 0.1  # a part that adds less than this share of what all parts add or take does not count
MOVED = 0.5  # a direction moves a fact whose median changes by more than this part of the distance of its quartiles
TOLD = 3  # facts, pairs and days named at most


def on_scores(found: Attributed, ranked: Interval) -> Iterator[Finding]:
    """Told apart where the whole interval lies above a half; more than fooled where it lies below."""
    can, deceived = ranked.low > 0.5, ranked.high < 0.5
    verdict = (
        "tells generated windows from held-out ones"
        if can
        else "takes generated windows for more real than held-out ones"
        if deceived
        else "cannot tell generated windows from held-out ones"
    )
    yield Finding(
        "Scores",
        f"The discriminator {verdict}: it scores the held-out one higher in {_percent(ranked.value)} of pairs "
        f"(95 %: {_percent(ranked.low)} to {_percent(ranked.high)}; 50 % is chance).",
    )
    fake, real = (_signed(side.beyond.mean()) for side in (found.fake, found.real))
    yield Finding(
        "Scores",
        f"Beside windows of the training days, generated ones score {fake} on average and held-out ones {real}. What "
        f"all days of a window add to the score sums up to its difference, here to within {_percent(found.gap, 1)}.",
    )


def on_moves(found: Attributed) -> Iterator[Finding]:
    """The size of moves that adds least to generated scores, and how much large moves are looked at."""
    fake, real = (by_size(side.attribution, side.returns, found.reference) for side in (found.fake, found.real))
    days, weight, real_days, real_weight = (
        _percent(x[LARGE:].sum()) for x in (fake.days, fake.weight, real.days, real.weight)
    )
    yield Finding(
        "Moves",
        f"{_worst(fake, real, size_names(), 'days that move')} Moves above {EDGES[LARGE - 1]:g}σ are {days} of "
        f"generated days and hold {weight} of all attribution (held out: {real_days} and {real_weight}).",
    )


def on_places(found: Attributed) -> Iterator[Finding]:
    """The part of the window that adds least to generated scores, and the part and days that are looked at most."""
    length = found.fake.returns.shape[1]
    fake, real = (by_position(side.attribution) for side in (found.fake, found.real))
    names = part_names(length, found.past, len(fake.net))
    yield Finding("Places", f"{_worst(fake, real, names, 'days')} {_part(fake, names)}")
    each, held_out = (by_position(side.attribution, length) for side in (found.fake, found.real))
    order = np.argsort(-each.weight)[:TOLD]
    both = np.minimum(each.weight, held_out.weight)
    telling = order[both[order] > 2 * UNEVEN * each.days[order]]
    if len(telling):
        days = _listed([_minus(str(x)) for x in np.sort(days_of(length, found.past)[telling])])
        yield Finding(
            "Places",
            f"Whatever happens there, the discriminator looks at day{'s' if len(telling) > 1 else ''} {days}: "
            f"{_percent(each.weight[telling].sum())} of all attribution on {_percent(each.days[telling].sum(), 1)} of "
            "the days, which is a habit of the network and no property of markets.",
        )


def on_assets(found: Attributed, names: Sequence[str]) -> Iterator[Finding]:
    """Of several assets, the one that holds most of the attribution."""
    shares = np.abs(found.fake.attribution).sum(axis=(0, 1))
    if len(shares) > 1:
        most, share = names[int(shares.argmax())], _percent(shares.max() / max(shares.sum(), 1e-12))
        yield Finding("Assets", f"{most} holds {share} of all attribution; even would be {_percent(1 / len(shares))}.")


def on_facts(
    found: Importance, facts: Sequence[Fact], real: Float[np.ndarray, " fact"], fake: Float[np.ndarray, " fact"]
) -> Iterator[Finding]:
    """A fact gives windows away where the intervals of the AUC and of its drop lie above chance. Medians beside it."""
    value, low, high = found.auc
    verdict = "tells" if low > 0.5 else "cannot tell"
    yield Finding(
        "Facts",
        f"A random forest that sees {len(facts)} stylised facts of each window {verdict} generated from "
        f"held-out windows: AUC {value:.2f} (95 %: {low:.2f} to {high:.2f}; 0.50 is chance).",
    )
    shown = [
        f"{facts[i].name}, generated {facts[i].show(fake[i], unit=False)} and held out {facts[i].show(real[i])} "
        f"(median; AUC falls by {found.drops[i].value:.2f} without it)"
        for i in telling(found)[:TOLD]
    ]
    none = "No single fact gives them away" + ("." if low <= 0.5 else ": without one, others tell as well.")
    yield Finding("Facts", f"What gives them away: {'; '.join(shown)}." if shown else none)
    if found.alike:
        pairs = _listed([f"{facts[i].name} and {facts[j].name} ({_signed(c)})" for i, j, c in found.alike[:TOLD]], ";")
        text = f"Facts of one rank, of which either stands in for the other (rank correlation in brackets): {pairs}."
        yield Finding("Facts", text)


def telling(found: Importance) -> list[int]:
    """The facts that give windows away, the most important first."""
    order = sorted(range(len(found.drops)), key=lambda i: -found.drops[i].value)
    return [i for i in order if found.auc.low > 0.5 and found.drops[i].low > 0]


def on_noise(found: Traversed) -> Iterator[Finding]:
    """What each direction moves: the facts whose median it moves by more than MOVED of the quartiles' distance at 0."""
    middle = int(np.abs(found.grid).argmin())
    low, median, high = found.quartiles
    span, still = f"{_signed(found.grid[0])} to {_signed(found.grid[-1])}", list[str]()
    for k in range(len(found.directions)):
        moved = np.flatnonzero(np.ptp(median[k], axis=0) > MOVED * (high - low)[k, middle])
        if not len(moved):
            still.append(str(k + 1))
            continue
        parts = [_course(found.facts[i], median[k, 0, i], median[k, -1, i]) for i in map(int, moved)]
        yield Finding("Noise", f"Direction {k + 1} of the noise, taken from {span}, moves {_listed(parts)}.")
    if still:
        many = len(still) > 1
        names = f"Direction{'s' if many else ''} {_listed(still)}"
        yield Finding("Noise", f"{names} of the noise move{'' if many else 's'} none of the facts drawn.")


def _course(fact: Fact, first: float, last: float) -> str:
    return f"{fact.name} from {fact.show(first, unit=False)} to {fact.show(last)}"


def _worst(fake: Buckets, real: Buckets, names: Sequence[str], days: str) -> str:
    worst = int(fake.net.argmin())
    if -fake.net[worst] <= NOTABLE * np.abs(fake.net).sum():
        return "No part counts against generated windows."
    return (
        f"Most against generated windows speak {days} {names[worst]}, {_percent(fake.days[worst])} of all days: they "
        f"add {_signed(fake.net[worst])} to a score that differs by {_signed(fake.net.sum())} (held out: "
        f"{_signed(real.net[worst])} and {_signed(real.net.sum())})."
    )


def _part(found: Buckets, names: Sequence[str]) -> str:
    ratio = found.weight / found.days
    most = int(ratio.argmax())
    if ratio[most] < UNEVEN:
        return "No tenth of the window stands out."
    edge = ", an edge of the window" if most in (0, len(names) - 1) else ""
    return (
        f"The discriminator looks most at days {names[most]}{edge}: {_percent(found.weight[most])} of all attribution, "
        f"{ratio[most]:.1f} times an even share."
    )


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _signed(value: float) -> str:
    return _minus(f"{value:+.2g}")


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def _listed(parts: Sequence[str], comma: str = ",") -> str:
    return " and ".join([f"{comma} ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
