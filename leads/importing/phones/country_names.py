"""The names of countries: in English for messages, and in other languages as files have them."""

from typing import Final

# ISO 3166 code, then the English name that is shown.
ENGLISH: Final = """
AC Ascension Island|AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania
AM Armenia|AO Angola|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Caribbean Netherlands|BR Brazil|BS Bahamas|BT Bhutan
BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos Islands|CD Congo (Kinshasa)|CF Central African Republic
CG Congo (Brazzaville)|CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia
CR Costa Rica|CU Cuba|CV Cape Verde|CW Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia|DE Germany|DJ Djibouti
DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea
ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon
GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia
GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India
IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya
KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea|KR South Korea|KW Kuwait
KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho
LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin
MG Madagascar|MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP Northern Mariana Islands
MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia
MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway
NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea
PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PR Puerto Rico|PS Palestine|PT Portugal|PW Palau
PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|SB Solomon Islands
SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard|SK Slovakia|SL Sierra Leone
SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST São Tomé and Príncipe|SV El Salvador|SX Sint Maarten
SY Syria|SZ Eswatini|TA Tristan da Cunha|TC Turks and Caicos Islands|TD Chad|TG Togo|TH Thailand|TJ Tajikistan
TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan
TZ Tanzania|UA Ukraine|UG Uganda|US United States|UY Uruguay|UZ Uzbekistan|VA Vatican City
VC Saint Vincent and the Grenadines|VE Venezuela|VG British Virgin Islands|VI US Virgin Islands|VN Vietnam|VU Vanuatu
WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""

# Other English names, codes of three letters, and names in the languages of the countries themselves and of the files
# whose column names are known. Written as regions.py compares them: case and accents do not matter.
OTHER: Final = """
AE UAE, ARE, Emirates, Emiratos Árabes Unidos, Vereinigte Arabische Emirate, الإمارات, الإمارات العربية المتحدة
AR ARG, Argentinien, Argentine, Arjantin
AT AUT, Österreich, Oesterreich, Autriche, Avusturya, Oostenrijk, Áustria
AU AUS, Australien, Australie
BD BGD, Bangladesch
BE BEL, Belgien, Belgique, België, Bélgica, Belgio, Belçika
BO BOL, Bolivien, Bolivie
BR BRA, Brasilien, Brasil, Brésil, Brasile, Brazilië, Brezilya
CA CAN, Kanada, Canadá
CH CHE, Schweiz, Suisse, Svizzera, Suiza, Suíça, Zwitserland, İsviçre
CI CIV, Côte d'Ivoire, Elfenbeinküste, Costa de Marfil
CL CHL, Chili, Cile
CN CHN, PRC, Volksrepublik China, Chine, Cina, Çin, 中国
CO COL, Kolumbien, Colombie, Kolombiya
CR CRI
CZ CZE, Czech Republic, Tschechien, Tschechische Republik, Česko, República Checa
DE DEU, GER, Deutschland, Alemania, Alemanha, Allemagne, Germania, Duitsland, Almanya, Federal Republic of Germany
DK DNK, Dänemark, Danmark, Dinamarca, Danemark
DO DOM, República Dominicana, Dominikanische Republik
DZ DZA, Algerien, Algérie, Argelia, الجزائر
EC ECU, Équateur
EG EGY, Ägypten, Égypte, Egipto, Mısır, مصر
ES ESP, España, Spanien, Espagne, Spagna, Espanha, Spanje, İspanya
FI FIN, Finnland, Suomi, Finlandia
FR FRA, Frankreich, Francia, França, Frankrijk, Fransa
GB UK, GBR, Great Britain, England, Scotland, Wales, Northern Ireland, Großbritannien, Vereinigtes Königreich
GB Reino Unido, Royaume-Uni, Regno Unito, Verenigd Koninkrijk, Birleşik Krallık
GH GHA
GR GRC, Griechenland, Grecia, Grèce, Hellas, Ελλάδα
GT GTM
HK HKG
HN HND
HR HRV, Kroatien, Hrvatska
HU HUN, Ungarn, Magyarország
ID IDN, Indonesien
IE IRL, Irland, Irlanda, Éire
IL ISR
IN IND, Indien, Inde, Bharat, Hindistan, भारत
IQ IRQ, Irak, العراق
IR IRN
IT ITA, Italien, Italia, Italie, Itália, Italië, İtalya
JO JOR, Jordanien, الأردن
JP JPN, Japón, Japon
KE KEN, Kenia
KR KOR, Korea, Republic of Korea, Südkorea, Corea del Sur
KW KWT, الكويت
LB LBN, Libanon, Liban, لبنان
LU LUX, Luxemburg
MA MAR, Marokko, Maroc, Marruecos, Fas, المغرب
MX MEX, Mexiko, Mexique, Messico, Meksika, Estados Unidos Mexicanos
MY MYS
NG NGA
NI NIC
NL NLD, Holland, The Netherlands, Niederlande, Nederland, Países Bajos, Pays-Bas, Paesi Bassi, Hollanda
NO NOR, Norwegen, Norge, Noruega
NZ NZL, Neuseeland
PA PAN
PE PER, Pérou
PH PHL, Philippinen, Pilipinas
PK PAK
PL POL, Polen, Polska, Polonia
PT PRT, Portekiz
PY PRY
QA QAT, Katar, قطر
RO ROU, Rumänien, România, Rumania
RU RUS, Russian Federation, Russland, Rusia, Россия
SA SAU, KSA, Saudi-Arabien, Arabia Saudita, السعودية, المملكة العربية السعودية
SE SWE, Schweden, Sverige, Suecia
SG SGP, Singapur
SV SLV
SY SYR, Syrien, سوريا
TH THA
TN TUN, Tunesien, Tunisie, Túnez, تونس
TR TUR, Turkey, Türkei, Turquía, Turquie, Turchia, Turkije
TZ TZA, Tansania
UA UKR, Ukraina, Україна
UG UGA
US USA, United States of America, America, U.S., U.S.A., Vereinigte Staaten, Vereinigte Staaten von Amerika
US Estados Unidos, EE. UU., EEUU, EUA, États-Unis, Stati Uniti, Verenigde Staten, Amerika Birleşik Devletleri, ABD
UY URY
VE VEN
VN VNM, Viet Nam
ZA ZAF, Südafrika, Sudáfrica
"""
