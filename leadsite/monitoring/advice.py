"""What a failed transaction means, and what to do, in sentences for staff: by constraint, code or class of codes."""

from typing import Final

_SEND_AGAIN: Final = "Nothing was stored: send it again."
_BY_CONSTRAINT: Final = {
    "leads_external_id_unique": (
        "Another lead of this business has this external id. If it is the same lead, there is nothing to do: search for"
        " the id in the leads. Otherwise give the new one another external id."
    ),
    "customers_phone_e164": (
        "The phone number is not one: it must be + and 7 to 15 digits. Correct it where the lead came from, and send it"
        " again."
    ),
    "conversations_one_active": (
        "The customer has an active conversation, and can have one only. Complete that one first, or join it."
    ),
    "customers_user_fk": (
        "There is no such business. Check the user id that the program sends, or create the business with manage.py"
        " create_business."
    ),
    "customers_name_length": "The customer's name is missing or too long. Correct it, and send it again.",
    "leads_type_valid": "A lead is an order, a booking or an inquiry. Correct the type, and send it again.",
    "leads_status_valid": "There is no such status of a lead. Correct it, and send it again.",
    "leads_details_length": "The details are too long. Shorten them, and send it again.",
    "messages_content_length": "The text of the message is too long. Shorten it, and send it again.",
}
_BY_CODE: Final = {
    "40P01": (
        "Transactions waited for each other (deadlock), and repeating it did not help. Nothing was stored: send it"
        " again. If it comes back, somebody holds locks in another order, for example a script in psql: look for it at"
        " this time."
    ),
    "40001": (
        "Other sessions changed the same rows each time that it was repeated. Nothing was stored: send it again. If it"
        " comes back, send fewer requests for one customer at a time."
    ),
    "55P03": (
        "Another session kept a row locked for too long. Nothing was stored: send it again. If it comes back, look for"
        " a long transaction: an import with --atomic, or an open psql."
    ),
    "57014": (
        "The statement took longer than it may, and was cancelled. Nothing was stored. Send fewer rows at a time; if"
        " small requests are slow too, look at the load of the database."
    ),
    "53100": "The disk of the database is full. Make room at once: nothing can be stored until then.",
    "53300": (
        "The database has no connection left. Raise max_connections, or lower WEB_THREADS and the workers' --sends and"
        " --concurrency."
    ),
    "25006": "The database is read-only: a standby, after a failover. Point DATABASE_URL at the primary.",
    "25P03": "The process was suspended in the middle, and the server ended its session. It is tried again by itself.",
    "25P04": (
        "The transaction took longer than it may, and the server ended it. Nothing was stored. Send fewer rows at a"
        " time."
    ),
    "22P05": "A text has a character that cannot be stored. Correct it where it came from, and send it again.",
    "23505": "A row with the same key exists already. If it is the same one, there is nothing to do.",
    "23503": "What it belongs to does not exist, or was deleted meanwhile. If that was not meant, send it again.",
    "23514": "A value breaks a rule of the table; the constraint says which. Correct it, and send it again.",
    "23502": "A value is missing. Complete it, and send it again.",
    "42501": "The database role may not do this. Grant it, as docs/operations.md lists.",
}
_BY_CLASS: Final = {
    "08": f"The connection to the database was lost. {_SEND_AGAIN} Check the network and the server.",
    "22": "A value cannot be stored: too long, out of range, or of another type. Correct it, and send it again.",
    "23": "A value breaks a rule of the table; the constraint says which. Correct it, and send it again.",
    "28": "The database refused the login. Check the role and the password in DATABASE_URL.",
    "40": f"The transaction was rolled back by the server. {_SEND_AGAIN}",
    "42": (
        "The tables are not of this version of the site. Run manage.py migrate; if that changes nothing, report it to"
        " the developers with the number of the request."
    ),
    "53": "The database lacks memory, room or connections. Look at its log and its machine.",
    "55": f"The row was not available. {_SEND_AGAIN}",
    "57": f"The database was stopped or restarted, or ended the session. {_SEND_AGAIN}",
    "58": "The database has trouble with its disk. Look at its log at once.",
}
NO_ANSWER: Final = (
    "The database did not answer. Look whether it was stored before you send it again; with an Idempotency-Key or an"
    " external id you may just send it again. If it lasts, check the database."
)
PROGRAM: Final = (
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
