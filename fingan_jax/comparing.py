"""A comparison from run folders to files: comparison.csv, .md, .tex and .html, and the figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax.atomic import replacing
from fingan_jax.evaluation import comparison_page, comparison_tables, comparison_text, significance
from fingan_jax.evaluation.ablation import study
from fingan_jax.evaluation.bootstrap import bca, percentile, student
from fingan_jax.evaluation.contrasts import Answer, answer
from fingan_jax.gathering import folders_of, gather
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training import run_folder

INTERVALS = {"bca": bca, "percentile": percentile, "student": student}
TESTS = {"t": significance.paired_t, "wilcoxon": significance.wilcoxon, "permutation": significance.permutation}
NAME, FIGURES = "comparison", "figures"


class Asked(NamedTuple):
    """What is compared, and how: the keys of conf/compare.yaml."""

    runs: str | Sequence[str] = ()
    folder: str | None = None
    by: Sequence[str] = ()
    baseline: str | None = None
    metrics: Sequence[str] = ()
    unit: str = "gaussian"
    interval: str = "bca"
    test: str = "t"
    draws: int = 2000
    pool: bool = False
    trusted_packages: Sequence[str] = ()


def compare(asked: Asked, out: Path) -> Answer:
    """Everything that is computed of the runs; links to their reports lead from `out`.

    Raises: ConfigError or ValueError in one line.
    """
    bounds, test = _choice("interval", asked.interval, INTERVALS), _choice("test", asked.test, TESTS)
    if asked.draws < 0:
        raise ConfigError(f"draws={asked.draws} must be 0 (no intervals) or more")
    found = gather(
        folders_of(asked.runs, asked.folder), asked.by, pool=asked.pool, trusted=tuple(asked.trusted_packages), out=out
    )
    data = study(found.trials, found.unfinished, factors=found.factors, metrics=asked.metrics, unit=asked.unit)
    baseline = None if asked.baseline is None else named(asked.baseline, data.settings)
    return answer(data, baseline=baseline, draws=asked.draws, bounds=bounds, test=test)


def _choice(key: str, name: str, choices: dict[str, Any]) -> Any:
    if name not in choices:
        raise ConfigError(f"{key}={name} is unknown: choose one of {', '.join(choices)}")
    return choices[name]


def named(baseline: str, settings: Sequence[str]) -> str:
    """The setting that has this name, in whatever order its parts are given and however they are set apart.

    Raises: ConfigError listing the settings.
    """
    found = [name for name in settings if _parts(name) == _parts(baseline)]
    if not found:
        near = closest(baseline, settings)
        raise ConfigError(f"baseline={baseline} is no setting{near}: choose one of {'; '.join(settings)}")
    return found[0]


def _parts(name: str) -> list[str]:
    return sorted(name.replace(",", " ").replace("+", " ").split())


def figures(found: Answer) -> dict[str, tuple[bytes, bytes]]:
    """Each figure that there are data for, by name, as PNG and as PDF."""
    from fingan_jax.evaluation import draw_ablation, draw_heat, draw_profiles, draw_ranks
    from fingan_jax.evaluation.figures import png_and_pdf

    keys = draw_profiles.learning_keys(found.study)
    draws: dict[str, tuple[Any, ...]] = {
        "overall": (draw_ablation.overall,),
        "forest": (draw_ablation.forest,),
        "metrics": (draw_heat.metrics,),
        "profiles": (draw_profiles.profiles,),
    }
    if found.ranking is not None:
        draws["critical_difference"] = (draw_ranks.critical_difference,)
    if len(found.study.factors) > 1:
        draws["heatmap"] = (draw_heat.two_factors,)
    if keys:
        draws["learning"] = (draw_profiles.learning, keys)
    return {name: png_and_pdf(draw, found, *more) for name, (draw, *more) in draws.items()}


def write(out: Path, found: Answer, *, command: str = "") -> None:
    """Writes the four files and the figures into `out`, each whole or not at all."""
    drawn = figures(found)
    tables = comparison_tables.tables(found)
    study_ = found.study
    protocol = next(iter(study_.trials.values()))[0].evaluation["protocol"]
    facts = {
        "settings": len(study_.settings),
        "finished runs": sum(map(len, study_.trials.values())),
        "runs not finished": len(study_.unfinished),
        "protocol": protocol.get("name", "returns_holdout"),
        "baseline": found.baseline or "none (baseline=... gives paired tests)",
        "command": command,
    }
    pages = {
        "csv": comparison_text.csv_text(found),
        "md": comparison_text.markdown(tables),
        "tex": comparison_text.latex(tables),
        "html": comparison_page.html(found, tables, {name: png for name, (png, _) in drawn.items()}, facts=facts),
    }
    (out / FIGURES).mkdir(parents=True, exist_ok=True)
    for name, (png, pdf) in drawn.items():
        for kind, data in (("png", png), ("pdf", pdf)):
            with replacing(out / FIGURES / f"{name}.{kind}") as file:
                file.write(data)
    for kind, text in pages.items():
        run_folder.write_text(out / f"{NAME}.{kind}", text)
