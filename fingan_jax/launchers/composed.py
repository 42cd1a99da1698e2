"""The jobs of a sweep before they run: each one's own config, resolved, and its folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import setup_globals
from omegaconf import DictConfig, OmegaConf, open_dict


class Job(NamedTuple):
    """A job: its overrides, its config without Hydra's part, and its run folder."""

    overrides: list[str]
    cfg: DictConfig
    folder: Path


def compose(context: Any, config: DictConfig, overrides: Sequence[str], number: int) -> Job:
    """The job that `overrides` make of the sweep's `config`. Raises: an error of Hydra's for a wrong override."""
    setup_globals()
    sweep = context.config_loader.load_sweep_config(config, list(overrides))
    OmegaConf.set_readonly(sweep.hydra.runtime, False)
    with open_dict(sweep):
        sweep.hydra.job.id = sweep.hydra.job.num = number
    with _current(sweep):
        folder = Path(str(sweep.hydra.sweep.dir)) / str(sweep.hydra.sweep.subdir)
        sweep.hydra.runtime.output_dir = str(folder.absolute())
        task = {key: node for key, node in sweep.items_ex(resolve=False) if key != "hydra"}
        cfg = DictConfig(OmegaConf.to_container(OmegaConf.create(task), resolve=True))
    OmegaConf.set_struct(cfg, True)
    return Job(list(overrides), cfg, folder)


@contextmanager
def _current(config: DictConfig) -> Iterator[None]:
    """`${hydra:...}` means this config within."""
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before
