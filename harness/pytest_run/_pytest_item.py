"""What of pytest's tests and fixtures has no public name; nobody else touches it."""

# ruff: noqa: SLF001  # this module is the one place for it

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from _pytest._code.code import ExceptionInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest
    from _pytest.fixtures import FixtureDef

    Definition = FixtureDef[Any]

FUNCTION: Final = "function"
REQUEST: Final = "request"
_METHODS: Final = (
    ("_xunit_setup_method_fixture_", "setup_method and teardown_method"),
    ("_xunit_setup_function_fixture_", "setup_function and teardown_function"),
    ("_unittest_setup_method_fixture_", "setup_method and teardown_method"),
)


def is_function_scoped(item: pytest.Function, name: str) -> bool:
    """Say whether pytest would make a fixture anew for this test; False where there is none."""
    if name == REQUEST:
        return True
    definition = definition_of(item, name)
    if definition is None:
        return False
    callspec = getattr(item, "callspec", None)
    if callspec is not None and name in callspec.params:
        return bool(callspec._arg2scope[name].value == FUNCTION)
    return definition.scope == FUNCTION


def definition_of(item: pytest.Function, name: str) -> Definition | None:
    """Return the definition of a fixture that counts for a test."""
    definitions = item._fixtureinfo.name2fixturedefs.get(name)
    return definitions[-1] if definitions else None


def arguments_of(item: pytest.Function) -> tuple[str, ...]:
    """Return the names of the fixtures that the test's function takes."""
    return tuple(item._fixtureinfo.argnames)


def parameters_of(item: pytest.Function) -> Mapping[str, object]:
    """Return the parameters of a parametrised test."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


def fill_by(item: pytest.Function, fill: Callable[[], None]) -> None:
    """Let the set-up of a test call `fill` for its fixtures."""
    request: Any = item._request
    request._fillfixtures = fill


def value_of(item: pytest.Function, name: str) -> object:
    """Make a fixture, or return the one that is there."""
    return item._request.getfixturevalue(name)


def definitions_in_use(item: pytest.Function) -> dict[str, Definition]:
    """Return the definitions of all fixtures that were made for a test, by their names."""
    return dict(item._request._fixture_defs)


def new_request(
    item: pytest.Function, definitions: Mapping[str, Definition], values: Mapping[str, object]
) -> None:
    """Give a test a request that knows no fixtures but these, which are made already."""
    item._initrequest()
    item._request._fixture_defs.update(definitions)
    item.funcargs.update(values)


def new_instance(item: pytest.Function) -> None:
    """Let the test have a new instance of its class when it is next asked for."""
    item._obj = None
    vars(item).pop("_instance", None)


def set_instance(item: pytest.Function, instance: object, method: object) -> None:
    """Give a test the instance of its class that it is to have, and its method."""
    item._instance = instance
    item.obj = method


def text_of_error(item: pytest.Function, error: BaseException) -> Any:  # noqa: ANN401  # pytest's own
    """Return an error as pytest prints one of a test's set-up."""
    style = item.config.getoption("tbstyle", "auto")
    return item._repr_failure_py(ExceptionInfo.from_exception(error), style=style)


def finalizers_of_test(item: pytest.Function) -> list[Callable[[], object]]:
    """Return what is called when the test is over, the last one first. Live."""
    finalizers: list[Callable[[], object]] = item.session._setupstate.stack[item][0]
    return finalizers


def fixture_of(finalizer: Callable[[], object]) -> str:
    """Return the name of the fixture that a finaliser of a test tears down, for people."""
    definition = getattr(getattr(finalizer, "func", None), "__self__", None)
    return shown_name(getattr(definition, "argname", REQUEST))


def shown_name(name: str) -> str:
    """Return a fixture's name; pytest has fixtures of its own that stand for methods."""
    for begin, methods in _METHODS:
        if name.startswith(begin):
            return f"{methods} of {name.removeprefix(begin)}"
    return name


def finalizers_of_fixture(definition: Definition) -> list[Callable[[], object]]:
    """Return what is called when a fixture is torn down, the last one first. Live."""
    return definition._finalizers
