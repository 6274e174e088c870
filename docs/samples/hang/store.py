"""A store of documents, and an index that can be rebuilt while it is used."""

import threading
import time


class Store:
    def __init__(self, index):
        self._lock = threading.Lock()
        self._documents = {}
        self._index = index

    def save(self, name, text):
        with self._lock:
            self._documents[name] = text
            time.sleep(0.05)  # writes to disk
            self._index.add(name, text)

    def documents(self):
        with self._lock:
            return dict(self._documents)


class Index:
    def __init__(self):
        self._lock = threading.Lock()
        self._words = {}

    def add(self, name, text):
        with self._lock:
            for word in text.split():
                self._words.setdefault(word, set()).add(name)

    def rebuild(self, store):
        with self._lock:
            self._words.clear()
            time.sleep(0.05)  # writes to disk
            for name, text in store.documents().items():
                for word in text.split():
                    self._words.setdefault(word, set()).add(name)
