"""Phone numbers with which both the Python and the SQL functions are tested."""

# (as a person writes it, E.164)
ACCEPTED = [
    ("+1234567890", "+1234567890"),
    ("+49 151 23456789", "+4915123456789"),
    ("  +49\t151\u00a023456789 ", "+4915123456789"),
    ("0049 151 23456789", "+4915123456789"),
    ("00 49 (151) 234-56789", "+4915123456789"),
    ("+1 (631) 555-1234", "+16315551234"),
    ("+1 [631] 555\u20131234", "+16315551234"),
    ("+44\u202f20\u20117946\u22120958", "+442079460958"),
    ("+1234567", "+1234567"),
    ("+123456789012345", "+123456789012345"),
    # Whether the number is assigned is not checked: a look-up library refuses this one.
    ("+52 1 55 1234 5678", "+5215512345678"),
]

REFUSED = [
    "",
    " ",
    "+",
    "00",
    "abc",
    "1234567890",  # no plus sign: no country code
    "+0123456789",
    "000123456789",
    "+123456",  # too short
    "+1234567890123456",  # too long
    "++1234567890",
    "+12345+67890",
    "+49 151 23456789 ext 5",
    "+49.151.23456789",
    "4.9151E+11",  # a number as a spreadsheet shows it
    "+1234567890\n",
    "+1234567890;+1234567891",
    "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660",  # Arabic digits
    "+\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",  # full-width digits
    "tel:+1234567890",
    "whatsapp:+1234567890",
]
# PostgreSQL's text cannot contain NUL, so these cannot be tested with SQL.
REFUSED_BY_PYTHON = [*REFUSED, "+1234567890\0", "\0"]

# (two ways in which WhatsApp writes the same number)
SAME_CUSTOMER = [
    ("+5215512345678", "+525512345678"),  # Mexico: 1 after the country code
    ("+5491112345678", "+541112345678"),  # Argentina: 9 after the country code
    ("+5511987654321", "+551187654321"),  # Brazil: the ninth digit of a mobile
    ("+5511961234567", "+551161234567"),
]

# (two numbers of different people)
OTHER_CUSTOMER = [
    ("+5511941234567", "+551141234567"),  # Brazil: eight digits that start with 2 to 5 are a landline
    ("+5511921234567", "+551121234567"),
    ("+52155123456789", "+5255123456789"),  # Mexico: a digit too many
    ("+54911123456789", "+5411123456789"),
    ("+5501987654321", "+550187654321"),  # Brazil has no area 01
    ("+15212345678", "+1212345678"),
    ("+4915123456789", "+4915123456780"),
]
