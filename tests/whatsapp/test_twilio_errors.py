"""What each of Twilio's errors means, by its code."""

from tests.cases import each_case
from whatsapp.outbound.retries import PAIR_RATE
from whatsapp.twilio_errors import _BY_CODE, error_of, with_words


def test_twilios_message_is_preferred_to_our_words_and_the_next_step_follows():
    ours, advice, *_ = error_of("63016")
    assert with_words("63016", "") == f"63016: {ours} {advice}"
    assert with_words("63016", "Outside the window") == f"63016: Outside the window. {advice}"


def test_an_unknown_code_names_the_page_about_it():
    assert with_words("63998", "") == "63998. See twilio.com/docs/api/errors/63998."
    assert with_words("", "") == ""
    assert with_words("no code", "") == "no code."


def test_a_rate_limit_is_temporary_and_an_unknown_sender_stops_the_number():
    assert error_of("63018").schedule is PAIR_RATE
    assert error_of("63007").stops
    assert (error_of("63016").schedule, error_of("63016").stops) == (None, False)


@each_case("code", _BY_CODE)
def test_each_error_is_two_sentences(code):
    error = _BY_CODE[code]
    assert error.meaning.endswith(".")
    assert error.advice.endswith(".")
    assert len(with_words(code, "")) < 200
