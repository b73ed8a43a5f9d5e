"""What each of Meta's errors means, by its code."""

import pytest

from whatsapp.meta_errors import ADVICE, outcome_of_error, stops_the_number, with_advice
from whatsapp.outbound.outcomes import Failed, Retry, Stopped


@pytest.mark.parametrize(("is_servers", "outcome"), [(True, Retry("Some error.")), (False, Failed("Some error."))])
@pytest.mark.parametrize("code", [None, 999_999])
def test_an_unknown_error_is_retried_only_if_it_is_a_server_error(code, is_servers, outcome) -> None:
    assert outcome_of_error(code, "Some error.", is_servers=is_servers) == outcome


def test_an_invalid_token_stops_the_number_and_a_closed_window_fails_the_message() -> None:
    assert outcome_of_error(190, "Expired.", is_servers=False) == Stopped("Expired.")
    assert isinstance(outcome_of_error(131_047, "Too late.", is_servers=False), Failed)
    assert stops_the_number(190)
    assert not stops_the_number(131_047)
    assert not stops_the_number(999_999)


def test_advice_follows_the_reason_as_a_separate_sentence() -> None:
    assert with_advice(131_045, "Not registered") == f"Not registered. {ADVICE[131_045]}"
    assert with_advice(131_045, "Not registered!") == f"Not registered! {ADVICE[131_045]}"
    assert with_advice(None, "Some error") == with_advice(999_999, "Some error") == "Some error"
