"""Every write to a crisis, one function each. No HTTP here: pages, API and the demo call these functions.

Each takes `by`, the person, and `at`, the moment (now where none is given), opens its own transaction, locks,
checks the right and the rules, writes, and records who changed what. They raise ValidationError (which names the
field), PermissionDenied (which names the missing right), Stale and KeyReused.
"""

from .amend import Outcome, Stale
from .cells import change_status, confirm_defaults, set_priority, waive_gap
from .contacts import add_contact, change_contact, remove_contact, require_keeper
from .drafts import discard_draft, save_draft
from .duplicates import tell_apart
from .editions import keep_edition, rebase_crisis
from .facts import log_crisis, update_facts
from .levels import define_level
from .lifecycle import close_crisis, close_phase, open_phase, reopen_crisis, right_to_share, share_crisis
from .mails import mail_assignments, mail_requests
from .merging import merge_crisis, unmerge_crisis
from .oversight import ask_for_update, assign, withdraw_request
from .received import InFlight, KeyReused
from .regional import set_part_of
from .reviews import approve, send_back, send_to_review
from .statements import add_activity, add_figure, decide_level, withdraw_statement
from .views import change_view, remove_view, require_owner, save_view

__all__ = [
    "InFlight",
    "KeyReused",
    "Outcome",
    "Stale",
    "add_activity",
    "add_contact",
    "add_figure",
    "approve",
    "ask_for_update",
    "assign",
    "change_contact",
    "change_status",
    "change_view",
    "close_crisis",
    "close_phase",
    "confirm_defaults",
    "decide_level",
    "define_level",
    "discard_draft",
    "keep_edition",
    "log_crisis",
    "mail_assignments",
    "mail_requests",
    "merge_crisis",
    "open_phase",
    "rebase_crisis",
    "remove_contact",
    "remove_view",
    "reopen_crisis",
    "require_keeper",
    "require_owner",
    "right_to_share",
    "save_draft",
    "save_view",
    "send_back",
    "send_to_review",
    "set_part_of",
    "set_priority",
    "share_crisis",
    "tell_apart",
    "unmerge_crisis",
    "update_facts",
    "waive_gap",
    "withdraw_request",
    "withdraw_statement",
]
