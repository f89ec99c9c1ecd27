"""Judging one clip of a named exercise, with the evidence that stands behind the verdict."""
