from __future__ import annotations

from aqa_bench.protocol.executors.packing import arrays_of


def names(arrays) -> list[list[list[str]]]:
    return [[[job.id.lstrip("p0") for job in pack.jobs] for pack in array.packs] for array in arrays]


def test_short_jobs_are_packed_and_long_ones_are_alone(job) -> None:
    jobs = [
        job("1", seconds=50.0),
        job("2", seconds=40.0),
        job("3", seconds=30.0),
        job("4", seconds=99.0),
        job("5"),
    ]
    (array,) = arrays_of(jobs, pack_s=90.0, most=10)
    assert names([array]) == [[["1", "2"], ["4"], ["5"], ["3"]]]
    assert [pack.seconds for pack in array.packs] == [90.0, 99.0, None, 30.0]
    assert names(arrays_of(jobs, pack_s=0.0, most=10)) == [[["1"], ["2"], ["3"], ["4"], ["5"]]]


def test_an_array_is_never_larger_than_the_cluster_takes(job) -> None:
    arrays = arrays_of([job(str(i)) for i in range(1, 12)], pack_s=0.0, most=4)
    assert [len(array.packs) for array in arrays] == [4, 4, 3]


def test_heads_come_after_their_pre_training_with_others_that_wait_for_the_same(job) -> None:
    jobs = [job("p1"), job("p2"), job("3", after=("p1",)), job("4", after=("p2",)), job("5", after=("p1",))]
    arrays = arrays_of([*jobs, job("6"), job("7", gpu=True)], pack_s=1e9, most=10)
    assert names(arrays) == [[["1"], ["2"]], [["3"], ["5"]], [["4"]], [["6"]], [["7"]]]
    assert [array.after for array in arrays] == [(), (jobs[0].id,), (jobs[1].id,), (), ()]
    assert [array.gpu for array in arrays] == [False, False, False, False, True]


def test_parts_of_a_run_are_together_and_before_it(job) -> None:
    from aqa_bench.protocol.executors.job_file import JobKind, Place

    first, other = job("1"), job("2")
    parts = [
        run.model_copy(
            update={
                "id": f"{run.id}.{i:06x}",
                "kind": JobKind.PART,
                "fits": (Place(task="t"),),
                "seconds": 30.0,
            }
        )
        for i in range(2)
        for run in (first, other)
    ]
    first, other = (
        run.model_copy(update={"after": tuple(part.id for part in parts if part.run_id == run.id)})
        for run in (first, other)
    )
    arrays = arrays_of([*parts, first, other], pack_s=60.0, most=10)
    packs = [[[one.id for one in pack.jobs] for pack in array.packs] for array in arrays]
    assert packs == [[[*first.after]], [[*other.after]], [[first.id]], [[other.id]]]
