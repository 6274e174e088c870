"""What stress runs."""

import threading

from tickets import Tickets

import stress


@stress.scenario(threads=2, operations=200)
def sales(threads, operations):
    """One ticket goes to one buyer."""
    for _ in range(operations):
        tickets = Tickets()
        buyers = [threading.Thread(target=tickets.buy, args=(who,)) for who in range(threads)]
        for buyer in buyers:
            buyer.start()
        for buyer in buyers:
            buyer.join()
        assert len(tickets.sold) == 1, f"one ticket, {len(tickets.sold)} buyers"
