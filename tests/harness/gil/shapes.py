"""Small pieces of code that read `box.n`, do something, and write it back one greater.

An update is lost where another thread runs between the read and the write. Each function is one
way of being in between; `WAYS` says what CPython with the GIL does there, as far as was measured.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Box:
    """What is shared; `n` counts the updates."""

    def __init__(self) -> None:
        self.n = 0
        self.items = [0]
        self.table = {"n": 0}

    @property
    def doubled(self) -> int:
        return 0

    def plain(self) -> int:
        return 0

    def __len__(self) -> int:
        return 1


class Key:
    """Has its own hash and equality, which C code calls."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return False

    def __add__(self, other: object) -> int:
        return 0

    def __format__(self, spec: str) -> str:
        return ""

    def __getitem__(self, place: int) -> int:
        return 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None

    def __getattr__(self, name: str) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


class Child(Box):
    """Calls the method that it overrides."""

    def plain(self) -> int:
        return super().plain()


class Walked:
    """Is iterated by code of its own."""

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2))


class Written:
    """Runs code where an attribute is assigned."""

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    value = 0

    @property
    def stored(self) -> int:
        return 0

    @stored.setter
    def stored(self, value: int) -> None:
        pass


class Dying:
    """Runs code when it is let go."""

    def __del__(self) -> None:
        return None


KEY, OTHER = Key(), Key()
TABLE = {KEY: 0}
LIST = [KEY]
TEXTS = ["a", "b"]
WALKED, WRITTEN = Walked(), Written()


def nothing() -> None:
    return None


def identity(value: int) -> int:
    return value


def three() -> Iterator[int]:
    yield 1
    yield 2


@contextlib.contextmanager
def managed() -> Iterator[None]:
    yield


# -- nothing in between but plain code ------------------------------------------------------------


def add_in_place(box: Box) -> None:
    box.n += 1


def add_through_a_local(box: Box) -> None:
    n = box.n
    m = n + 1
    box.n = m


def arithmetic(box: Box) -> None:
    n = box.n
    m = (n * 3 - n) // 2
    box.n = n + 1 + m * 0


def comparison_and_branch(box: Box) -> None:
    n = box.n
    m = n + 1 if n >= 0 else 0
    box.n = m


def list_item(box: Box) -> None:
    n = box.n
    box.items[0] = 1
    box.n = n + 1


def dict_item(box: Box) -> None:
    n = box.n
    box.table["n"] = 1
    box.n = n + 1


def fresh_containers(box: Box) -> None:
    n = box.n
    _ = [n, n], {"n": n}, (n, n)
    box.n = n + 1


def unpacking(box: Box) -> None:
    n = box.n
    one, two = (n, 1)
    box.n = one + two


def f_string_of_an_int(box: Box) -> None:
    n = box.n
    _ = f"{n}"
    box.n = n + 1


def text_sum(box: Box) -> None:
    n = box.n
    _ = "a" + TEXTS[0]
    box.n = n + 1


def identity_test(box: Box) -> None:
    n = box.n
    _ = box is None
    box.n = n + 1


def membership_of_an_int(box: Box) -> None:
    n = box.n
    _ = n in box.items
    box.n = n + 1


def slice_of_a_list(box: Box) -> None:
    n = box.n
    _ = box.items[0:1]
    box.n = n + 1


def caught_exception(box: Box) -> None:
    n = box.n
    try:  # noqa: SIM105  # that is the shape
        _ = box.table["absent"]
    except KeyError:
        pass
    box.n = n + 1


def cached_import(box: Box) -> None:
    n = box.n
    import os.path  # noqa: F401, PLC0415  # that is the shape

    box.n = n + 1


# -- calls of C code ------------------------------------------------------------------------------


def length_of_a_list(box: Box) -> None:
    n = box.n
    len(box.items)
    box.n = n + 1


def instance_test(box: Box) -> None:
    n = box.n
    isinstance(box, Key)
    box.n = n + 1


def type_of(box: Box) -> None:
    n = box.n
    type(box)
    box.n = n + 1


def text_of_an_int(box: Box) -> None:
    n = box.n
    str(n)
    box.n = n + 1


def int_of_an_int(box: Box) -> None:
    n = box.n
    int(n)
    box.n = n + 1


def list_of_a_list(box: Box) -> None:
    n = box.n
    list(TEXTS)
    box.n = n + 1


def made_set(box: Box) -> None:
    n = box.n
    set(TEXTS)
    box.n = n + 1


def made_range(box: Box) -> None:
    n = box.n
    range(n)
    box.n = n + 1


def id_of(box: Box) -> None:
    n = box.n
    id(box)
    box.n = n + 1


def hash_of_an_int(box: Box) -> None:
    n = box.n
    hash(n)
    box.n = n + 1


def callable_test(box: Box) -> None:
    n = box.n
    callable(box)
    box.n = n + 1


def subclass_test(box: Box) -> None:
    n = box.n
    issubclass(Box, Key)
    box.n = n + 1


def absolute(box: Box) -> None:
    n = box.n
    abs(n)
    box.n = n + 1


def minimum(box: Box) -> None:
    n = box.n
    min(n, 1)
    box.n = n + 1


def attribute_by_name(box: Box) -> None:
    n = box.n
    getattr(box, "n")  # noqa: B009  # that is the shape
    box.n = n + 1


def appended(box: Box) -> None:
    n = box.n
    box.items.append(1)
    box.n = n + 1
    box.items.clear()


def popped(box: Box) -> None:
    n = box.n
    [n].pop()
    box.n = n + 1


def asked_of_a_dict(box: Box) -> None:
    n = box.n
    box.table.get("n")
    box.n = n + 1


def joined(box: Box) -> None:
    n = box.n
    ",".join(TEXTS)
    box.n = n + 1


def partial_of_c(box: Box) -> None:
    n = box.n
    functools.partial(abs, 1)()
    box.n = n + 1


def made_object(box: Box) -> None:
    n = box.n
    object()
    box.n = n + 1


def raised_anew(box: Box) -> None:
    n = box.n
    try:
        raise KeyError(n)  # noqa: TRY301  # that is the shape
    except KeyError:
        pass
    box.n = n + 1


# -- calls of Python code -------------------------------------------------------------------------


def function_call(box: Box) -> None:
    n = box.n
    nothing()
    box.n = n + 1


def function_in_the_sum(box: Box) -> None:
    box.n += identity(1)


def method_call(box: Box) -> None:
    n = box.n
    box.plain()
    box.n = n + 1


def lambda_call(box: Box) -> None:
    n = box.n
    (lambda: 0)()  # noqa: PLC3002  # that is the shape
    box.n = n + 1


def made_instance(box: Box) -> None:
    n = box.n
    Box()
    box.n = n + 1


def property_read(box: Box) -> None:
    n = box.n
    _ = box.doubled
    box.n = n + 1


def missing_attribute(box: Box) -> None:
    n = box.n
    _ = KEY.absent
    box.n = n + 1


def hash_of_a_key(box: Box) -> None:
    n = box.n
    _ = TABLE[KEY]
    box.n = n + 1


def equality_in_c(box: Box) -> None:
    n = box.n
    _ = OTHER in LIST
    box.n = n + 1


def own_sum(box: Box) -> None:
    n = box.n
    _ = KEY + KEY
    box.n = n + 1


def own_item(box: Box) -> None:
    n = box.n
    _ = KEY[0]
    box.n = n + 1


def own_comparison(box: Box) -> None:
    n = box.n
    _ = KEY < OTHER
    box.n = n + 1


def own_truth(box: Box) -> None:
    n = box.n
    if KEY:
        pass
    box.n = n + 1


def own_length(box: Box) -> None:
    n = box.n
    len(box)
    box.n = n + 1


def own_format(box: Box) -> None:
    n = box.n
    _ = f"{KEY}"
    box.n = n + 1


def sorted_by_a_function(box: Box) -> None:
    n = box.n
    sorted([2, 1], key=identity)
    box.n = n + 1


def own_manager(box: Box) -> None:
    n = box.n
    with KEY:
        pass
    box.n = n + 1


def generator_manager(box: Box) -> None:
    n = box.n
    with managed():
        pass
    box.n = n + 1


def destructor(box: Box) -> None:
    dying: Dying | None = Dying()
    n = box.n
    dying = None
    box.n = n + 1
    del dying


# -- loops ----------------------------------------------------------------------------------------


def for_loop(box: Box) -> None:
    n = box.n
    for _ in (1, 2):
        pass
    box.n = n + 1


def while_loop(box: Box) -> None:
    n = box.n
    turns = 2
    while turns:
        turns -= 1
    box.n = n + 1


def list_comprehension(box: Box) -> None:
    n = box.n
    _ = [one for one in (1, 2)]  # noqa: C416  # that is the shape
    box.n = n + 1


def generator_expression(box: Box) -> None:
    n = box.n
    sum(one for one in (1, 2))
    box.n = n + 1


def generator_function(box: Box) -> None:
    n = box.n
    for _ in three():
        pass
    box.n = n + 1


# -- more of both --------------------------------------------------------------------------------


def private_append(box: Box) -> None:
    mine: list[int] = []
    n = box.n
    mine.append(1)
    box.n = n + 1


def private_length(box: Box) -> None:
    mine = [1]
    n = box.n
    len(mine)
    box.n = n + 1


def private_set(box: Box) -> None:
    mine: set[int] = set()
    n = box.n
    mine.add(1)
    box.n = n + 1


def private_pop(box: Box) -> None:
    mine = [1]
    n = box.n
    mine.pop()
    box.n = n + 1


def finally_block(box: Box) -> None:
    n = box.n
    try:
        pass
    finally:
        box.n = n + 1


def suppressed_exception(box: Box) -> None:
    n = box.n
    with contextlib.suppress(KeyError):
        _ = box.table["absent"]
    box.n = n + 1


def chained_comparison(box: Box) -> None:
    n = box.n
    _ = 0 <= n <= 10**9
    box.n = n + 1


def structural_match(box: Box) -> None:
    n = box.n
    match n:
        case int():
            pass
    box.n = n + 1


def star_unpacking(box: Box) -> None:
    n = box.n
    _ = [*box.items]
    box.n = n + 1


def deleted_item(box: Box) -> None:
    mine = {"a": 1}
    n = box.n
    del mine["a"]
    box.n = n + 1


def made_function(box: Box) -> None:
    n = box.n

    def inner() -> None:
        return None

    _ = inner
    box.n = n + 1


def made_class(box: Box) -> None:
    n = box.n

    class Inner:
        pass

    _ = Inner
    box.n = n + 1


def super_call(box: Box) -> None:
    n = box.n
    Child().plain()
    box.n = n + 1


def own_iteration(box: Box) -> None:
    n = box.n
    for _ in WALKED:
        pass
    box.n = n + 1


def unpacked_generator(box: Box) -> None:
    n = box.n
    _, _ = three()
    box.n = n + 1


def own_containment(box: Box) -> None:
    n = box.n
    _ = KEY in TABLE
    box.n = n + 1


def own_negation(box: Box) -> None:
    n = box.n
    _ = not KEY
    box.n = n + 1


def own_in_place_sum(box: Box) -> None:
    n = box.n
    total: Any = KEY
    total += 1
    box.n = n + 1


def own_attribute_write(box: Box) -> None:
    n = box.n
    WRITTEN.value = 1
    box.n = n + 1


def property_write(box: Box) -> None:
    n = box.n
    WRITTEN.stored = 1
    box.n = n + 1


def next_of_a_generator(box: Box) -> None:
    n = box.n
    next(three())
    box.n = n + 1


def asserted(box: Box) -> None:
    n = box.n
    assert n >= 0
    box.n = n + 1


def two_word_text(box: Box) -> None:
    n = box.n
    _ = "%s" % n  # noqa: UP031  # that is the shape
    box.n = n + 1


def dictionary_merge(box: Box) -> None:
    n = box.n
    _ = {**box.table}
    box.n = n + 1


def conditional_expression(box: Box) -> None:
    n = box.n
    _ = 1 if box.items else 2
    box.n = n + 1


SHAPES: tuple[Callable[[Box], None], ...] = tuple(
    value
    for value in list(globals().values())
    if getattr(value, "__annotations__", {}).get("box") == "Box"
)

NAMES = tuple(shape.__name__ for shape in SHAPES)


def two_threads(shape: Callable[[Box], None]) -> Any:
    """Return a body that fails if one of two updates can be lost."""
    import threading  # noqa: PLC0415  # the child of real threads has its own

    def body() -> None:
        box = Box()
        threads = [threading.Thread(target=shape, args=(box,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert box.n == 2

    return body
