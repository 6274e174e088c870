"""Saving while the index is rebuilt."""

import threading

from store import Index, Store


def save_and_rebuild():
    index = Index()
    store = Store(index)
    saver = threading.Thread(target=store.save, args=("a", "first words"), name="saver")
    rebuilder = threading.Thread(target=index.rebuild, args=(store,), name="rebuilder")
    saver.start()
    rebuilder.start()
    saver.join()
    rebuilder.join()


def test_save_while_rebuilding():
    save_and_rebuild()
