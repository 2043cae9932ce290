"""Pages over notifications.safety: boards, launching, rules, hazard reports, replies. One module per subject."""

from jetapp.safety import board_views, launch_views, list_views, person_views, report_views, rule_views
from jetapp.safety.blueprint import blueprint

__all__ = ["blueprint", "board_views", "launch_views", "list_views", "person_views", "report_views", "rule_views"]
