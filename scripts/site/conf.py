"""Sphinx configuration of the documentation site. It loads nothing from other hosts and works from the file system."""

from openfrs import __version__

project = "OpenFRS"
author = "the OpenFRS authors"
copyright = author  # noqa: A001 Sphinx gives the name
version = release = __version__

extensions = ["myst_parser"]
myst_heading_anchors = 4
smartquotes = False  # quotes in the help of commands are to be typed
suppress_warnings = ["misc.highlighting_failure"]  # CSV has no lexer

html_theme = "furo"
html_title = f"OpenFRS {version}"
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00695c", "color-brand-content": "#00695c"},
    "dark_css_variables": {"color-brand-primary": "#4db6ac", "color-brand-content": "#4db6ac"},
}
