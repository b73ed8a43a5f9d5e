"""A server that has not answered is asked again by one thread, and only after the pause."""

from leadsite.core.postgresql.pauses import Pause


def test_one_thread_tries_again_after_the_pause_and_the_others_do_not_wait():
    pause = Pause(60)
    assert [pause.is_over() for _ in range(2)] == [True, True]
    pause.begin()
    assert not pause.is_over()
    pause._until = 0.0
    assert [pause.is_over() for _ in range(3)] == [True, False, False]
    assert pause.end()
    assert [pause.is_over() for _ in range(3)] == [True, True, True]
    assert not pause.end()
