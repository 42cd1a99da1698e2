"""Hypothesis without a deadline: the first example of a traced function pays for its compilation."""

from hypothesis import settings

settings.register_profile("data", deadline=None)
settings.load_profile("data")
