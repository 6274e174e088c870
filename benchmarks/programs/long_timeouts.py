"""Threads that wait up to 30 seconds for something that never comes, in each common way."""

import queue
import threading

TIMEOUT_S = 30.0


def body() -> None:
    never, nothing = threading.Event(), queue.Queue[int]()
    condition = threading.Condition()

    def wait_for_an_event() -> None:
        assert not never.wait(TIMEOUT_S)

    def wait_for_an_item() -> None:
        try:
            nothing.get(timeout=TIMEOUT_S)
        except queue.Empty:
            return
        raise AssertionError("nobody puts an item")

    def wait_for_a_notification() -> None:
        with condition:
            assert not condition.wait(TIMEOUT_S)

    waits = (wait_for_an_event, wait_for_an_item, wait_for_a_notification)
    threads = [threading.Thread(target=wait) for wait in waits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
