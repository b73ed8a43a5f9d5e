"""All numbers with their secrets, in memory: for deliveries of an address that has sent many wrong signatures.

Whether such a delivery is signed rightly is found out without a query. See Note [Right keys] in
leadsite/accounts/refusals.py.
"""

from collections.abc import Collection
from typing import Final

from django.conf import settings

from leadsite.accounts.snapshots import Snapshot
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


# As old as a valid API key may be in memory.
known_numbers: Final = Snapshot(
    lambda: KnownNumbers(Channel.objects.all_known()), seconds=lambda: float(settings.API_KEY_CACHE_SECONDS)
)
