"""The briefing: saved runs as one HTML file that needs nothing else, for Excel, for Word.

Everything is redrawn from results; nothing is simulated.
"""

from bloodsim.report.brief import Brief, Own, read_brief
from bloodsim.report.excel import write_xlsx
from bloodsim.report.html import briefing_html, write_html
from bloodsim.report.word import make_sure_of_word, write_docx

__all__ = [
    "Brief",
    "Own",
    "briefing_html",
    "make_sure_of_word",
    "read_brief",
    "write_docx",
    "write_html",
    "write_xlsx",
]
