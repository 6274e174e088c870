"""The project's chores: one session is one CI job and one line in CONTRIBUTING.

Times are those of two cores, after the session's environment is installed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests"]

STORE = "build/store"
PAGE = "build/report/index.html"
CODE = ("secmem", "harness", "stress", "fuzz", "reports", "holdfast")
ALL_CODE = (*CODE, "tests", "benchmarks", "docs", "noxfile.py")


def install(session: nox.Session) -> None:
    """Install the project with all that its chores use."""
    session.install("-q", "-e", ".[dev]")


@nox.session
def verify(session: nox.Session) -> None:
    """Show the whole toolkit at work: about 10 minutes; `-- --quick` about 4 minutes.

    Explores the scenarios, finds the planted bugs, stresses and fuzzes for seconds, runs the quick
    benchmarks and writes build/report/index.html. Exits 1 with replay lines when something that
    should pass fails, or a planted bug is not found.
    """
    install(session)
    session.run("python", "-m", "tests.verify", "--store", STORE, "--page", PAGE, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole test suite: about 25 minutes; `-- --cov` measures coverage, too."""
    install(session)
    arguments = list(session.posargs)
    if "--cov" in arguments:
        arguments.remove("--cov")
        arguments += ["--cov=secmem", "--cov=harness", "--cov-report=term", "--cov-fail-under=90"]
    session.run("pytest", "-n", "2", "--dist", "loadgroup", "-q", "-rfEs", *arguments)


@nox.session(name="property")
def property_(session: nox.Session) -> None:
    """Run the property suites with 1000 examples each, and the proofs of searches: 35 minutes."""
    install(session)
    session.run("pytest", "-m", "property", "--hypothesis-profile=full", "-q", *session.posargs)
    session.run("python", "-m", "tests.harness.dpor.dpor_proof")
    session.run("python", "-m", "tests.harness.linearizability.brute_force")


@nox.session
def explore(session: nox.Session) -> None:
    """Explore every scenario with every strategy, 2000 executions each: about 2 minutes."""
    install(session)
    session.run(
        "python", "-m", "tests.verify", "--only", "explore", "--executions", "2000",
        "--store", STORE, *session.posargs,
    )  # fmt: skip


@nox.session
def planted(session: nox.Session) -> None:
    """Find every planted bug under 20 seeds, and pass every good twin: about 30 minutes."""
    install(session)
    session.run("python", "-m", "tests.planted", "--store", STORE, *session.posargs)


@nox.session
def judged(session: nox.Session) -> None:
    """Judge our subjects and the library's classes by their histories: some minutes."""
    install(session)
    session.run("python", "-m", "tests.judged", *session.posargs)


@nox.session
def suite(session: nox.Session) -> None:
    """Search every known bug with every strategy, 20 seeds each: about 1 hour; goes on."""
    install(session)
    session.run("python", "-m", "tests.suite", "--store", STORE, *session.posargs)


@nox.session
def stress(session: nox.Session) -> None:
    """Run every scenario with real threads in child processes, 30 s each: about 5 minutes."""
    install(session)
    arguments = session.posargs or ["--all", "--time", "30s"]
    session.run("holdfast", "stress", "run", "--store", STORE, *arguments)


@nox.session
def soak(session: nox.Session) -> None:
    """Run every scenario in turn for an hour; `-- --all --time 8h` overnight."""
    install(session)
    arguments = session.posargs or ["--all", "--time", "60m"]
    session.run("holdfast", "stress", "soak", "--store", STORE, *arguments)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz every target for a minute: about 8 minutes; `-- TARGET --time 8h` overnight."""
    install(session)
    arguments = session.posargs or ["--all", "--time", "60s"]
    session.run("holdfast", "fuzz", "run", "--store", STORE, *arguments)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks, judge the figures that must be reached, and the history: 7 minutes."""
    install(session)
    result = Path("build/bench/benchmark.json")
    result.parent.mkdir(parents=True, exist_ok=True)
    session.run(
        "pytest", "-o", "addopts=", "--import-mode=importlib", "-q", "benchmarks",
        f"--benchmark-json={result}",
    )  # fmt: skip
    session.run("holdfast", "report", "ingest", str(result), "--store", STORE)
    session.run("python", "benchmarks/compare_floor.py", "--store", STORE, *session.posargs)
    quick = ["--quick"] if "--quick" in session.posargs else []
    session.run("python", "benchmarks/before_after.py", "--store", STORE, *quick)
    # 2: the recorded histories are not here, as it says.
    session.run("python", "benchmarks/linearizability.py", success_codes=[0, 2])
    # Last, so that all is in the store whatever comes of it. 2: too little history to judge.
    session.run("holdfast", "report", "gate", "--store", STORE, success_codes=[0, 2])


@nox.session
def report(session: nox.Session) -> None:
    """Build the page from everything in the store and judge it: under 20 seconds."""
    install(session)
    session.run("holdfast", "report", "build", "--store", STORE, "--output", PAGE)
    session.run("holdfast", "report", "gate", "--store", STORE, success_codes=[0, 2])


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages into build/docs and run every sample on them: about 2 minutes.

    A warning is an error, a name without a page included. `-- --pages` only builds.
    """
    session.install("-q", "-e", ".[docs]")
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-q", "docs", "build/docs",
                "-d", "build/doctrees")  # fmt: skip
    if "--pages" not in session.posargs:
        session.run("pytest", "-n", "2", "-q", "tests/docs", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format: under 10 seconds."""
    session.install("-q", *pinned("ruff"))
    session.run("ruff", "check", *ALL_CODE)
    session.run("ruff", "format", "--check", *ALL_CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, for Linux and for Windows: about 1 minute."""
    install(session)
    session.run("mypy", *CODE)
    session.run("mypy", "--platform", "win32", *CODE)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, look into it, and use it from an empty environment: about 30 seconds."""
    session.install("-q", "build")
    shutil.rmtree("build/dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "build/dist", silent=True)
    built = [str(path) for path in Path("build/dist").glob("*.whl")]
    if len(built) != 1:
        session.error(f"expected one wheel, found {built}")
    session.install("-q", "--force-reinstall", built[0])
    with session.chdir(session.create_tmp()):
        session.run("python", "-c", WHEEL_CHECK)
        session.run("holdfast", "--version")


def pinned(name: str) -> list[str]:
    """Return a tool's requirement as pyproject states it."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    wanted = project["optional-dependencies"]["dev"]
    return [requirement for requirement in wanted if requirement.startswith(name)]


WHEEL_CHECK = """
import importlib, pathlib
for name in ("secmem", "harness", "stress", "fuzz", "reports", "holdfast"):
    module = importlib.import_module(name)
    folder = pathlib.Path(module.__file__).parent
    assert "site-packages" in str(folder), f"{name} comes from {folder}, not from the wheel"
    assert (folder / "py.typed").exists(), f"{name} has no py.typed"
import threading, harness
def body():
    first, second = threading.Lock(), threading.Lock()
    def one():
        with first, second:
            pass
    def two():
        with second, first:
            pass
    threads = [threading.Thread(target=one), threading.Thread(target=two)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
found = harness.explore(body)
assert found.finding is not None and found.finding.kind is harness.FindingKind.DEADLOCK
print("the wheel finds a deadlock in", found.executions, "executions")
"""
