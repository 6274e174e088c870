"""Prices orders."""

import json
import threading
import time


class Book:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def price(self, order):
        rate = ask_rate()
        with self.lock:
            self.lines.append(json.dumps({**order, "rate": rate}))


def ask_rate():
    time.sleep(0.002)  # another service answers
    return 1.07


def take_orders(book):
    for number in range(10):
        book.price({"number": number})


def busy_hour():
    book = Book()
    threads = [threading.Thread(target=take_orders, args=(book,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
