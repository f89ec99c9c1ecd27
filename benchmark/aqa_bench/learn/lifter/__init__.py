"""Where the lifter is: a small network trained on clips of no dataset, and one box per clip."""
