"""How good probabilities of default are: they rank borrowers, they are accurate, they mean what they say."""

import numpy as np
from jaxtyping import Float, Int
from sklearn.metrics import log_loss, roc_auc_score

Probabilities = Float[np.ndarray, " borrower"]
Defaults = Int[np.ndarray, " borrower"]


def scores(pd: Probabilities, defaulted: Defaults, *, bins: int = 10) -> dict[str, float]:
    """AUC, Brier score, log loss and expected calibration error of `pd` where `defaulted` (0 or 1) came out.

    Raises: ValueError if all borrowers defaulted or none did.
    """
    both(defaulted)
    return {
        "auc": float(roc_auc_score(defaulted, pd)),
        "brier": float(np.mean((pd - defaulted) ** 2)),
        "log_loss": float(log_loss(defaulted, np.clip(pd, 1e-6, 1 - 1e-6))),
        "ece": calibration_error(reliability(pd, defaulted, bins=bins)),
        "mean_pd": float(np.mean(pd)),
    }


def both(defaulted: Defaults) -> None:
    """Raises: ValueError if all borrowers defaulted or none did."""
    share = float(np.mean(defaulted))
    if not 0.0 < share < 1.0:
        raise ValueError(f"{share:.0%} of the borrowers defaulted: there must be some that did and some that did not")


def reliability(pd: Probabilities, defaulted: Defaults, *, bins: int = 10) -> Float[np.ndarray, "bin value"]:
    """Mean predicted PD, realised share of defaults, its 95 % interval (Wilson 1927) and number of borrowers, by bin.

    Borrowers in the order of `pd`, equally many a bin; the columns are predicted, realised, low, high, count.
    """
    rows = []
    for part in np.array_split(np.argsort(pd, kind="stable"), min(bins, len(pd))):
        count, share = len(part), float(np.mean(defaulted[part]))
        rows.append([float(np.mean(pd[part])), share, *wilson(share, count), count])
    return np.array(rows)


def wilson(share: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of Wilson (1927) for a probability of which `share` of `count` trials came out; 95 % by default."""
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return float(max(centre - reach, 0.0)), float(min(centre + reach, 1.0))


def calibration_error(reliability: Float[np.ndarray, "bin value"]) -> float:
    """Expected calibration error: the mean over borrowers of |predicted - realised| of their bin (see `reliability`).

    Naeini, Cooper and Hauskrecht 2015. With few borrowers a bin it is above 0 even of true probabilities.
    """
    predicted, realised, _, _, count = reliability.T
    return float(np.sum(count * np.abs(predicted - realised)) / np.sum(count))


def auc_interval(pd: Probabilities, defaulted: Defaults) -> tuple[float, float]:
    """The 95 % interval of the AUC over test borrowers: DeLong, DeLong and Clarke-Pearson 1988."""
    both(defaulted)
    bad, good = pd[defaulted == 1], pd[defaulted == 0]
    wins = _share_below(good, bad), 1 - _share_below(bad, good)
    auc = float(np.mean(wins[0]))
    deviation = np.sqrt(np.var(wins[0], ddof=1) / len(bad) + np.var(wins[1], ddof=1) / len(good))
    return max(auc - 1.96 * float(deviation), 0.0), min(auc + 1.96 * float(deviation), 1.0)


def _share_below(those: Probabilities, x: Probabilities) -> Float[np.ndarray, " borrower"]:
    """The share of `those` below each of `x`, ties by half."""
    ordered = np.sort(those)
    return (np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right")) / (2 * len(ordered))
