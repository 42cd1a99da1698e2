"""How a run on levels is judged: its windows beside the floors, against held-out windows or, without any, its own."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.evaluation import protocol as windowed
from fingan_jax.evaluation import window_words
from fingan_jax.evaluation.paths import PathArray, Series, as_paths, as_series, rolling
from fingan_jax.evaluation.protocol import Metric, Protocol
from fingan_jax.evaluation.scaled import LEAST
from fingan_jax.evaluation.suite import plain
from fingan_jax.evaluation.windowing import Cut, Windows, scale_of

NAME = "level_windows"
REPORTED = {"time_reversed": "reversed"}  # floors that a report calls otherwise
WITHOUT = (
    "No days are held out: every score is against the windows that the model was trained on, which rewards learning by "
    "heart: read coverage, and the memorised windows' scores."
)


class LevelWindows(NamedTuple):
    """Scores windows of `window` rows that begin at multiples of `stride`, at most `limit` of them a side.

    A metric is a pure function `metric(key, real, fake) -> {name: value}` of windows [M, T, D] and [N, T, D], scaled by
    feature with the extremes of the training rows; `repeats` and `seed` are those of `protocol.Protocol`.
    """

    metrics: Mapping[str, Metric]
    window: int = 24
    stride: int = 1
    limit: int = 1000
    repeats: int = 3
    seed: int = 0

    def check(self, train: slice, validation: slice, test: slice, *, num_paths: int, num_days: int) -> None:
        """Raises ValueError naming the key where parts of these rows, or so many paths, cannot be scored."""
        windowed.check(_protocol(self))
        for part, rows in (("train", train.stop - train.start), ("test", test.stop - test.start)):
            if (rows or part == "train") and _count(self, rows) < LEAST:
                raise ValueError(
                    f"windows.fractions leaves {rows} rows to {part}, {_count(self, rows)} windows of {self.window} at "
                    f"multiples of {self.stride}: scores need {LEAST}, or no test part at all"
                )
        if num_paths * (num_days // self.window) < LEAST:
            raise ValueError(
                f"sampling.num_paths={num_paths} of {num_days} days hold fewer windows of {self.window} than "
                f"the {LEAST} that scores need: raise sampling.num_paths or sampling.num_days"
            )

    def __call__(
        self, real: Series, samples: PathArray, train: Series, *, validation: Series | None = None
    ) -> dict[str, Any]:
        """Scores the levels `samples` [N, T, D] against `real` [time, feature], in the form of `suite.evaluate`.

        Longer paths are cut into windows. Where `real` has no rows, the windows trained on are scored, and a finding
        says so. Raises ValueError on other shapes, too few rows and values that are not finite.
        """
        train, fake = as_series("train", train), _joined(as_paths("samples", samples), self.window)
        inside = _section(self, train, train, fake)
        found = _section(self, real, train, fake) if len(real) else inside
        halved = windowed.at_half(windowed.given(_windows(self, real if len(real) else train, train), fake))
        of_half = windowed.summary(windowed.score(_protocol(self), halved))
        findings = window_words.findings("model", found.rows, halved=of_half)
        if not len(real):
            findings.append({"verdict": "warning", "text": WITHOUT})
        chosen_by = validation if validation is not None and _count(self, len(validation)) >= LEAST else None
        result = {
            **_means(found.rows),
            "in_sample": _means(inside.rows),
            "intervals": {key: {end: x[end] for end in ("low", "high")} for key, x in found.rows["model"].items()},
            "reasons": found.unfitted,
            "warnings": [],
            "not_computed": found.reasons,
            "protocol": _about(self, real, train, samples),
            "findings": findings,
        }
        if chosen_by is not None:
            alone = windowed.score(_protocol(self), windowed.given(_windows(self, chosen_by, train), fake))
            result["validation"] = {"model": _means({"model": windowed.summary(alone)})["model"]}
        return plain(result)

    def names(self, real: Series, train: Series) -> tuple[str, ...]:
        """The scores that it has of windows of `real` [time, feature], found on these themselves.

        Raises ValueError where there are too few.
        """
        if _count(self, len(real)) < LEAST:
            raise ValueError(
                f"{len(real)} rows hold {_count(self, len(real))} windows of {self.window}, and scores need {LEAST}: "
                "raise this part's share in windows.fractions"
            )
        windows = _windows(self, real, train)
        itself = windowed.score(_protocol(self), lambda repeat: (windows.real, windows.real))
        return tuple(itself.values)

    def write_report(self, path: str | PathLike[str], **parts: Any) -> dict[str, bytes]:
        """The report of a run that was judged so: see `window_report.write_report`."""
        from fingan_jax.evaluation import window_report  # matplotlib, which training does not wait for

        return window_report.write_report(path, window=self.window, **parts)


class _Section(NamedTuple):
    """Scores by generator, the model among them, the floors that could not be fitted, and scores that could not be."""

    rows: dict[str, dict[str, dict[str, Any]]]
    unfitted: dict[str, str]
    reasons: dict[str, str]


def _section(judge: LevelWindows, real: Series, train: Series, fake: PathArray) -> _Section:
    """The model and the floors, all fitted to windows of `train`, against windows of `real`."""
    windows = _windows(judge, real, train)
    draws, unfitted = windowed.floors(windows)
    scores = {
        REPORTED.get(name, name): windowed.score(_protocol(judge), draw)
        for name, draw in {"model": windowed.given(windows, fake), **draws}.items()
    }
    reasons = {f"{name}: {key}": why for name, found in scores.items() for key, why in found.reasons.items()}
    return _Section({name: windowed.summary(found) for name, found in scores.items()}, unfitted, reasons)


def _windows(judge: LevelWindows, real: Series, train: Series) -> Windows:
    scale = scale_of(train)
    ours, theirs = (scale.forward(_cut(judge, as_series("real", series))) for series in (train, real))
    return Windows(ours, theirs, train, scale)


def _means(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    means = {name: {key: x["mean"] for key, x in scores.items()} for name, scores in rows.items()}
    return {"model": means.pop("model"), "floors": means, "real": {}}


def _protocol(judge: LevelWindows) -> Protocol:
    cut = Cut(window=judge.window, stride=judge.stride)
    return Protocol(NAME, cut, judge.metrics, judge.repeats, judge.seed)


def _count(judge: LevelWindows, rows: int) -> int:
    """How many windows so many rows hold."""
    return max(0, -(-(rows - judge.window + 1) // judge.stride))


def _cut(judge: LevelWindows, series: Series) -> PathArray:
    """At most `limit` of all windows, evenly spread: [N, window, feature]."""
    every = rolling(series, judge.window, judge.stride)
    return every[np.linspace(0, len(every) - 1, min(len(every), judge.limit)).round().astype(int)]


def _joined(samples: PathArray, window: int) -> PathArray:
    """Windows one after another in each path; what is left of a path at its end is left out."""
    days, features = samples.shape[1:]
    if days < window:
        raise ValueError(f"paths of {days} days hold no window of {window}: raise sampling.num_days")
    return samples[:, : days // window * window].reshape(-1, window, features)


def _about(judge: LevelWindows, real: Series, train: Series, samples: PathArray) -> dict[str, Any]:
    """What was compared with what, for whoever reads the numbers later."""
    held_out = len(real) > 0
    count = min(judge.limit, _count(judge, len(real if held_out else train)))
    scored = "windows of held-out days" if held_out else "windows that the model was trained on: no days are held out"
    settings = {key: getattr(judge, key) for key in ("window", "stride", "limit", "repeats", "seed")}
    return settings | {
        "name": NAME,
        "scored": scored,
        "real_days": len(real),
        "real_windows": count,
        "train_days": len(train),
        "model_paths": len(samples),
        "days": samples.shape[1],
        "notes": [
            f"* best of the model and the floors, against {count} {scored}.",
            f"real half: one random half of these {count} windows against the other, for reference.",
        ],
    }
