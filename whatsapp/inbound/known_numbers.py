"""Numbers with their secrets, in memory for as long as a valid API key.

All of them for deliveries of an address that has sent many wrong signatures: whether such a delivery is signed rightly
is found out without a query, see Note [Right keys] in leadsite/accounts/refusals.py. Otherwise those that delivered
within the last second: a busy number is looked up once a second, not for each of its messages.
"""

from collections.abc import Collection
from typing import Final

from django.conf import settings

from leadsite.accounts.snapshots import Recent, Snapshot
from whatsapp.models import Channel, KnownChannel


class KnownNumbers:
    """Looks up numbers as ChannelManager does, among these."""

    def __init__(self, channels: Collection[KnownChannel]) -> None:
        self._by_number = {channel.phone_number_id: channel for channel in channels}
        self._by_account: dict[str, list[KnownChannel]] = {}
        for channel in channels:
            if channel.provider == Channel.Provider.CLOUD and channel.waba_id:
                self._by_account.setdefault(channel.waba_id, []).append(channel)

    def with_numbers(self, numbers: Collection[str]) -> list[KnownChannel]:
        return [self._by_number[number] for number in numbers if number in self._by_number]

    def of_accounts(self, waba_ids: Collection[str], *, limit: int) -> list[KnownChannel]:
        found = [channel for waba_id in waba_ids for channel in self._by_account.get(waba_id, [])]
        return found[:limit]


class RecentNumbers:
    """Looks up numbers as ChannelManager does, but not those that were found within the last second. For one delivery.

    Those that are switched off are not kept: once one is switched on, its next message counts.
    `from_memory`: whether something was returned that may have been changed since.
    """

    def __init__(self) -> None:
        self.from_memory = False

    def with_numbers(self, numbers: Collection[str]) -> list[KnownChannel]:
        """Raises django.db.Error."""
        recent = [channel for number in numbers if (channel := _recent.get(number))]
        if len(recent) == len(numbers):
            self.from_memory = bool(recent)
            return recent
        until = _recent.until()
        found = Channel.objects.with_numbers(numbers)
        for channel in found:
            if channel.active:
                _recent.add(channel.phone_number_id, channel, until=until)
        return found

    def of_accounts(self, waba_ids: Collection[str], *, limit: int) -> list[KnownChannel]:
        """Raises django.db.Error."""
        return Channel.objects.of_accounts(waba_ids, limit=limit)


def _seconds() -> float:
    return float(settings.API_KEY_CACHE_SECONDS)


_recent: Final = Recent[KnownChannel](seconds=_seconds)
known_numbers: Final = Snapshot(lambda: KnownNumbers(Channel.objects.all_known()), seconds=_seconds)
