"""Attacks on the labels: what a method remembers, writes, digs up or smuggles gains it nothing."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import py_compile
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.paths import cache_home
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.sample import Media, Sample
from aqa_bench.datasets.stick_figures.adapter import StickFigures
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.worker.failures import failure, raised
from aqa_bench.protocol.worker.media_desk import MediaDesk

spec = importlib.util.spec_from_file_location("strangers", Path(__file__).with_name("strangers.py"))
assert spec is not None
assert spec.loader is not None
strangers: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(strangers)
DATASET, HONEST, labels_by = strangers.DATASET, strangers.HONEST, strangers.labels_by

REMEMBER = "known.update((key(s), t) for s, t in [*train, *val])"
ASK = f"""
from aqa_bench.core.registry import open_dataset
open_dataset("{DATASET}").targets("form")
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return strangers.Stranger(tmp_path, monkeypatch)


def almost(accuracy: float) -> bool:
    return accuracy == pytest.approx(HONEST, abs=0.02)


def test_the_harness_of_these_attacks_would_notice_a_gain(stranger: Any) -> None:
    table = labels_by(lambda name: StickFigures().samples("form")[name].media.draw_seed("x").__str__())
    name = stranger.write(
        anywhere=f"KNOWN = {table!r}", key='str(s.media.draw_seed("x"))', fit="known.update(KNOWN)"
    )
    assert stranger.accuracy(name) == 1.0, "a method that carries the answers, which only its reader can tell"


@pytest.mark.parametrize(
    "key", ["s.id", "s.group", "s.media.content_key", "s.media.keypoints('openpose-18').tobytes()"]
)
def test_state_kept_between_folds(stranger: Any, key: str) -> None:
    name = stranger.write(key=key, fit=f"known = KNOWN\n{REMEMBER}")
    assert almost(stranger.accuracy(name))


def test_a_compiled_file_in_the_place_of_its_source(stranger: Any) -> None:
    """Python would run it unseen: this kind says that nobody need look whether it is of that source."""
    name = stranger.write(key="s.media.content_key")
    source = next(stranger.folder.rglob("method.py"))
    told = source.read_text()
    source.write_text(told.replace("known.get(key(s), 0.25)", "0.75"))
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text(told)
    assert almost(stranger.accuracy(name))


def test_an_error_of_media_that_names_their_file(tmp_path: Path) -> None:
    """Asking for what is not there would tell the name that ids hide; who runs the method still reads it."""

    class Broken(Media):
        def image(self, size: object = None) -> Any:
            raise DataError("A video is damaged.", where="/data/bad/squat-7.mp4", found="no squat-7.mp4")

    desk, sent = MediaDesk(b"secret", tmp_path), []
    desk.enter([Sample("s1", "g1", Broken())])
    line: Any = SimpleNamespace(send=lambda header, *_: sent.append(header))
    desk.answer(line, {"id": 1, "ask": "image", "media": 0, "arguments": [8]})
    told = raised(sent[0]["error"])
    assert isinstance(told, DataError)
    assert "squat-7" not in str(sent)
    read = raised(desk.reworded(failure(told)))
    assert (read.where, read.found, read.what) == (
        "/data/bad/squat-7.mp4",
        "no squat-7.mp4",
        "A video is damaged.",
    )


def test_imports_that_the_next_split_finds_made(stranger: Any) -> None:
    """A worker is spared what an earlier one imported; if that knew labels, its choice would spell them."""
    name = stranger.write(
        fit="self.found = 'scipy.io.wavfile' in sys.modules\nimport scipy.io.wavfile",
        predict="known.update((key(s), 1.0) for s in samples if self.method.found)",
    )
    assert set(read_predictions(stranger.run(name, folds=3) / "predictions.csv")["score"]) == {0.25}


def test_state_kept_on_the_instance(stranger: Any) -> None:
    assert almost(stranger.accuracy(stranger.write(key="s.media.content_key", fit=REMEMBER)))


WRITE = f"""
file = ctx.cache / "labels.json"
for folder in (ctx.cache, *ctx.shared, ctx.cache.parent):
    for old in [*folder.rglob("labels.json")]:
        known.update(json.loads(old.read_text()))
{REMEMBER}
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text(json.dumps(known))
"""


def test_labels_written_to_the_cache_for_the_next_fold_and_the_next_seed(stranger: Any) -> None:
    name = stranger.write(key="s.media.content_key", fit=WRITE)
    assert almost(stranger.accuracy(name, seed=0))
    assert almost(stranger.accuracy(name, seed=1))
    assert [*cache_home().rglob("labels.json")] == []


def test_a_leaky_run_that_fills_the_cache_for_the_honest_one(stranger: Any) -> None:
    leak = WRITE.replace("[*train, *val]", "[*train, *val, *(ctx.leaked or ())]")
    name = stranger.write(key="s.media.content_key", fit=leak)
    stranger.run(name, scheme="one-class-leaky")
    assert almost(stranger.accuracy(name))


PREPARE = """
def prepare(self, pool, samples, ctx):
    ctx.cache.mkdir(parents=True, exist_ok=True)
    if not [*ctx.cache.iterdir()]:
        for s in samples[:12]:
            (ctx.cache / s.media.content_key).write_text("good")
    return {}
"""


def test_who_is_prepared_first_where_only_good_samples_are_trained_on(stranger: Any) -> None:
    """What is kept of samples without labels would say which of them another split learnt from as good."""
    name = stranger.write(
        key="s.media.content_key",
        methods=PREPARE,
        fit="known.update((file.name, 0.0) for folder in ctx.shared for file in folder.glob('*'))",
    )
    table = read_predictions(stranger.run(name, scheme="one-class", folds=3) / "predictions.csv")
    told = set(table.loc[(table["split"] == "test") & (table["score"] == 0), "sample_id"])
    assert len(told) > 5
    assert any(StickFigures().targets("form")[sample] for sample in told)


def test_ids_and_groups_reversed_by_the_public_list_of_names(stranger: Any) -> None:
    table = labels_by(lambda name: hashlib.sha256(f"{DATASET}\x1f{name}".encode()).hexdigest()[:16])
    name = stranger.write(anywhere=f"KNOWN = {table!r}", key="s.id[1:]", fit="known.update(KNOWN)")
    assert almost(stranger.accuracy(name))


def test_content_keys_looked_up_in_a_public_manifest(stranger: Any) -> None:
    samples = StickFigures().samples("form")
    table = labels_by(lambda name: samples[name].media.content_key)
    name = stranger.write(anywhere=f"KNOWN = {table!r}", key="s.media.content_key", fit="known.update(KNOWN)")
    assert almost(stranger.accuracy(name))


@pytest.mark.parametrize("place", ["anywhere", "init", "fit", "predict"])
def test_the_dataset_opened_at_import_in_init_fit_or_predict(stranger: Any, place: str) -> None:
    name = stranger.write(**{place: ASK})
    with pytest.raises(Exception, match="custody"):
        stranger.run(name)


def test_the_dataset_opened_in_a_thread(stranger: Any) -> None:
    name = stranger.write(
        anywhere=f"""
        def ask():
            from aqa_bench.core.registry import open_dataset
            try:
                KNOWN.update(open_dataset("{DATASET}").targets("form"))
            except Exception as error:
                KNOWN["refused"] = error
        """,
        fit="""
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        raise KNOWN["refused"]
        """,
    )
    with pytest.raises(MethodError, match="custody"):
        stranger.run(name)


def test_an_answer_that_is_converted_late(stranger: Any) -> None:
    name = stranger.write(
        anywhere=f"""
        class Late:
            def __array__(self, dtype=None, copy=None):
                from aqa_bench.core.registry import open_dataset
                open_dataset("{DATASET}").targets("form")
        """,
        predict="return Late()",
    )
    with pytest.raises(MethodError, match="custody"):
        stranger.run(name)


_FRAMES = """frame, found = sys._getframe(), []
while frame:
    found += [*frame.f_locals.values(), *frame.f_globals.values()]
    frame = frame.f_back"""


@pytest.mark.parametrize(
    "dig",
    [
        "found = [vars(s.media) for s in samples]",
        "found = gc.get_objects()",
        _FRAMES,
        "import ctypes\nfound = [v for m in [*sys.modules.values()] for v in vars(m).values()]",
    ],
    ids=["attributes of media", "gc", "frames", "modules"],
)
def test_the_process_searched_for_labels_and_adapters(stranger: Any, dig: str) -> None:
    name = stranger.write(
        predict=f"""
        from aqa_bench.core.dataset import Dataset
        {dig.replace(chr(10), chr(10) + " " * 8)}
        assert not any(isinstance(thing, Dataset) for thing in found)
        tables = [t for t in found if isinstance(t, dict) and "form" in t]
        texts = [k for t in found if isinstance(t, dict) for k in [*t] if isinstance(k, str)]
        names = [k for k in texts if k.startswith("s18-")]
        assert not tables and not names, (tables, names)
        """
    )
    assert almost(stranger.accuracy(name))


def test_a_checker_that_is_patched(stranger: Any) -> None:
    name = stranger.write(
        predict="""
        import aqa_bench.protocol.worker.stages as stages
        import aqa_bench.protocol.custody as custody
        stages.checked_scores = custody.checked_scores = lambda raw, *_: np.asarray(raw)
        return np.full(len(samples), 7.5)
        """
    )
    with pytest.raises(MethodError, match="scores that cannot be used"):
        stranger.run(name)
    assert checked_scores.__module__ == "aqa_bench.protocol.custody"


def test_questions_about_samples_that_were_not_given(stranger: Any) -> None:
    name = stranger.write(
        predict="samples[0].media.keeper.link.ask('keypoints', 'openpose-18', media=10_000)"
    )
    with pytest.raises(MethodError, match="is invalid"):
        stranger.run(name)


@pytest.mark.parametrize("ask", ["targets", "__class__", "_ask", "store"])
def test_questions_that_media_do_not_answer(stranger: Any, ask: str) -> None:
    name = stranger.write(predict=f"samples[0].media.keeper.link.ask({ask!r}, media=samples[0].media.number)")
    with pytest.raises(MethodError):
        stranger.run(name)


def test_what_a_task_withholds(stranger: Any) -> None:
    name = stranger.write(
        predict="""
        from aqa_bench.core.errors import DataError
        for ask in ("frames", "image", "distances", "features"):
            try:
                arguments = {"frames": [None, None], "image": [None]}.get(ask, [])
                media = samples[0].media
                media.keeper.link.ask(ask, *arguments, media=media.number)
            except DataError:
                continue
            raise AssertionError(ask)
        """
    )
    assert almost(stranger.accuracy(name))


def test_a_pickle_in_the_reply(stranger: Any, tmp_path: Path) -> None:
    mark = tmp_path / "unpickled"
    name = stranger.write(
        anywhere=f"""
        import pickle
        class Bomb:
            def __reduce__(self):
                return (os.system, ("touch {mark}",))
        """,
        predict="""
        connection = samples[0].media.keeper.link._channel.connection
        connection.sendall(pickle.dumps(Bomb()))
        time.sleep(600)
        """,
    )
    with pytest.raises(MethodError, match="sent an invalid reply"):
        stranger.run(name)
    assert not mark.exists()


@pytest.mark.parametrize(
    "reply",
    [
        "{'say': 'done'}",
        "{'say': 'done', 'report': [], 'seconds': [0, 0]}",
        "{'say': 'done', 'report': {'device': 'x' * 5000}, 'seconds': [0, 0]}",
        "{'say': 'done', 'report': {}, 'seconds': [0, 0]}",
        "{'say': 'failed', 'error': 'x'}",
        "{'say': 'part'}",
        "{'say': {}}",
    ],
)
def test_a_forged_reply(stranger: Any, reply: str) -> None:
    name = stranger.write(predict=f"samples[0].media.keeper.link.tell({reply})\ntime.sleep(600)")
    with pytest.raises(MethodError):
        stranger.run(name)


@pytest.mark.parametrize(
    ("death", "how"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os._exit(9)", "exit status 9"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_a_process_that_is_ended_from_within(stranger: Any, death: str, how: str) -> None:
    with pytest.raises(MethodError, match="ended its process without an answer") as caught:
        stranger.run(stranger.write(predict=death))
    assert how in str(caught.value.found)
    assert caught.value.where == f"{DATASET} form, r0f0"


def test_system_exit_is_no_way_out(stranger: Any) -> None:
    with pytest.raises(MethodError, match="failed"):
        stranger.run(stranger.write(predict="sys.exit(0)"))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("group", ["", "os.setsid()"], ids=["same group", "own session"])
def test_a_fork_that_survives_and_waits_for_more(stranger: Any, tmp_path: Path, group: str) -> None:
    pids = tmp_path / "pids"
    name = stranger.write(
        fit=f"""
        if not os.fork():
            {group or "pass"}
            with open({str(pids)!r}, "a") as file:
                file.write(f"{{os.getpid()}}\\n")
            time.sleep(600)
            os._exit(0)
        while not Path({str(pids)!r}).exists():
            time.sleep(0.01)
        """
    )
    assert almost(stranger.accuracy(name))
    survivors = [int(line) for line in pids.read_text().split()]
    deadline = time.monotonic() + 10
    while any(map(alive, survivors)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, survivors))


def test_threads_and_exit_handlers_that_want_to_stay(stranger: Any, tmp_path: Path) -> None:
    mark = tmp_path / "late"
    name = stranger.write(
        fit=f"""
        atexit.register(lambda: Path({str(mark)!r}).touch())
        atexit.register(time.sleep, 600)
        threading.Thread(target=time.sleep, args=(600,)).start()
        """
    )
    started = time.monotonic()
    assert almost(stranger.accuracy(name))
    assert time.monotonic() - started < 120
    assert not mark.exists()


def test_the_folder_of_data_is_not_named_in_the_environment(stranger: Any) -> None:
    assert "AQA_BENCH_DATA" in os.environ
    name = stranger.write(
        fit="""
        assert "AQA_BENCH_DATA" not in os.environ
        assert b"AQA_BENCH_DATA" not in Path("/proc/self/environ").read_bytes()
        """
    )
    assert almost(stranger.accuracy(name))


def test_code_at_import_does_not_reach_the_runner(stranger: Any) -> None:
    name = stranger.write(
        anywhere="import aqa_bench.stats.scoring as s\ns.evaluate = None\nos.environ['OWNED'] = '1'"
    )
    wanted = resolve(Request(DATASET, name))
    assert not any(module.startswith("strange_") for module in sys.modules)
    assert wanted.recipe.model_dump() == {"scheme": None}
    assert "OWNED" not in os.environ
    assert almost(stranger.accuracy(name))


def test_a_preparation_sees_no_label(stranger: Any) -> None:
    name = stranger.write(
        uses_pool=True,
        methods="""
        def prepare(self, pool, samples, ctx):
            assert ctx.leaked is None and not (pool and samples)
            assert not any(hasattr(s, "target") for s in (*pool, *samples))
            (ctx.cache / "seen").mkdir(parents=True, exist_ok=True)
            return {"pool": len(pool)}
        """,
        fit="assert ctx.prepared['pool'] == len(pool) and [*ctx.places('seen')][1].is_dir()",
    )
    assert almost(stranger.accuracy(name, scheme="folds"))


def test_a_preparation_of_other_code_is_not_found(stranger: Any) -> None:
    poison = """
    def prepare(self, pool, samples, ctx):
        ctx.cache.mkdir(parents=True, exist_ok=True)
        (ctx.cache / "poison").touch()
        return {}
    """
    stranger.run(stranger.write(methods=poison))
    name = stranger.write(
        methods="def prepare(self, pool, samples, ctx):\n    return {}",
        fit="assert not any(p.exists() for p in ctx.places('poison'))",
    )
    assert almost(stranger.accuracy(name, out="other"))
