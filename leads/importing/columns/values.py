"""What other programs call the types and statuses of leads, in ten languages, where the meaning is plain.

Words that other programs use for several things are missing on purpose: "Working", "Contact in future" and "Bad
timing" may be contacted or qualified, and Facebook's CREATED and "complete" say what became of the form.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from leads.importing.columns.names import folded
from leads.models import Lead

_STATUSES: Final[Mapping[str, str]] = {
    Lead.Status.NEW: """
        new, new lead, open, open - not contacted, not contacted, not yet contacted, uncontacted, never contacted, to
        be contacted, to contact, neu, offen, nicht kontaktiert, noch nicht kontaktiert, unbearbeitet, zu
        kontaktieren, nuevo, nueva, abierto, abierta, no contactado, no contactada, sin contactar, por contactar,
        novo, nova, aberto, aberta, não contatado, não contactado, nouveau, nouvelle, ouvert, ouverte, non contacté,
        non contactée, à contacter, nuova, aperto, aperta, non contattato, non contattata, da contattare, nieuw, nog
        niet benaderd, niet gecontacteerd, nog niet gecontacteerd, yeni, açık, iletişime geçilmedi, aranmadı, جديد,
        جديدة, مفتوح, مفتوحة, لم يتم التواصل, لم يتم الاتصال, नया, नई, खुला, संपर्क नहीं किया, संपर्क नहीं किया गया
        """,
    Lead.Status.CONTACTED: """
        contacted, working - contacted, open - contacted, attempted to contact, attempted contact, attempting contact,
        contact attempted, contact made, in contact, connected, called, left message, left voicemail, in progress, in
        bearbeitung, en proceso, en progreso, em andamento, en cours, in corso, in behandeling, devam ediyor,
        kontaktiert, kontakt aufgenommen, kontaktversuch, kontakt versucht, versucht zu kontaktieren, in kontakt,
        angerufen, contactado, contactada, intento de contacto, intentado contactar, se intentó contactar, llamado,
        contatado, contatada, tentativa de contato, tentativa de contacto, em contato, contacté, contactée, tentative
        de contact, appelé, contattato, contattata, tentativo di contatto, chiamato, gecontacteerd, benaderd, contact
        opgenomen, poging tot contact, gebeld, iletişime geçildi, iletişim kuruldu, iletişim denendi, arandı, تم
        التواصل, تم الاتصال, محاولة اتصال, संपर्क किया, संपर्क किया गया, संपर्क का प्रयास
        """,
    Lead.Status.QUALIFIED: """
        qualified, sales qualified, sales qualified lead, open deal, pre-qualified, working - qualified, open -
        qualified, qualifiziert, vorqualifiziert, calificado, calificada, cualificado, cualificada, precalificado,
        qualificado, qualificada, pré-qualificado, qualifié, qualifiée, qualificato, qualificata, gekwalificeerd,
        nitelikli, مؤهل, مؤهلة, योग्य
        """,
    Lead.Status.CONVERTED: """
        converted, closed - converted, won, closed won, deal won, sold, konvertiert, gewonnen, geschlossen gewonnen,
        abgeschlossen gewonnen, verkauft, convertido, convertida, ganado, ganada, cerrado ganado, cerrada ganada,
        vendido, vendida, ganho, ganha, fechado ganho, fechado e ganho, converti, convertie, gagné, gagnée, fermé
        gagné, conclu gagné, vendu, vendue, convertito, convertita, vinto, vinta, chiuso vinto, chiusa vinta, venduto,
        geconverteerd, gesloten gewonnen, verkocht, kazanıldı, kapandı kazanıldı, dönüştürüldü, satıldı, تم التحويل,
        تم البيع, مكسوب, परिवर्तित, जीता, बिक गया
        """,
    Lead.Status.LOST: """
        lost, lost lead, closed lost, closed - not converted, not converted, deal lost, unqualified, not qualified,
        disqualified, junk, junk lead, spam, dead, not interested, no interest, verloren, geschlossen verloren,
        abgeschlossen verloren, nicht qualifiziert, unqualifiziert, disqualifiziert, nicht konvertiert, kein
        interesse, nicht interessiert, perdido, perdida, cerrado perdido, cerrada perdida, no calificado, no
        cualificado, descalificado, descartado, no interesado, no interesada, sin interés, fechado perdido, fechado e
        perdido, não qualificado, desqualificado, não convertido, sem interesse, perdu, perdue, fermé perdu, conclu
        perdu, non qualifié, disqualifié, pas intéressé, pas intéressée, perso, persa, chiuso perso, chiusa persa, non
        qualificato, non interessato, gesloten verloren, niet gekwalificeerd, geen interesse, kaybedildi, kapandı
        kaybedildi, niteliksiz, ilgilenmiyor, خسارة, مفقود, مفقودة, غير مؤهل, غير مهتم, खोया, अयोग्य, रुचि नहीं
        """,
}
_TYPES: Final[Mapping[str, str]] = {
    Lead.Type.ORDER: """
        order, orders, purchase, preorder, bestellung, bestellungen, auftrag, kauf, pedido, pedidos, orden, compra,
        encomenda, encargo, commande, commandes, achat, ordine, ordini, ordinazione, acquisto, bestelling,
        bestellingen, aankoop, sipariş, siparişler, satın alma, طلب, طلبية, طلب شراء, شراء, ऑर्डर, खरीद
        """,
    Lead.Type.BOOKING: """
        booking, bookings, reservation, reservations, appointment, appointments, buchung, buchungen, reservierung,
        reservierungen, termin, terminbuchung, reserva, reservas, reservación, cita, citas, agendamento, marcação,
        réservation, réservations, rendez-vous, rdv, prenotazione, prenotazioni, appuntamento, reservering,
        reserveringen, boeking, afspraak, rezervasyon, randevu, حجز, موعد, बुकिंग, आरक्षण, अपॉइंटमेंट
        """,
    Lead.Type.INQUIRY: """
        inquiry, inquiries, enquiry, enquiries, question, request, information request, quote request, anfrage,
        anfragen, frage, angebotsanfrage, consulta, consultas, pregunta, solicitud, dúvida, pergunta, solicitação,
        demande, demande de devis, richiesta, richieste, domanda, richiesta informazioni, aanvraag, vraag,
        offerteaanvraag, talep, soru, bilgi talebi, استفسار, سؤال, पूछताछ, प्रश्न
        """,
}
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "type": tuple(Lead.Type.values),
    "status": tuple(Lead.Status.values),
}


# Before the status itself, as Salesforce has it: "Working - Contacted", "Geschlossen – Konvertiert".
_STAGES: Final = """
    open, working, closed, in progress, offen, in bearbeitung, in arbeit, geschlossen, abgeschlossen, abierto, abierta,
    en proceso, en progreso, trabajando, en curso, cerrado, cerrada, aberto, aberta, em andamento, trabalhando, fechado,
    fechada, ouvert, ouverte, en cours, fermé, fermée, clos, aperto, aperta, in corso, in lavorazione, chiuso,
    chiusa, in behandeling, bezig, gesloten, açık, devam ediyor, üzerinde çalışılıyor, kapalı, kapandı, kapatıldı
"""
_STAGE: Final = re.compile(r"([^-–—/]+)\s+[-–—/]\s+(.+)", re.DOTALL)

_EXAMPLES: Final = {"type": "order", "status": "contacted"}


class UnknownValue(ValueError):
    """The cell is none of ours and nothing says what it means; the message says what to do."""


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {folded(word): str(ours) for ours, text in words.items() for word in text.split(",")}


_STAGE_WORDS: Final = frozenset(map(folded, _STAGES.split(",")))
_TABLES: Final = {"type": _table(_TYPES), "status": _table(_STATUSES)}


class Values(dict[str, str]):
    """The value of ours for each cell of a column of types or statuses; cells are added as they are met.

    A cell that a person explained (`--map-value`) has that meaning, then those of the table. Looking up another raises
    UnknownValue.
    """

    def __init__(self, field: str, explained: Mapping[str, str]) -> None:
        super().__init__()
        self.field = field
        self._known = _TABLES[field] | {folded(value): ours for value, ours in explained.items()}

    def __missing__(self, cell: str) -> str:
        if (ours := self.meaning(cell)) is None:
            shown = " ".join(cell.split())[:60]
            raise UnknownValue(
                f"Must be one of {', '.join(CHOICES[self.field])}, and not “{shown}”. Correct it, or say what it means,"
                f" for example --map-value '{self.field}:{shown}={_EXAMPLES[self.field]}'."
            )
        self[cell] = ours
        return ours

    def meaning(self, cell: str) -> str | None:
        """Return our value for the cell, or None."""
        ours = self._known.get(folded(cell))
        if ours is None and self.field == "status" and (staged := _STAGE.fullmatch(cell.strip())):
            return self._known.get(folded(staged[2])) if folded(staged[1]) in _STAGE_WORDS else None
        return ours

    def are_ours(self, cells: Iterable[str]) -> bool:
        """Whether most of the cells that are not blank can be read; True where all are blank."""
        readable = [self.meaning(cell) is not None for cell in cells if folded(cell)]
        return not readable or 2 * sum(readable) > len(readable)

    def translated(self, cells: Iterable[str]) -> dict[str, str]:
        """Return the cells, without repetitions, whose meaning is another word, with the meaning."""
        found: dict[str, str] = {}
        for cell in cells:
            text = cell.strip()
            if (ours := self.meaning(text)) is not None and ours != folded(text):
                found.setdefault(text, ours)
        return found

    def unknown(self, cells: Iterable[str]) -> list[str]:
        """Return the cells, without repetitions, that cannot be read."""
        return list(dict.fromkeys(cell.strip() for cell in cells if folded(cell) and self.meaning(cell) is None))
