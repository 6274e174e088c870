"""Links that follow from how the project names things.

- A type is written where it lives (`harness.finding.Finding`) and documented where it is imported
  from (`harness.Finding`): the link goes to the face. One that no face offers is plain code.
- A name of the standard library is a link to its manual, without asking the network for a list.
- What stands in single backticks in a docstring is code; where it names something documented, it is
  a link, too.

What is neither ours nor the standard library's stays a warning, and so an error of the build.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import desc_signature, pending_xref
from sphinx.ext.napoleon import GoogleDocstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils.parsers.rst.states import Inliner
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ("hypothesis", "click", "pytest")  # their names are plain code: they have manuals
OURS = ("harness", "stress", "fuzz", "reports", "secmem", "holdfast")
MANUAL = "https://docs.python.org/3/library"
# Built-in types that the manual keeps elsewhere than on the page of functions.
STDTYPES = {"int", "float", "bytes", "bytearray", "memoryview", "str", "dict", "list", "tuple"}
STDTYPES |= {"set", "frozenset", "range", "complex"}
PAGE = re.compile(r"docs/(?P<name>[\w/-]+)\.md")
NAME = re.compile(r"[A-Za-z_][\w.]*\w(\(\))?")


def code_or_link(  # docutils' own signature
    _role: str,
    rawtext: str,
    text: str,
    _line: int,
    inliner: Inliner,
    _options: dict[str, Any] | None = None,
    _content: list[str] | None = None,
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Read single backticks: code, and a link once it turns out to name something."""
    plain = text.replace("\x00", "\\")
    code = nodes.literal(rawtext, plain, classes=["xref", "py"])
    env = inliner.document.settings.env
    page = PAGE.fullmatch(plain)
    if page is not None:
        kind = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page['name']}"}
    elif NAME.fullmatch(plain):
        kind = {"refdomain": "py", "reftype": "obj", "reftarget": plain.removesuffix("()")}
    else:
        return [code], []
    link = pending_xref(rawtext, code, refdoc=env.docname, refexplicit=page is not None, **kind)
    for key in ("py:module", "py:class"):
        link[key] = env.ref_context.get(key)
    return [link], []


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Node | None:
    """Return a link for what Sphinx did not find, or plain code where there is none to make."""
    if node.get("refdomain") != "py":
        return None
    for target in {node["reftarget"]: None, **dict.fromkeys(full_names(node["reftarget"]))}:
        page = _at_the_face(env, target)
        if page is not None:
            address = f"{app.builder.get_relative_uri(node['refdoc'], page[0])}#{page[1]}"
            return nodes.reference("", "", content, internal=True, refuri=address)
        manual = in_the_manual(target)
        if manual is not None:
            return nodes.reference("", "", content, internal=False, refuri=manual)
        top = target.partition(".")[0]
        if top in FOREIGN or (top in OURS and target in own_names()):
            return content  # internal: the signature may name it, and no page describes it
    return content if node["reftype"] == "obj" else None


def say_where(_app: Sphinx, doctree: nodes.document) -> None:
    """Write the names in signatures in full: several faces may have an `Ending` of their own."""
    for signature in doctree.findall(desc_signature):
        names = _names_where(signature.get("module", ""), signature.get("fullname", ""))
        for link in signature.findall(pending_xref):
            full = names.get(link["reftarget"])
            if link.get("refdomain") == "py" and full is not None:
                link["reftarget"] = full


def _names_where(module: str, name: str) -> dict[str, str]:
    """Return what bare names mean in the module that defines what a face documents."""
    value: object = sys.modules.get(module)
    home = module
    for part in name.split("."):
        value = getattr(value, part, None)
        home = getattr(value, "__module__", None) or home
    return _names_by_module().get(home, {})


def _at_the_face(env: BuildEnvironment, target: str) -> tuple[str, str] | None:
    """Return the page and the anchor under which a name of ours is documented, if one is."""
    top, dot, _ = target.partition(".")
    if not dot or top not in OURS:
        return None
    objects = env.domains.python_domain.objects
    last = target.rpartition(".")[2]
    at_faces = [name for name in objects if name.rpartition(".")[2] == last]
    same = [name for name in at_faces if _home(name) == target]
    if not same:
        return None
    return objects[same[0]].docname, objects[same[0]].node_id


@functools.cache
def _home(name: str) -> str:
    """Return where a name that a face offers is defined."""
    module, _, last = name.rpartition(".")
    value = getattr(sys.modules.get(module), last, None)
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', last)}"


def in_the_manual(target: str) -> str | None:
    """Return where the standard library's manual describes a name."""
    module, dot, _ = target.partition(".")
    value = getattr(builtins, target, None)
    if isinstance(value, type) and issubclass(value, BaseException):
        return f"{MANUAL}/exceptions.html#{target}"
    if value is not None or target == "None":
        page = "stdtypes" if target in STDTYPES else "functions"
        return f"{MANUAL}/{'constants' if target == 'None' else page}.html#{target}"
    if not dot or module not in sys.stdlib_module_names:
        return None
    return f"{MANUAL}/{target.rpartition('.')[0]}.html#{target}"


def full_names(name: str) -> list[str]:
    """Return what a bare name of an annotation means in the modules that use it."""
    return [] if "." in name else sorted(_bare_names().get(name, ()))


@functools.cache
def own_names() -> frozenset[str]:
    """Return every name that a module of ours defines, with its module."""
    return frozenset(full for names in _bare_names().values() for full in names)


@functools.cache
def _bare_names() -> dict[str, set[str]]:
    """Read from the source what each name is: imports for type checkers are never run."""
    found: dict[str, set[str]] = {}
    for names in _names_by_module().values():
        for name, full in names.items():
            found.setdefault(name, set()).add(full)
    return found


@functools.cache
def _names_by_module() -> dict[str, dict[str, str]]:
    found = {}
    for top in OURS:
        for path in (ROOT / top).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[module] = dict(_names_in(ast.parse(path.read_text("utf-8")), module))
    return found


def _names_in(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, f"{module}.{node.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield target.id, f"{module}.{target.id}"


def _whole(docstring: GoogleDocstring) -> tuple[str, list[str]]:
    """Read a property's docstring as prose: ours never begin with `type: `, as napoleon expects."""
    return "", docstring._dedent(docstring._consume_to_end())  # noqa: SLF001  # napoleon has no switch


def _as_prose(
    docstring: GoogleDocstring,
    preprocess_types: bool = False,  # noqa: FBT001, FBT002  # napoleon's own signature
) -> list[tuple[str, str, list[str]]]:
    """Read what is returned as prose, too."""
    del preprocess_types
    lines = docstring._dedent(docstring._consume_to_next_section())  # noqa: SLF001  # as above
    return [("", "", lines)] if lines else []


def readable(  # autodoc's own signature of a hook
    _app: Sphinx,
    _what: str,
    _name: str,
    _value: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write the default of a dataclass's factory as `...`: Sphinx reads signatures as Python."""
    return (signature and signature.replace("<factory>", "...")), returns


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the links."""
    GoogleDocstring._consume_inline_attribute = _whole  # noqa: SLF001  # as above
    GoogleDocstring._consume_returns_section = _as_prose  # noqa: SLF001  # as above
    app.add_role("code-or-link", code_or_link)
    app.connect("doctree-read", say_where)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-signature", readable)
    return {"parallel_read_safe": True}
