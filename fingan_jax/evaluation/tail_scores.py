"""The generator as a model of risk: its VaR and ES, tried on the real returns."""

import numpy as np

from fingan_jax import statistics
from fingan_jax.evaluation import backtests
from fingan_jax.evaluation.inputs import in_sigma, varying_pair
from fingan_jax.evaluation.paths import PathArray
from fingan_jax.types import Key


def tail_scores(key: Key, real: PathArray, fake: PathArray, *, level: float = 0.05) -> dict[str, float]:
    """Backtests on real returns [M, T, D] of the VaR and ES of all generated ones [N, T, D], averaged over assets.

    - `exceedance_error`: |share of real returns below -VaR - level| / level, lower is better.
    - `fissler_ziegel`, with returns in real sigma, and `var_pinball_sigma`: proper scores, lower is better.
    - `kupiec_lr`: likelihood ratio of unconditional coverage, lower is better.
    - `z2_shortfall`: |Acerbi and Szekely's Z2|, lower is better.
    One VaR for all days, so this judges the law of a day, not its change. The ratio grows with the number of days, and
    windows that overlap count days twice. The key is not used. Raises ValueError for a constant asset, fewer than
    1 / level generated returns, and where the generated ES is no loss.
    """
    real, fake = varying_pair(real, fake)
    ours, theirs = (x.reshape(1, -1, x.shape[2]) for x in in_sigma(real, fake))
    if theirs.shape[1] * level < 1:
        raise ValueError(f"level={level} of {theirs.shape[1]} generated returns has no tail: give more or raise level")
    var, es = (risk(theirs, level)[0] for risk in (statistics.value_at_risk, statistics.expected_shortfall))
    rows = [_asset(ours[0, :, i], float(var[i]), float(es[i]), level) for i in range(real.shape[2])]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _asset(returns: backtests.Series, var: float, es: float, level: float) -> dict[str, float]:
    return {
        "exceedance_error": abs(float(backtests.exceedances(returns, var).mean()) - level) / level,
        "fissler_ziegel": float(backtests.fissler_ziegel(returns, var, es, level=level).mean()),
        "var_pinball_sigma": float(backtests.var_pinball(returns, var, level=level).mean()),
        "kupiec_lr": backtests.kupiec(returns, var, level=level).statistic,
        "z2_shortfall": abs(backtests.acerbi_szekely_2(returns, var, es, level=level).statistic),
    }
