"""The briefing: a saved run as one HTML file that needs nothing else.

Everything is redrawn from results; nothing is simulated. `write_html` is the door.
"""

from bloodsim.report.html import briefing_html, write_html

__all__ = ["briefing_html", "write_html"]
