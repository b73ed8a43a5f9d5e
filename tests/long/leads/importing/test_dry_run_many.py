"""More random updates than in tests/leads/importing/test_dry_run.py."""

from hypothesis import HealthCheck, Phase, given, settings

from tests.leads.importing.updates import STORED, check_update, update_files


# Without shrinking, which takes minutes at three commands an example.
@settings(
    max_examples=120,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stored=STORED, file=update_files())
def test_an_update_changes_what_the_file_says_as_the_dry_run_said_and_can_be_undone(owner, tmp_path, stored, file):
    check_update(owner, tmp_path, stored, file)
