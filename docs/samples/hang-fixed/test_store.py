"""Saving while the index is rebuilt."""

import threading

from store import Index, Store

import harness


def save_and_rebuild():
    index = Index()
    store = Store(index)
    saver = threading.Thread(target=store.save, args=("a", "first words"), name="saver")
    rebuilder = threading.Thread(target=index.rebuild, args=(store,), name="rebuilder")
    saver.start()
    rebuilder.start()
    saver.join()
    rebuilder.join()


@harness.regression("hf2.2I5HKgABBwGgnAEDCwKBBQj4iK_J")
@harness.interleaved
def test_save_while_rebuilding():
    save_and_rebuild()
