"""What a person chooses from in the forms of an import."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from leads.services.file_rows import CREATE, SKIP, UPDATE

ON_DUPLICATE: Final = {
    SKIP: _("Keep the existing lead unchanged"),
    UPDATE: _("Update the existing lead from the file"),
    CREATE: _("Create another lead"),
}
ENCODINGS: Final = {
    "": _("Detect (UTF-8)"),
    "cp1252": _("Windows, western Europe and America (cp1252)"),
    "cp1250": _("Windows, central Europe (cp1250)"),
    "cp1251": _("Windows, Cyrillic (cp1251)"),
    "latin-1": "Latin-1",
    "utf-16-le": _("UTF-16, little-endian"),
    "utf-16-be": _("UTF-16, big-endian"),
    "shift_jis": _("Japanese (Shift JIS)"),
    "gb18030": _("Chinese (GB 18030)"),
}
NOT_READ: Final = _("– not read –")
NOT_EXPLAINED: Final = _("– such rows are refused –")
