"""The account of the embedded PostgreSQL."""

from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres, EmbeddedPostgresError
from leadsite.demo.embedded.account import server_account


def test_the_error_for_another_user_names_the_databases_owner(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = server_account()
    other = type(account)([*account[:2], account.pw_uid + 1, *account[3:]])

    with monkeypatch.context() as patch:  # ends before the fixture stops the server
        patch.setattr("leadsite.demo.embedded.server.server_account", lambda: other)
        with pytest.raises(EmbeddedPostgresError, match=f"belongs to user id {account.pw_uid}"):
            EmbeddedPostgres(data_dir).start()
