"""Credit risk on generated borrowers: trained if need be, judged against real ones, written as JSON and HTML."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fingan_jax.applications import (
    credit_book,
    credit_page,
    credit_results,
    credit_training,
    credit_words,
    draw_credit,
    outcome,
)
from fingan_jax.applications.credit_book import Portfolio
from fingan_jax.applications.credit_results import Generated
from fingan_jax.applications.credit_setup import Setup, assemble
from fingan_jax.build import as_dict, read_config
from fingan_jax.data.tabular_schema import Table, violations
from fingan_jax.evaluation.figures import png
from fingan_jax.finance import credit
from fingan_jax.judgeable import whole_numbers
from fingan_jax.schema import ConfigError, check_kinds, closest
from fingan_jax.training import run_folder
from fingan_jax.training.standing import held

Config = Mapping[str, Any]
PARTS = ("test", "validation")
LAUNCH = ("resume", "overwrite", "trusted_packages", "cache", "wandb", *credit_training.OWN)


def report(cfg: Config, folder: Path) -> tuple[dict[str, Any], Path]:
    """Trains the generators unless `cfg["run"]` names a folder, judges them, writes; the result and the page's path.

    Raises: ConfigError or ValueError in one line before anything is trained; what `credit_training.train` raises.
    """
    begun = time.perf_counter()
    cfg = cfg if cfg["run"] is None else _of_run(as_dict(cfg), Path(cfg["run"]))
    asked = as_dict(cfg["credit"])
    portfolio = _asked(asked)
    part = asked["part"]
    setup = assemble(cfg, trusted=tuple(cfg["trusted_packages"]))
    judged = getattr(setup.parts, part)
    if not len(judged.values):
        raise ConfigError(f"credit.part={part} is empty: give it a share of split.fractions")
    _check_rules(judged)
    if cfg["run"] is None:
        with held(folder):
            credit_training.open_folder(cfg, folder, whole(setup))
            if cfg["out"] is None:
                run_folder.await_file(folder, "credit.html")
            states = credit_training.train(setup, folder, cfg)
    else:
        folder = Path(cfg["run"])
        credit_training.check_data(folder, whole(setup))
        states = credit_training.load(setup, folder)
    trained = time.perf_counter() - begun
    made = [
        credit_results.generate(setup, state.ema, seed=setup.seed + k, times=asked["times"], reject=asked["reject"])
        for k, state in enumerate(states)
    ]
    result, figures = measure(setup, made, judged, portfolio)
    result |= {"name": cfg["name"], "part": part, "about": _about(setup, judged), "steps": setup.settings.num_steps}
    result["seconds"] = {"training": trained, "all": time.perf_counter() - begun}
    result["findings"] = credit_words.findings(result)
    out = folder if cfg["out"] is None else Path(cfg["out"])
    outcome.write(out, "credit", result=result, html=credit_page.html(result, figures), figures=figures, cfg=cfg)
    return result, out / "credit.html"


def measure(
    setup: Setup, made: Sequence[Generated], judged: Table, portfolio: Portfolio
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Everything that is known of generated borrowers, as plain values, and the figures as PNG."""
    pds = credit_results.default_models(setup, made, judged)
    losses = credit_book.books(made, pds, judged, portfolio, seed=setup.seed)
    result = {
        "scores": credit_results.scored(pds, judged),
        "real_interval": {name: credit.auc_interval(each["real"][0], judged.defaulted) for name, each in pds.items()},
        "true": None if judged.pd is None else credit.scores(judged.pd, judged.defaulted),
        "likeness": credit_results.likeness(setup, made, judged),
        "risks": credit_book.risks(losses, pds, judged, portfolio),
        "portfolio": portfolio._asdict(),
    }
    tables = {
        name: credit.reliability(pds[portfolio.model][name][0], judged.defaulted)
        for name in draw_credit.CALIBRATED
        if name in pds[portfolio.model]
    }
    train, sizes = setup.parts.train, setup.parts.train.sizes
    figures = {
        "auc": png(draw_credit.aucs, result["scores"], result["true"]),
        "reliability": png(draw_credit.reliability, tables),
        "losses": png(draw_credit.losses, losses, result["risks"], portfolio.level),
        "margins": png(draw_credit.margins, train, judged, made[0].borrowers),
        "associations": png(
            draw_credit.associations, train.schema.names, train.values, made[0].borrowers.values, sizes
        ),
    }
    return result, figures


def whole(setup: Setup) -> Table:
    """The table of all parts."""
    train = setup.parts.train
    return train._replace(values=np.concatenate([part.values for part in setup.parts]), pd=None)


def text(result: Mapping[str, Any]) -> str:
    """The scores in a few lines, for the terminal."""
    lines = [f"{'':28}{'AUC':>8}{'Brier':>9}{'ECE':>8}"]
    for model in result["scores"]:
        lines.append(model)
        for source, words in credit_words.SOURCES.items():
            if source in result["scores"][model]:
                each = result["scores"][model][source]
                shown = [f"{each[key]['mean']:.4f}" for key in ("auc", "brier", "ece")]
                lines.append(f"  {words:<26}{shown[0]:>8}{shown[1]:>9}{shown[2]:>8}")
    marks = [f"{'✓' if one['verdict'] == 'right' else '·'} {one['text']}" for one in result["findings"]]
    return "\n".join([*lines, "", *marks])


def _asked(cfg: Config) -> Portfolio:
    if cfg["part"] not in PARTS:
        raise ConfigError(f"credit.part={cfg['part']} must be one of {', '.join(PARTS)}")
    check_kinds(cfg, {"reject": bool}, "credit.")
    whole_numbers(cfg, "credit.", times=1)
    unknown = set(cfg["portfolio"]) - set(Portfolio._fields)
    if unknown:
        raise ConfigError(f"credit.portfolio.{unknown.pop()} is unknown: it takes {', '.join(Portfolio._fields)}")
    given = {**Portfolio()._asdict(), **cfg["portfolio"]}
    check_kinds(given, {"correlation": float, "level": float, "model": str}, "credit.portfolio.")
    whole_numbers(given, "credit.portfolio.", num_scenarios=1)
    return Portfolio(**given).checked()


def _check_rules(table: Table) -> None:
    """Tries the rules of the schema, which only what is generated is judged by. Raises: ConfigError."""
    try:
        violations(table)
        credit_book.book_of(table)
    except KeyError as error:
        name = str(error.args[0])
        raise ConfigError(
            f"loans: a constraint or the lgd of the schema names {name}, which is no column"
            f"{closest(name, table.schema.names)}: {', '.join(table.schema.names)}"
        ) from None
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"loans: a constraint or the lgd of the schema fails on this table: {reason}") from None


def _of_run(cfg: Config, run: Path) -> Config:
    """`cfg` with all that the run in `run` was trained with. Raises: ConfigError for a run of another kind."""
    trained = as_dict(read_config(run / run_folder.CONFIG))
    if not {"loans", "asked"} <= trained.keys():
        raise ConfigError(f"run={run} is no run of credit.py, but one of returns: give the folder of such a run")
    return trained | {key: cfg[key] for key in LAUNCH}


def _about(setup: Setup, judged: Table) -> dict[str, str]:
    train, settings = setup.parts.train, setup.settings
    return {
        "columns": f"{len(setup.encoding.numbers)} of numbers, {len(setup.encoding.categories)} of categories",
        "trained on": f"{len(train.values):,} borrowers, {train.defaulted.mean():.1%} of them defaulted",
        "judged on": f"{len(judged.values):,} others, {judged.defaulted.mean():.1%} defaulted",
        "generator": f"{type(setup.models.gen).__name__}, {settings.num_seeds} seed(s)",
        "objective": " + ".join(f"{term.weight:g} {name}" for name, term in setup.objective.items()),
        "steps": f"{settings.num_steps:,} of {settings.batch_size} records, {settings.num_disc_steps} critic update(s)",
    }
