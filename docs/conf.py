"""How Sphinx builds these pages: `nox -s docs` writes build/docs, and a warning is an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "holdfast"
author = "the holdfast authors"
project_copyright = "the holdfast authors"
version = release = installed_version("holdfast")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "command_help",
    "faces",
]
exclude_patterns = ["samples", "_ext"]

# Pages are Markdown that also reads well where nobody builds them.
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings are Google's, and write code in single backticks: a link where there is something to
# link to, code elsewhere (see _ext/faces.py).
default_role = "code-or-link"
nitpicky = True
nitpick_ignore_regex = [
    # Type variables and parameters of functions have no page.
    ("py:class", r"(.*\.)?(Arguments|Result|Value|State|[A-Z]|[A-Z][a-z]*T)"),
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False}
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_attr_annotations = False  # the signature has the types
napoleon_use_ivar = True  # an attribute is described once, in its class
napoleon_use_rtype = False
napoleon_preprocess_types = False
python_maximum_signature_line_length = 88

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_line_continuation_character = "\\"
copybutton_exclude = ".linenos, .gp"
copybutton_selector = "div.highlight-console pre, div.highlight-python pre, div.highlight-toml pre"

html_theme = "furo"
html_title = "holdfast"
html_static_path = ["_static"]
html_css_files = ["holdfast.css"]
html_favicon = "_static/mark.svg"
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_logo": "mark.svg",
    "dark_logo": "mark-dark.svg",
    "light_css_variables": {
        "color-brand-primary": "#2f5f8a",
        "color-brand-content": "#2f5f8a",
        "color-background-primary": "#fefdfb",
        "color-background-secondary": "#f7f5f0",
        "color-inline-code-background": "#f3f0e9",
    },
    "dark_css_variables": {
        "color-brand-primary": "#86b4dc",
        "color-brand-content": "#86b4dc",
        "color-background-primary": "#171614",
        "color-background-secondary": "#1d1b19",
        "color-inline-code-background": "#26231f",
    },
}
pygments_style = "a11y-light"
pygments_dark_style = "github-dark"
