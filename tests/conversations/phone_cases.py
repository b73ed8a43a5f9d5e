"""Phone numbers with which both the Python and the SQL functions are tested."""

INVISIBLE_MARKS = [
    chr(code)
    for first, last in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069), (0x2060, 0x2060), (0xFEFF, 0xFEFF))
    for code in range(first, last + 1)
] + ["\u00ad", "\u061c"]
SPACES = ["\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000"]
DASHES = [*map(chr, range(0x2010, 0x2016)), "\u2212", "\uff0d"]

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
    ("+49.151.23456789", "+4915123456789"),
    ("+49 151/234 567-89", "+4915123456789"),
    # A trunk zero in brackets, as on business cards, in each spelling of the country code.
    ("+49 (0)151 23440001", "+4915123440001"),
    ("+49(0)15123440001", "+4915123440001"),
    ("+49 [0] 151 23440001", "+4915123440001"),
    ("+49 ( 0 ) 151 23440001", "+4915123440001"),
    ("(+49) (0) 151 23440001", "+4915123440001"),
    ("+(49)(0)151 23440001", "+4915123440001"),
    ("0049 (0)151 23440001", "+4915123440001"),
    ("+1 (0)631 5551234", "+16315551234"),
    ("+353 (0) 87 123 4567", "+353871234567"),
    ("+49 151 (0) 23440001", "+49151023440001"),  # not after the country code: a digit of the number
    # Invisible marks, as programs put them around and inside.
    *((f"{mark}+49{mark}151 23456789{mark}", "+4915123456789") for mark in INVISIBLE_MARKS),
    ("\u202a\u200e+49 151 23456789\u202c", "+4915123456789"),
    ("\ufeff0049 151 23456789", "+4915123456789"),
    ("+49\u200b (\u20680\u2069) 151 23456789", "+4915123456789"),
    *((f"{space}+49{space}151{space}23456789{space}", "+4915123456789") for space in SPACES),
    *((f"+49{dash}151{dash}23456789", "+4915123456789") for dash in DASHES),
    # Full-width characters, as Japanese and Chinese keyboards write them.
    ("\uff0b\uff14\uff19\uff11\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19", "+4915123456789"),
    ("\uff10\uff1049\uff08\uff10\uff09151\u300023\uff0d456\uff0e7\uff0f89", "+4915123456789"),
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
    "4.9151E+11",  # a number as a spreadsheet shows it
    "+1234567890\n",
    "+1234567890;+1234567891",
    "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660",  # Arabic digits
    "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",  # full-width digits without a plus sign
    "\u202a\u202c",
    "(0)151 23440001",
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
    # Ivory Coast since January 2021: mobiles of Moov, MTN and Orange, then their landlines
    ("+22501020304", "+2250101020304"),
    ("+22553020304", "+2250153020304"),
    ("+22540020304", "+2250140020304"),
    ("+22505020304", "+2250505020304"),
    ("+22586020304", "+2250586020304"),
    ("+22507020304", "+2250707020304"),
    ("+22599020304", "+2250799020304"),
    ("+22520820304", "+2252120820304"),
    ("+22522020304", "+2252522020304"),
    ("+22530020304", "+2252530020304"),
    ("+22520220304", "+2252720220304"),
    ("+22536820304", "+2252736820304"),
    # Benin since November 2024
    ("+22997020304", "+2290197020304"),
    ("+22921020304", "+2290121020304"),
]

# (two numbers of different people)
OTHER_CUSTOMER = [
    ("+5511941234567", "+551141234567"),  # Brazil: eight digits that start with 2 to 5 are a landline
    ("+5511921234567", "+551121234567"),
    ("+52155123456789", "+5255123456789"),  # Mexico: a digit too many
    ("+54911123456789", "+5411123456789"),
    ("+5501987654321", "+550187654321"),  # Brazil has no area 01
    ("+22507020304", "+2250507020304"),  # Ivory Coast: MTN's new number with the same last eight digits
    ("+22513020304", "+2250113020304"),  # special services kept eight digits
    ("+2257020304", "+225077020304"),
    ("+22997020304", "+2290297020304"),
    ("+2299702030", "+229019702030"),
    ("+22697020304", "+2260197020304"),
    ("+15212345678", "+1212345678"),
    ("+4915123456789", "+4915123456780"),
]
