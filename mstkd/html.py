"""The house's pages: one HTML file each, that needs no other."""

from __future__ import annotations

from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2530; background: #fff; margin: 2.5rem auto; max-width: 60rem;
       padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .8rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .2rem; }
p { margin: .2rem 0; overflow-wrap: anywhere; }
p.note { color: #566170; font-size: .88rem; margin-bottom: .7rem; }
p.notice { background: #fff4d6; border-left: 4px solid #e0a800; padding: .5rem .8rem; margin-bottom: .8rem; }
div { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 2px; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: center; padding: .25rem .6rem; color: #3c4653; font-size: .88rem; }
td { text-align: center; padding: .22rem .6rem; border-radius: 3px; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; }
td small { color: #3c4653; margin-left: .4rem; font-size: .78rem; }
"""


def document(title: str, body: str, style: str = "") -> str:
    """A whole page.

    Args:
        title: Plain text.
        body: HTML.
        style: CSS besides the house's.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}{style}</style></head>\n<body>\n{body}\n</body>\n</html>\n"
    )
