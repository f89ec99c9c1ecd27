"""The front door: what ``import aqa_bench`` offers, and the verbs of the command line stand on."""
