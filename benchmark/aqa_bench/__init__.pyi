from aqa_bench.front.board import leaderboard as leaderboard
from aqa_bench.front.catalogue import list_datasets as list_datasets
from aqa_bench.front.catalogue import list_methods as list_methods
from aqa_bench.front.data import load_dataset as load_dataset
from aqa_bench.front.evaluation import evaluate as evaluate
from aqa_bench.front.running import run as run
from aqa_bench.protocol.saved.model import load_model as load_model

__version__: str
BENCHMARK_VERSION: str
