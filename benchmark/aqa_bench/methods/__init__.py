from aqa_bench.core.checkout import search_path

__path__ = search_path("methods", list(__path__))
