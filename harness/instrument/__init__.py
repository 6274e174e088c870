"""The import hook and the source rewriter that make shared accesses visible."""

from harness.instrument.errors import (
    AccessesTakenError,
    AlreadyImportedError,
    BadSourceError,
    FunctionNotFoundError,
    InstrumentError,
    NoSourceError,
)
from harness.instrument.functions import instrument_function, instrument_source
from harness.instrument.imports import (
    InstrumentedImports,
    NotInstrumentedWarning,
    instrument_imports,
    is_instrumented,
)
from harness.instrument.perturbation import (
    AccessBackend,
    PerturbedImports,
    accessing_frame,
    perturb_imports,
    perturbed,
)
from harness.instrument.rewriter import rewrite_tree

__all__ = [
    "AccessBackend",
    "AccessesTakenError",
    "AlreadyImportedError",
    "BadSourceError",
    "FunctionNotFoundError",
    "InstrumentError",
    "InstrumentedImports",
    "NoSourceError",
    "NotInstrumentedWarning",
    "PerturbedImports",
    "accessing_frame",
    "instrument_function",
    "instrument_imports",
    "instrument_source",
    "is_instrumented",
    "perturb_imports",
    "perturbed",
    "rewrite_tree",
]
