"""The handling of each of Twilio's errors, by its code ("Error and Warning Dictionary", twilio.com/docs/api/errors).

The same codes occur in responses and in status callbacks. A callback has the code and mostly no words, so each error
has a sentence here. Codes that are not listed fail the message, with the address of Twilio's page about them.
"""

from typing import Final, NamedTuple

from whatsapp.outbound.retries import BACK_OFF, CALL_LIMIT, PAIR_RATE, THROUGHPUT, Schedule


class TwilioError(NamedTuple):
    """What an error means, and the next step. `schedule`: when the message is sent again; `stops`: the number stops.

    `opts_out`: the customer wants no messages.
    """

    meaning: str
    advice: str = ""
    schedule: Schedule | None = None
    stops: bool = False
    opts_out: bool = False


_TOKEN: Final = "Store the token again: account sid, colon, auth token."  # noqa: S105 - a sentence
_ACCOUNT: Final = "See the Twilio console, then resume sending."
_SENDER: Final = "Check the number's id here and its sender in the Twilio console."
_TEMPLATE: Final = "Check the template in Twilio's Content Template Builder."
_SENT_LATER: Final = "leadsite sends it again by itself."

_STOPS: Final = {
    "20003": TwilioError("Twilio does not accept the stored token.", _TOKEN),
    "20005": TwilioError("The Twilio account is not active.", _ACCOUNT),
    "20008": TwilioError("The stored token is one of Twilio's test credentials.", _TOKEN),
    "20404": TwilioError("Twilio does not know this account.", _TOKEN),
    "21212": TwilioError("Twilio does not accept this number as the sender.", _SENDER),
    "21606": TwilioError("This number does not belong to the Twilio account.", _SENDER),
    "21659": TwilioError("This number does not belong to Twilio.", _SENDER),
    "21660": TwilioError("This number does not belong to the Twilio account.", _SENDER),
    "30002": TwilioError("The Twilio account is suspended.", _ACCOUNT),
    "63001": TwilioError("WhatsApp does not accept the credentials of this sender.", _SENDER),
    "63002": TwilioError("WhatsApp does not know this sender.", _SENDER),
    "63007": TwilioError("Twilio does not know this WhatsApp sender.", _SENDER),
    "63008": TwilioError("This WhatsApp sender is not configured correctly.", _SENDER),
    "63020": TwilioError(
        "Meta refuses the business's account.",
        "See Meta's Business Support Home: payment, an invitation that is not accepted, or a restriction.",
    ),
}
_AGAIN: Final = {
    "14107": TwilioError("Too many messages in a short time.", _SENT_LATER, THROUGHPUT),
    "20429": TwilioError("Too many requests to Twilio in a short time.", _SENT_LATER, THROUGHPUT),
    "30001": TwilioError("Twilio's queue for this number is full.", _SENT_LATER, THROUGHPUT),
    "63010": TwilioError("Twilio had an internal error.", _SENT_LATER, BACK_OFF),
    "63012": TwilioError("WhatsApp had an internal error.", _SENT_LATER, BACK_OFF),
    "63017": TwilioError("Too many messages from this Twilio account in a short time.", _SENT_LATER, BACK_OFF),
    "63018": TwilioError("Too many messages in a short time.", _SENT_LATER, PAIR_RATE),
    "63038": TwilioError("The Twilio account has used up its messages of today.", _SENT_LATER, CALL_LIMIT),
}
_FAILS: Final = {
    "21211": TwilioError("The customer's number is not valid.", "Correct the number."),
    "21408": TwilioError(
        "The Twilio account may not write to this country.", "Allow the country in the Twilio console."
    ),
    "21608": TwilioError(
        "A Twilio trial account writes only to verified numbers.", "Verify this one, or upgrade the account."
    ),
    "21610": TwilioError(
        "The customer has opted out by sending STOP.",
        "They get messages again once they have sent START.",
        opts_out=True,
    ),
    "21614": TwilioError("The customer's number is not a mobile number.", "Correct the number."),
    "21617": TwilioError("The text is longer than the 1600 characters that Twilio accepts.", "Send it in parts."),
    "21655": TwilioError("Twilio does not know this template's content SID.", _TEMPLATE),
    "21656": TwilioError("The template's variables are not valid.", _TEMPLATE),
    "30007": TwilioError("The message was filtered as unwanted.", "Change its text before you send it again."),
    "63003": TwilioError(
        "WhatsApp cannot find the customer at this number.", "Check the number; they may not use WhatsApp."
    ),
    "63005": TwilioError("WhatsApp does not accept this content.", "Change the message and send it again."),
    "63006": TwilioError("This content cannot be sent by WhatsApp.", "Change the message and send it again."),
    "63009": TwilioError("WhatsApp answered with an error.", "Send it again; if that fails too, ask Twilio."),
    "63013": TwilioError(
        "The message breaks WhatsApp's rules for businesses.", "Read Meta's Business Messaging Policy and change it."
    ),
    "63014": TwilioError("The customer has blocked your business.", "Reach them in another way."),
    "63015": TwilioError(
        "Twilio's sandbox writes only to numbers that have joined it.",
        "Let the customer join the sandbox, or use a number of your own.",
    ),
    "63016": TwilioError(
        "The customer wrote last more than 24 hours ago.", "Send an approved template, or wait until they write."
    ),
    "63019": TwilioError("Twilio could not fetch the file.", "Send it again; its address must be public."),
    "63021": TwilioError("WhatsApp does not accept this content.", "Change the message and send it again."),
    "63022": TwilioError("The sender's WhatsApp certificate is not valid.", "Ask Twilio."),
    "63024": TwilioError(
        "The customer cannot get WhatsApp messages at this number.",
        "Check the number; they may have an old version of WhatsApp or may not have accepted its terms.",
    ),
    "63027": TwilioError("The template does not exist in this language.", _TEMPLATE),
    "63028": TwilioError("The template has a different number of variables.", _TEMPLATE),
    "63029": TwilioError("The customer's phone could not load the template.", "Send it again, or a text."),
    "63030": TwilioError("WhatsApp does not accept a parameter of this message.", "Change the message."),
    "63031": TwilioError("The customer's number is the sender itself.", "Correct the number."),
    "63032": TwilioError(
        "Meta keeps marketing from this customer for an experiment.", "They can write first; or reach them otherwise."
    ),
    "63033": TwilioError("The customer has blocked your business.", "Reach them in another way."),
    "63040": TwilioError("Meta has rejected this template.", _TEMPLATE),
    "63041": TwilioError("Meta has paused this template for its quality.", _TEMPLATE),
    "63042": TwilioError("Meta has disabled this template for its quality.", "Use another template."),
    "63049": TwilioError(
        "Meta chose not to deliver this marketing message.",
        "Do not send it again today: Meta limits marketing to each customer, and allows none to the United States.",
    ),
}
_BY_CODE: Final = _FAILS | _AGAIN | {code: error._replace(stops=True) for code, error in _STOPS.items()}


def error_of(code: str) -> TwilioError:
    """Return what is known of this code. `meaning` is "" where it is not listed."""
    found = _BY_CODE.get(code)
    return found or TwilioError("", f"See twilio.com/docs/api/errors/{code}." if code.isdecimal() else "")


def with_words(code: str, message: str) -> str:
    """Return `<code>: <message> <advice>`, the message in our words where Twilio gives none. '' where both are ''."""
    error = error_of(code)
    text = ": ".join(part for part in (code, message or error.meaning) if part)
    sentence = text if not text or text.endswith((".", "!", "?")) else f"{text}."
    return f"{sentence} {error.advice}".strip()
