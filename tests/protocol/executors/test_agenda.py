from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.protocol.executors.agenda import Agenda, wanted_for


def test_nobody_waits_while_a_third_job_can_be_done(job) -> None:
    jobs = [job("p1"), job("2", after=("p1",)), job("3", after=("p1",)), job("4")]
    agenda = Agenda(jobs)
    assert [agenda.take(), agenda.take(), agenda.take()] == [jobs[0], jobs[3], None]
    assert agenda.ended(jobs[0], well=True) == []
    assert [agenda.take(), agenda.take(), agenda.take()] == [jobs[1], jobs[2], None]


def test_what_the_longest_work_waits_for_comes_first(job) -> None:
    short, long = job("p1", seconds=1.0), job("p2", seconds=1.0)
    heads = [job("3", after=("p1",), seconds=2.0), job("4", after=("p2",), seconds=9.0)]
    agenda = Agenda([short, long, *heads, job("5", seconds=5.0)])
    assert [agenda.take().id[-1] for _ in range(3)] == ["2", "5", "1"]


def test_without_estimates_first_seeds_come_first(job) -> None:
    jobs = [job("1", seed=0), job("2", seed=1), job("3", seed=0), job("4", seed=1)]
    agenda = Agenda(jobs)
    assert [agenda.take() for _ in jobs] == [jobs[0], jobs[2], jobs[1], jobs[3]]


def test_gpus_and_cpus_take_their_own(job) -> None:
    picture, plain = job("1", gpu=True), job("2")
    agenda = Agenda([plain, picture])
    assert agenda.take(gpu=True, cpu=False) == picture
    assert agenda.take(gpu=True, cpu=False) is None
    assert agenda.take(gpu=False) == plain


def test_what_waits_for_a_failure_is_given_up_once(job) -> None:
    jobs = [job("p1"), job("p2"), job("3", after=("p1", "p2")), job("4", after=("p2",))]
    agenda = Agenda(jobs)
    assert {agenda.take(), agenda.take()} == {*jobs[:2]}
    assert agenda.ended(jobs[0], well=False) == [jobs[2]]
    assert agenda.ended(jobs[1], well=True) == []
    assert [agenda.take(), agenda.take()] == [jobs[3], None]


def test_only_pre_trainings_that_are_waited_for_are_wanted(job) -> None:
    jobs = [job("p1"), job("p2"), job("3", after=("p1",)), job("4", after=("p2",))]
    assert wanted_for(jobs, [jobs[3].request]) == [jobs[1], jobs[3]]


@given(st.lists(st.tuples(st.sets(st.integers(0, 5), max_size=3), st.booleans()), max_size=12), st.randoms())
def test_every_job_is_taken_once_and_after_what_it_waits_for(runs, chance) -> None:
    from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
    from aqa_bench.protocol.plan import Request

    jobs = [
        PlannedJob(id=f"p{i:012x}", kind=JobKind.PRETRAINING, request=Request("d", "m", seed=i))
        for i in range(6)
    ]
    jobs += [
        PlannedJob(
            id=f"{i:012x}",
            kind=JobKind.RUN,
            request=Request("d", "m", seed=i),
            after=tuple(f"p{n:012x}" for n in after),
            gpu=gpu,
        )
        for i, (after, gpu) in enumerate(runs)
    ]
    agenda, at_work, ended = Agenda(jobs), [], set()
    while True:
        if (job := agenda.take()) is not None:
            assert ended >= {*job.after}
            at_work.append(job)
        elif at_work:
            done = at_work.pop(chance.randrange(len(at_work)))
            ended.add(done.id)
            agenda.ended(done, well=True)
        else:
            break
    assert ended == {job.id for job in jobs}
