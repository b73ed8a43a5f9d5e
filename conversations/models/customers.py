"""The model Customer."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, cast
from uuid import UUID

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models.marketing import MarketingManager
from conversations.models.moves import IdentifierManager
from conversations.models.senders import SenderManager
from conversations.phone import E164_PATTERN, phone_key
from conversations.search.folding import Folded
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel
from leadsite.core.statements import IsAnyOf, fetch_rows
from leadsite.languages.texts import filled

NAME_MAX_LENGTH = 200
WHATSAPP_USER_ID_MAX_LENGTH = 200


class UpsertedCustomer(NamedTuple):
    """A customer after `upsert`. `existed`: the row was there before this statement. `name`: as stored now."""

    id: UUID
    phone_key: str
    existed: bool
    name: str


class CustomerManager(SenderManager["Customer"], MarketingManager["Customer"], IdentifierManager["Customer"]):
    """Reads and writes lists of customers, each in one statement whatever the length."""

    def upsert(
        self, *, user_id: UUID, customers: Iterable[tuple[str, str]], replace_names: bool = True
    ) -> dict[str, UpsertedCustomer]:
        """Find or insert customers of a business and lock their rows, in the order of phone key. Caller holds the
        transaction.

        `customers`: phone (E.164) and name of each; where several are the same customer, the last one counts. A name
        that is not blank replaces the stored one; with `replace_names=False` stored names stay.
        The result is keyed by phone key. Raises django.db.IntegrityError: customers_user_fk where there is no such
        business, or another constraint of the table.
        """
        given = {phone_key(phone): (phone, name) for phone, name in customers}
        ordered = [given[key] for key in sorted(given)]
        phones, names = array(phone for phone, _ in ordered), array(name for _, name in ordered)
        found = fetch_rows(_UPSERT, [user_id, phones, names, replace_names, replace_names])
        return {row[1]: UpsertedCustomer(*row) for row in found}

    def rename(self, names: Mapping[UUID, str]) -> None:
        """Set the names of customers. Caller holds the transaction and has locked the customers."""
        if names:
            ids = array(names)
            fetch_rows(_RENAME, [ids, array(names.values()), ids])

    def known_phone_keys(self, *, user_id: UUID, phone_keys: Collection[str]) -> set[str]:
        """Return those of the phone keys that customers of the business have."""
        if not phone_keys:
            return set()
        return {key for (key,) in fetch_rows(_KNOWN_KEYS, [array(phone_keys), user_id])}

    def upsert_by_user_id(self, *, user_id: UUID, whatsapp_user_id: str, name: str) -> UUID:
        """Find or insert the customer with this WhatsApp user id and lock the row. Caller holds the transaction.

        A name that is not blank replaces the stored one. Raises django.db.IntegrityError: a constraint of the table.
        """
        ((customer_id,),) = fetch_rows(_UPSERT_BY_USER_ID, [user_id, whatsapp_user_id, name])
        return cast(UUID, customer_id)

    def lock(self, ids: Collection[UUID]) -> list["Customer"]:
        """Lock rows of customers in the order of Note [Lock order] and return them. Caller holds the transaction.

        Customers that have been deleted are missing from the result.
        """
        chosen = self.filter(IsAnyOf("pk", ids)).order_by("user", "phone_key", "whatsapp_user_id")
        return list(chosen.select_for_update(of=("self",)))

    def lock_owner_of(self, *, user_id: UUID, **its: UUID | None) -> "Customer | None":
        """Lock and return the customer of a row of the business; None where there is no such row, deleted or not.
        Caller holds the transaction.

        `its`: the row, by a look-up from its customer: conversations=id, conversations__leads=id.
        """
        owner = self.filter(user_id=user_id, **its)
        # Repeated where none is found: the customer may just have been merged into another, who has the row now.
        for _attempt in range(_OWNER_ATTEMPTS):
            # Not first(): by its order a plan made while the tables were small reads the customers one after the other.
            for customer in owner.select_for_update(of=("self",), no_key=True):
                # A lock that waited for the undo of a merge has found the row as it was before that.
                if owner.filter(pk=customer.pk).exists():
                    return customer
        return None

    def lock_owners(self, conversation_ids: Collection[UUID]) -> None:
        """Lock the customers of these conversations without waiting. Caller holds the transaction.

        For a caller who has locked messages already. Raises django.db.OperationalError (55P03) where another
        transaction has locked one of the customers: the caller repeats the transaction.
        """
        fetch_rows(_LOCK_OWNERS, [array(conversation_ids)])


_OWNER_ATTEMPTS: Final = 3
# Rows are inserted in the order of the arrays, and each conflict locks the existing row: this is the lock order. xmax
# is 0 in a row that this statement inserted, and not 0 in one that it updated.
_UPSERT: Final = """
    INSERT INTO customers AS c (user_id, phone, name, created_at, updated_at)
    SELECT %s, phone, name, now(), now()
    FROM unnest(%s::text[], %s::text[]) AS given (phone, name)
    ON CONFLICT (user_id, phone_key) DO UPDATE SET
        name = CASE WHEN excluded.name <> '' AND %s THEN excluded.name ELSE c.name END,
        updated_at = CASE WHEN excluded.name NOT IN ('', c.name) AND %s THEN now() ELSE c.updated_at END
    RETURNING c.id, c.phone_key, c.xmax <> 0, c.name
"""
_RENAME: Final = """
    UPDATE customers AS c SET name = given.name, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[]) AS given (id, name)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[])
"""
_KNOWN_KEYS: Final = """
    SELECT given.phone_key FROM unnest(%s::text[]) AS given (phone_key)
    CROSS JOIN LATERAL (SELECT 1 FROM customers AS c
                        WHERE c.user_id = %s AND c.phone_key = given.phone_key LIMIT 1) AS customer
"""
# Waiting here would be against the lock order: the other transaction may wait for the caller's messages.
_LOCK_OWNERS: Final = """
    SELECT c.id FROM customers AS c
    WHERE c.id = ANY (ARRAY(SELECT v.customer_id FROM conversations AS v WHERE v.id = ANY (%s::uuid[])))
    FOR NO KEY UPDATE NOWAIT
"""
_UPSERT_BY_USER_ID: Final = """
    INSERT INTO customers AS c (user_id, whatsapp_user_id, name) VALUES (%s, %s, %s)
    ON CONFLICT (user_id, whatsapp_user_id) DO UPDATE SET
        name = coalesce(nullif(excluded.name, ''), c.name),
        updated_at = CASE WHEN excluded.name IN ('', c.name) THEN c.updated_at ELSE now() END
    RETURNING c.id
"""


class Customer(OwnedModel):
    """A person who writes to the business, identified by phone number, by WhatsApp user id, or by both.

    The row is also the lock for everything that belongs to this customer.
    """

    phone = models.CharField(null=True, blank=True, help_text=_("International form, as the customer gave it."))
    phone_key = models.GeneratedField(
        expression=models.Func(F("phone"), function="phone_key"),
        output_field=models.CharField(null=True),
        db_persist=True,
    )
    whatsapp_user_id = models.CharField(
        _("WhatsApp user id"),
        null=True,
        blank=True,
        help_text=_("Business-scoped user id; some customers hide their number."),
    )
    name = models.CharField(blank=True, default="", db_default="")
    # The first name from the customer's WhatsApp profile. While `name` equals it, no person or client has changed it.
    profile_name = models.CharField(null=True, editable=False)
    profile_name_at = models.DateTimeField(null=True, editable=False)
    # When a message last had both phone and WhatsApp user id: of contradicting messages the newer one counts.
    identified_at = models.DateTimeField(null=True, editable=False)
    # What the customer last chose about marketing, by the provider's clock: see conversations/marketing.py. Opted out
    # unless empty.
    marketing_opted_out_at = models.DateTimeField(null=True, editable=False)
    marketing_choice_at = models.DateTimeField(null=True, editable=False)
    # Providers limit the rate of messages to one customer: see whatsapp/outbound/queue.py.
    paced_until = models.DateTimeField(null=True, editable=False)

    objects = CustomerManager()

    class Meta:
        db_table = "customers"
        indexes = [
            # Read by conversations/search/queries.py. A phone key that equals the phone needs no second entry.
            GinIndex(
                OpClass(Folded("name"), name="gin_trgm_ops"),
                OpClass("phone", name="gin_trgm_ops"),
                name="customers_by_words",
                gin_pending_list_limit=1024,
            ),
            GinIndex(
                OpClass("phone_key", name="gin_trgm_ops"),
                condition=~Q(phone_key=F("phone")),
                name="customers_by_folded_phone",
            ),
            # Read by leads/merging/duplicates.py.
            models.Index("user", Left(Folded("name"), 100), condition=Q(phone__isnull=True), name="customers_no_phone"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="customers_owner_unique"),
            # Not the business first: an index that foreign keys' look-ups by business and id must not take.
            models.UniqueConstraint(
                fields=["phone_key", "user"],
                name="customers_phone_unique",
                violation_error_message=_("Another customer of this business has this phone number."),
            ),
            models.UniqueConstraint(
                fields=["whatsapp_user_id", "user"],
                name="customers_whatsapp_user_id_unique",
                violation_error_message=_("Another customer of this business has this WhatsApp user id."),
            ),
            models.CheckConstraint(
                condition=Q(phone__regex=f"^{E164_PATTERN}$"),
                name="customers_phone_e164",
                violation_error_message=_("The phone must be a plus sign and 7 to 15 digits."),
            ),
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(whatsapp_user_id__isnull=False),
                name="customers_identified",
                violation_error_message=_("A customer needs a phone number or a WhatsApp user id."),
            ),
            models.CheckConstraint(
                condition=Q(whatsapp_user_id__length__gte=1)
                & Q(whatsapp_user_id__length__lte=WHATSAPP_USER_ID_MAX_LENGTH),
                name="customers_whatsapp_user_id_length",
                violation_error_message=filled(
                    _("A WhatsApp user id has 1 to %(whatsapp_user_id_max_length)s characters."),
                    whatsapp_user_id_max_length=WHATSAPP_USER_ID_MAX_LENGTH,
                ),
            ),
            models.CheckConstraint(
                condition=Q(name__length__lte=NAME_MAX_LENGTH),
                name="customers_name_length",
                violation_error_message=filled(
                    _("A name has at most %(name_max_length)s characters."), name_max_length=NAME_MAX_LENGTH
                ),
            ),
            models.CheckConstraint(
                condition=Q(marketing_opted_out_at__isnull=True)
                | Q(marketing_choice_at__isnull=False, marketing_opted_out_at=F("marketing_choice_at")),
                name="customers_opted_out_by_last_choice",
            ),
        ]

    def __str__(self) -> str:
        return (
            self.name
            or self.phone
            or gettext("Number hidden (%(whatsapp_user_id)s)") % {"whatsapp_user_id": self.whatsapp_user_id}
        )
