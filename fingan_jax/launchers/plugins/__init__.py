"""What Hydra sees of this package: the build maps this folder to hydra_plugins.fingan_jax, where Hydra looks."""

from fingan_jax.launchers.fused import FusedLauncher
from fingan_jax.launchers.search import SearchSweeper
from fingan_jax.launchers.sweeper import ResumableSweeper

__all__ = ["FusedLauncher", "ResumableSweeper", "SearchSweeper"]
