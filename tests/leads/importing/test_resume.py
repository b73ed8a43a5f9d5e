"""What an earlier run of the same file means for the next one."""

from leads.models import ImportRun, Lead
from tests.leads.importing.operator import counts, import_leads, run, write

GOOD, LOCAL, BAD = "+4915123456789,Amina,order,Cake,", "0151 98765432,Bruno,order,Bread,", "+49,x,order,,"


def second(owner, file, *options):
    result = import_leads(owner, file, *options)
    return result.code, result.counts, result.summary["imported_before"], result.summary["imported_before_reason"]


def test_a_file_that_was_imported_completely_is_recognised(owner, tmp_path):
    file = write(tmp_path / "a.csv", GOOD)
    first = import_leads(owner, file).summary
    assert (first["imported_before"], first["imported_before_reason"]) == (None, "This file was not imported before.")
    Lead.objects.update(details="Two cakes")
    for options in (("--dry-run",), ()):
        code, counted, before, reason = second(owner, file, *options)
        assert (code, counted, before) == (0, counts(skipped=1), first["run"])
        assert "was imported before" in reason
    assert second(owner, file, "--again")[1:3] == (counts(created=1), None)


def test_rows_that_were_refused_are_tried_again_and_the_others_are_skipped(owner, tmp_path):
    file = write(tmp_path / "a.csv", GOOD + "a", BAD, "+4915100000001,Carla,order,Bread,b")
    taken = owner.has_lead(customer_phone="+4915100000009", external_id="b").lead_id
    assert import_leads(owner, file).counts == counts(created=1, failed=2)
    Lead.objects.filter(external_id="a").update(external_id=None, details="Changed since")
    code, counted, before, reason = second(owner, file)
    assert (code, counted, before) == (1, counts(skipped=1, failed=2), None)
    assert "2 rows" in reason
    Lead.objects.filter(pk=taken).update(external_id=None)
    assert second(owner, file, "--dry-run")[:2] == (1, counts(created=1, skipped=1, failed=1))
    assert second(owner, file)[:2] == (1, counts(created=1, skipped=1, failed=1))


def test_other_options_make_another_run(owner, tmp_path):
    file = write(tmp_path / "a.csv", GOOD, LOCAL)
    assert import_leads(owner, file).counts == counts(created=1, failed=1)
    code, counted, before, reason = second(owner, file, "--region", "DE")
    assert (code, counted, before) == (0, counts(created=1, skipped=1), None)
    assert "had other options" in reason
    assert second(owner, file, "--region", "DE")[:2] == (0, counts(skipped=2))


def test_an_undone_file_is_imported_again_also_where_a_later_run_had_skipped_it(owner, tmp_path):
    file = write(tmp_path / "a.csv", GOOD)
    first = import_leads(owner, file).summary["run"]
    assert import_leads(owner, file).counts == counts(skipped=1)
    assert run("undo_import", first).code == 0
    code, counted, before, reason = second(owner, file)
    assert (code, counted, before) == (0, counts(created=1), None)
    assert "was undone" in reason
    # Within the test's transaction now() is Python's, and it moves on.
    assert second(owner, file)[1] == counts(skipped=1)
    assert ImportRun.objects.count() == 4


def test_a_file_whose_run_is_being_undone_is_imported_again_also_where_a_later_run_had_skipped_it(owner, tmp_path):
    file = write(tmp_path / "a.csv", GOOD)
    first = import_leads(owner, file).summary["run"]
    assert import_leads(owner, file).counts == counts(skipped=1)
    ImportRun.objects.filter(pk=first).update(state="undoing")
    Lead.objects.all().delete()
    code, counted, before, reason = second(owner, file)
    assert (code, counted, before) == (0, counts(created=1), None)
    assert "was undone" in reason
