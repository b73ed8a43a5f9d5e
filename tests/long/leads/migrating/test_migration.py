"""More random systems than in tests/leads/migrating/test_migration.py."""

from hypothesis import Phase, given, settings

from tests.leads.migrating.test_migration import check_migration, old_systems


@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(old_systems())
def test_every_row_is_here_or_repaired_or_refused(owner, old):
    check_migration(owner, old)
