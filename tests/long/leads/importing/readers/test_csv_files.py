"""A large CSV file."""

from tests.leads.importing.readers.test_csv_files import assert_read_in_constant_memory


def test_fifty_megabytes_are_read_in_constant_memory():
    assert_read_in_constant_memory(50 * 10**6)
