"""The briefing: a saved run as one HTML file that needs nothing else, or as Excel workbook.

Everything is redrawn from results; nothing is simulated.
"""

from bloodsim.report.brief import Brief, Own, read_brief
from bloodsim.report.excel import write_xlsx
from bloodsim.report.html import briefing_html, write_html

__all__ = ["Brief", "Own", "briefing_html", "read_brief", "write_html", "write_xlsx"]
