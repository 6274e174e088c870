"""The standard library's own primitives, as they were before anything was patched."""

from __future__ import annotations

import _thread
import queue
import threading
import time

allocate_lock = _thread.allocate_lock
make_rlock = _thread.RLock  # threading.RLock looks it up by a name that is patched
LockType = type(_thread.allocate_lock())
RLockType = _thread.RLock
Condition = threading.Condition
Event = threading.Event
Semaphore = threading.Semaphore
BoundedSemaphore = threading.BoundedSemaphore
Thread = threading.Thread
LocalType = threading.local
SimpleQueue = queue.SimpleQueue
start_new_thread = _thread.start_new_thread
start_new = _thread.start_new
count_threads = _thread._count  # noqa: SLF001  # the only counter that sees every thread
get_ident = _thread.get_ident
get_native_id = threading.get_native_id
current_thread = threading.current_thread
enumerate_threads = threading.enumerate
active_count = threading.active_count
sleep = time.sleep
monotonic = time.monotonic
monotonic_ns = time.monotonic_ns
perf_counter = time.perf_counter
perf_counter_ns = time.perf_counter_ns
wall_time = time.time
wall_time_ns = time.time_ns
process_time = time.process_time
process_time_ns = time.process_time_ns
thread_time = time.thread_time
thread_time_ns = time.thread_time_ns
