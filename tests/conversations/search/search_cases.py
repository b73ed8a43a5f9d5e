"""What people search for, and whom they find: the same in the API and in the admin."""

# Customers by name, with their number and what they want.
PEOPLE = {
    "Jos\u00e9 Garc\u00eda": ("+34600123456", "Una tarta de lim\u00f3n, ma\u00f1ana"),
    "Jose\u0301 Ruiz": ("+34600999888", "Pan"),  # the accent is a character of its own
    "J\u00fcrgen Stra\u00dfmann": ("+4915123456789", "Zwei Brote\nam Samstag"),
    "I\u015f\u0131k Y\u0131lmaz": ("+905321112233", "Do\u011fum g\u00fcn\u00fc"),
    "\u0130pek": ("+905329998877", "\u00c7ay"),
    "Anna M\u00fcller-L\u00fcdenscheidt": ("+5215512345678", "50% off? (am Montag)"),
    "Shane O\u2019Brien": ("+353851234567", "Lemon drizzle cake for the wedding, 24 pieces"),
    "\u0410\u043b\u0451\u043d\u0430": ("+79161234567", "\u0422\u043e\u0440\u0442"),
    "\u738b\u8bb2": ("+8613800138000", "\u6211\u60f3\u8ba2\u86cb\u7cd5"),
}
_JOSES = ["Jos\u00e9 Garc\u00eda", "Jose\u0301 Ruiz"]
_ANNA = ["Anna M\u00fcller-L\u00fcdenscheidt"]
_SHANE = ["Shane O\u2019Brien"]
_JURGEN = ["J\u00fcrgen Stra\u00dfmann"]

# By name and number: for leads, customers and conversations.
BY_CUSTOMER = [
    *((term, _JOSES) for term in ("jose", "JOSE", "Jos\u00e9", "jose\u0301", "  jos\u00e9 ", "JOS\u00c9", "\uff4aose")),
    *((term, _JURGEN) for term in ("strassmann", "STRASSMANN", "Stra\u00dfmann", "jurgen", "stra\u1e9emann")),
    *((term, ["I\u015f\u0131k Y\u0131lmaz"]) for term in ("isik", "ISIK", "I\u015f\u0131k", "I\u015eIK", "yilmaz")),
    *((term, ["\u0130pek"]) for term in ("ipek", "\u0130PEK", "\u0131pek", "IPEK")),
    *((term, _SHANE) for term in ("o'brien", "OBrien", "O\u2019Brien", "brien shane", "O\u00b4Brien")),
    *((term, _ANNA) for term in ("muller anna", "Anna Lu\u0308denscheidt", "M\u00fcller, Anna", "anna-m\u00fcller")),
    *((term, _ANNA) for term in ("+52 1 55 1234 5678", "+525512345678", "0052 55 1234", "55 1234 5678", "55-1234")),
    *((term, _JURGEN) for term in ("0151 234", "+49 151", "0151/23456789", "jurgen 0151 2345", "(0151) 234-567 jur")),
    *((term, _JURGEN) for term in ("4915123456789", "00491512345", "+49 (0)151 234", "\u202a+49\u00a0151\u202c")),
    ("\u0430\u043b\u0435\u043d\u0430", ["\u0410\u043b\u0451\u043d\u0430"]),
    ("\u0410\u041b\u0401\u041d\u0410", ["\u0410\u043b\u0451\u043d\u0430"]),
    ("\u738b", ["\u738b\u8bb2"]),
    ("an", _ANNA),  # a short word is the beginning of a word
    ("lu", _ANNA),
    ("jose ruiz", ["Jose\u0301 Ruiz"]),
    ("ruiz j", ["Jose\u0301 Ruiz"]),
    ("anna jose", []),
    ("nobody", []),
    *((term, []) for term in ("_", "\\", "%%%", "a%b", "'", "\U0001f382")),
]
# By words of the request, with or without the customer's.
BY_REQUEST = [
    ("limon tarta", ["Jos\u00e9 Garc\u00eda"]),
    ("jose limon", ["Jos\u00e9 Garc\u00eda"]),
    ("MANANA garcia tarta", ["Jos\u00e9 Garc\u00eda"]),
    ("wedding lemon", _SHANE),
    ("lemon wedding brien +353 85", _SHANE),
    ("lemon cake", _SHANE),
    ("24 pieces", _SHANE),
    ("24 wedding o'brien cake lemon for", _SHANE),
    ("lemon jose", []),
    ("am", [*_JURGEN, *_ANNA]),  # after a line end, after a bracket
    ("50%", _ANNA),
    ("%", _ANNA),
    ("dogum", ["I\u015f\u0131k Y\u0131lmaz"]),
    ("\u86cb\u7cd5", ["\u738b\u8bb2"]),
    ("\u0422\u041e\u0420\u0422", ["\u0410\u043b\u0451\u043d\u0430"]),
]
