"""What a failed transaction means, and what to do, in sentences for staff: by constraint, code or class of codes."""

from typing import Final

from django.utils.translation import gettext_noop

_SEND_AGAIN: Final = gettext_noop("Nothing was stored: send it again.")
_BY_CONSTRAINT: Final = {
    "leads_external_id_unique": (
        gettext_noop(
            "Another lead of this business has this external id. If it is the same lead, there is nothing to"
            " do: search for"
            " the id in the leads. Otherwise give the new one another external id."
        )
    ),
    "customers_phone_e164": (
        gettext_noop(
            "The phone number is not one: it must be + and 7 to 15 digits. Correct it where the lead came from,"
            " and send it"
            " again."
        )
    ),
    "conversations_one_active": (
        gettext_noop(
            "The customer has an active conversation, and can have one only. Complete that one first, or join it."
        )
    ),
    "customers_user_fk": (
        gettext_noop(
            "There is no such business. Check the user id that the program sends, or create the business with manage.py"
            " create_business."
        )
    ),
    "customers_name_length": gettext_noop("The customer's name is missing or too long. Correct it, and send it again."),
    "leads_type_valid": gettext_noop(
        "A lead is an order, a booking or an inquiry. Correct the type, and send it again."
    ),
    "leads_status_valid": gettext_noop("There is no such status of a lead. Correct it, and send it again."),
    "leads_details_length": gettext_noop("The details are too long. Shorten them, and send it again."),
    "messages_content_length": gettext_noop("The text of the message is too long. Shorten it, and send it again."),
}
_BY_CODE: Final = {
    "40P01": (
        gettext_noop(
            "Transactions waited for each other (deadlock), and repeating it did not help. Nothing was stored: send it"
            " again. If it comes back, somebody holds locks in another order, for example a script in psql:"
            " look for it at"
            " this time."
        )
    ),
    "40001": (
        gettext_noop(
            "Other sessions changed the same rows each time that it was repeated. Nothing was stored: send it"
            " again. If it"
            " comes back, send fewer requests for one customer at a time."
        )
    ),
    "55P03": (
        gettext_noop(
            "Another session kept a row locked for too long. Nothing was stored: send it again. If it comes"
            " back, look for"
            " a long transaction: an import with --atomic, or an open psql."
        )
    ),
    "57014": (
        gettext_noop(
            "The statement took longer than it may, and was cancelled. Nothing was stored. Send fewer rows at a"
            " time; if"
            " small requests are slow too, look at the load of the database."
        )
    ),
    "53100": gettext_noop("The disk of the database is full. Make room at once: nothing can be stored until then."),
    "53300": (
        gettext_noop(
            "The database has no connection left. Raise max_connections, or lower WEB_THREADS and the workers'"
            " --sends and"
            " --concurrency."
        )
    ),
    "25006": gettext_noop("The database is read-only: a standby, after a failover. Point DATABASE_URL at the primary."),
    "25P03": gettext_noop(
        "The process was suspended in the middle, and the server ended its session. It is tried again by itself."
    ),
    "25P04": (
        gettext_noop(
            "The transaction took longer than it may, and the server ended it. Nothing was stored. Send fewer rows at a"
            " time."
        )
    ),
    "22P05": gettext_noop(
        "A text has a character that cannot be stored. Correct it where it came from, and send it again."
    ),
    "23505": gettext_noop("A row with the same key exists already. If it is the same one, there is nothing to do."),
    "23503": gettext_noop(
        "What it belongs to does not exist, or was deleted meanwhile. If that was not meant, send it again."
    ),
    "23514": gettext_noop(
        "A value breaks a rule of the table; the constraint says which. Correct it, and send it again."
    ),
    "23502": gettext_noop("A value is missing. Complete it, and send it again."),
    "42501": gettext_noop("The database role may not do this. Grant it, as docs/operations.md lists."),
}
_BY_CLASS: Final = {
    "08": gettext_noop("The connection to the database was lost. %(send_again)s Check the network and the server.")
    % {"send_again": _SEND_AGAIN},
    "22": gettext_noop(
        "A value cannot be stored: too long, out of range, or of another type. Correct it, and send it again."
    ),
    "23": gettext_noop("A value breaks a rule of the table; the constraint says which. Correct it, and send it again."),
    "28": gettext_noop("The database refused the login. Check the role and the password in DATABASE_URL."),
    "40": gettext_noop("The transaction was rolled back by the server. %(send_again)s") % {"send_again": _SEND_AGAIN},
    "42": (
        gettext_noop(
            "The tables are not of this version of the site. Run manage.py migrate; if that changes nothing,"
            " report it to"
            " the developers with the number of the request."
        )
    ),
    "53": gettext_noop("The database lacks memory, room or connections. Look at its log and its machine."),
    "55": gettext_noop("The row was not available. %(send_again)s") % {"send_again": _SEND_AGAIN},
    "57": gettext_noop("The database was stopped or restarted, or ended the session. %(send_again)s")
    % {"send_again": _SEND_AGAIN},
    "58": gettext_noop("The database has trouble with its disk. Look at its log at once."),
}
NO_ANSWER: Final = gettext_noop(
    "The database did not answer. Look whether it was stored before you send it again; with an Idempotency-Key or an"
    " external id you may just send it again. If it lasts, check the database."
)
PROGRAM: Final = gettext_noop(
    "An error of the program. Nothing was stored. Report it to the developers with the number of the request: the log"
    " has the details under the same number."
)
_LOST: Final = ("OperationalError", "InterfaceError", "CommitUnknown", "ConnectionTimeout")


def advice_for(*, sqlstate: str | None, constraint: str | None, error: str = "") -> str:
    """Return what to do. `error` is the failure's sentence, which begins with the kind of its exception."""
    if constraint and (known := _BY_CONSTRAINT.get(constraint)):
        return known
    if sqlstate:
        return _BY_CODE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2]) or PROGRAM
    return NO_ANSWER if error.startswith(_LOST) else PROGRAM
