"""A stack, and nothing said of it but which calls there are."""

import harness


class Stack:
    def __init__(self):
        self._items = []

    def push(self, item):
        self._items.append(item)

    def pop(self):
        if not self._items:
            return None
        return self._items.pop()


harness.check_linearizable(Stack, operations=["pop", ("push", [1, 2])])
