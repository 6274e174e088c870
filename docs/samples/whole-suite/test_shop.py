"""Tests as they were before anybody thought of interleavings."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from shop import Shop


def test_a_sale_takes_one_from_the_stock():
    shop = Shop(1)
    assert shop.sell()
    assert shop.stock == 0


def test_two_customers_get_two_things():
    shop = Shop(2)
    with ThreadPoolExecutor(2) as pool:
        sales = [pool.submit(shop.sell) for _ in range(2)]
    assert all(sale.result() for sale in sales)
    assert shop.sold == 2


def test_nobody_buys_what_is_not_there():
    shop = Shop(1)
    customers = [threading.Thread(target=shop.sell) for _ in range(2)]
    for customer in customers:
        customer.start()
    for customer in customers:
        customer.join()
    assert shop.stock == 0


def test_an_order_comes_over_the_wire():
    shop = Shop(1)
    here, there = socket.socketpair()

    def serve():
        if here.recv(4) == b"sell":
            shop.sell()

    server = threading.Thread(target=serve)
    server.start()
    time.sleep(0.05)
    there.sendall(b"sell")
    server.join()
    here.close()
    there.close()
    assert shop.sold == 1
