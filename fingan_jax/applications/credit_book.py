"""The losses of a book of generated borrowers, against those of the real one, and the formula where it holds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from fingan_jax.applications.credit_results import Generated, over_seeds
from fingan_jax.data.tabular_schema import Table, columns_of
from fingan_jax.finance import loan_loss, scorecards, vasicek


class Portfolio(NamedTuple):
    """The numbers of conf/credit: asset correlation, level of credit VaR, scenarios, and the model of default."""

    correlation: float = 0.15
    level: float = 0.999
    num_scenarios: int = 50_000
    model: str = "logistic"

    def checked(self) -> "Portfolio":
        """Raises: ValueError naming the key."""
        vasicek.check_level(self.level)
        vasicek.check(pd=0.5, lgd=0.5, correlation=self.correlation)
        if self.num_scenarios * (1 - self.level) < 10:
            raise ValueError(
                f"credit.portfolio: of num_scenarios={self.num_scenarios}, {self.num_scenarios * (1 - self.level):.3g} "
                f"are beyond level={self.level}, too few for its interval: ask for {10 / (1 - self.level):.0f} or more"
            )
        if self.num_scenarios < 1000 or self.model not in scorecards.MODELS:
            raise ValueError(
                f"credit.portfolio: num_scenarios={self.num_scenarios} must be at least 1000, and model={self.model} "
                f"one of {', '.join(scorecards.MODELS)}"
            )
        return self


def book_of(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Exposure and loss given default of every loan, as the schema says."""
    columns = columns_of(table)
    exposure = columns[table.schema.exposure] if table.schema.exposure else np.ones(len(table.values))
    return np.maximum(exposure, 0.0), np.clip(table.schema.lgd(columns), 0.0, 1.0)


def books(
    made: Sequence[Generated], pds: Mapping[str, Any], judged: Table, asked: Portfolio, *, seed: int
) -> dict[str, np.ndarray]:
    """Simulated losses [scenario] by book, all with the same states of the economy.

    "true" is the judged borrowers with their true PDs, where these are known; "real" the same with PDs by the model
    fitted to real borrowers; "generated_<k>" as many borrowers of seed k with PDs by the model fitted to that seed's;
    "alike" as many equal loans with the mean PD and LGD, for the formula.
    """
    key, make, found = jax.random.key(seed), scorecards.MODELS[asked.model], {}
    size, (exposure, lgd) = len(judged.values), book_of(judged)
    fitted = pds[asked.model]["real"][0]
    base = judged.pd if judged.pd is not None else fitted
    loans = {"real": (exposure, fitted, lgd)} | ({"true": (exposure, judged.pd, lgd)} if judged.pd is not None else {})
    loans["alike"] = (np.ones(size), np.full(size, base.mean()), np.full(size, lgd.mean()))
    for k, one in enumerate(made):
        borrowers = one.borrowers.rows(np.arange(min(size, len(one.borrowers.values))))
        own = scorecards.default_probabilities(make, one.borrowers.values, borrowers.values, borrowers.sizes)
        amount, share = book_of(borrowers)
        loans[f"generated_{k}"] = (amount, own, share)
    for name, (amount, pd, share) in loans.items():
        found[name] = loan_loss.simulate(
            key, exposure=amount, pd=pd, lgd=share, correlation=asked.correlation, num_scenarios=asked.num_scenarios
        )
    return found


def risks(losses: Mapping[str, np.ndarray], pds: Mapping[str, Any], judged: Table, asked: Portfolio) -> dict[str, Any]:
    """Expected and unexpected loss and credit VaR of every book, and Vasicek's formula beside loans that are alike."""
    found: dict[str, Any] = {
        name: loan_loss.summary(each, level=asked.level) for name, each in losses.items() if not name.startswith("gen")
    }
    each = [loan_loss.summary(x, level=asked.level) for name, x in losses.items() if name.startswith("gen")]
    found["generated"] = {key: over_seeds([one[key] for one in each]) for key in each[0]}
    exposure, lgd = book_of(judged)
    pd = judged.pd if judged.pd is not None else pds[asked.model]["real"][0]
    found["formula"] = {
        "alike": vasicek.loss_quantile(
            asked.level, pd=float(pd.mean()), lgd=float(lgd.mean()), correlation=asked.correlation
        ),
        "book": vasicek.asymptotic_var(asked.level, exposure=exposure, pd=pd, lgd=lgd, correlation=asked.correlation),
        "loans": len(exposure),
        "concentration": loan_loss.concentration(exposure),
    }
    return found
