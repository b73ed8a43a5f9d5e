"""The names of countries on pages, in the languages of the pages but English: country_names.py."""

from functools import cache
from typing import Final

from django.utils.translation import get_language

from leads.importing.phones.regions import region_name

# ISO 3166 code, then the name that is shown.
NAMES: Final = {
    "de": """
AC Ascension|AD Andorra|AE Vereinigte Arabische Emirate|AF Afghanistan|AG Antigua und Barbuda|AI Anguilla
AL Albanien|AM Armenien|AO Angola|AR Argentinien|AS Amerikanisch-Samoa|AT Österreich|AU Australien|AW Aruba|AX Åland
AZ Aserbaidschan|BA Bosnien und Herzegowina|BB Barbados|BD Bangladesch|BE Belgien|BF Burkina Faso|BG Bulgarien
BH Bahrain|BI Burundi|BJ Benin|BL Saint-Barthélemy|BM Bermuda|BN Brunei|BO Bolivien|BQ Karibische Niederlande
BR Brasilien|BS Bahamas|BT Bhutan|BW Botswana|BY Belarus|BZ Belize|CA Kanada|CC Kokosinseln|CD Kongo (Kinshasa)
CF Zentralafrikanische Republik|CG Kongo (Brazzaville)|CH Schweiz|CI Elfenbeinküste|CK Cookinseln|CL Chile
CM Kamerun|CN China|CO Kolumbien|CR Costa Rica|CU Kuba|CV Kap Verde|CW Curaçao|CX Weihnachtsinsel|CY Zypern
CZ Tschechien|DE Deutschland|DJ Dschibuti|DK Dänemark|DM Dominica|DO Dominikanische Republik|DZ Algerien|EC Ecuador
EE Estland|EG Ägypten|EH Westsahara|ER Eritrea|ES Spanien|ET Äthiopien|FI Finnland|FJ Fidschi|FK Falklandinseln
FM Mikronesien|FO Färöer|FR Frankreich|GA Gabun|GB Vereinigtes Königreich|GD Grenada|GE Georgien
GF Französisch-Guayana|GG Guernsey|GH Ghana|GI Gibraltar|GL Grönland|GM Gambia|GN Guinea|GP Guadeloupe
GQ Äquatorialguinea|GR Griechenland|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hongkong|HN Honduras
HR Kroatien|HT Haiti|HU Ungarn|ID Indonesien|IE Irland|IL Israel|IM Insel Man|IN Indien
IO Britisches Territorium im Indischen Ozean|IQ Irak|IR Iran|IS Island|IT Italien|JE Jersey|JM Jamaika|JO Jordanien
JP Japan|KE Kenia|KG Kirgisistan|KH Kambodscha|KI Kiribati|KM Komoren|KN St. Kitts und Nevis|KP Nordkorea
KR Südkorea|KW Kuwait|KY Kaimaninseln|KZ Kasachstan|LA Laos|LB Libanon|LC St. Lucia|LI Liechtenstein|LK Sri Lanka
LR Liberia|LS Lesotho|LT Litauen|LU Luxemburg|LV Lettland|LY Libyen|MA Marokko|MC Monaco|MD Moldau|ME Montenegro
MF Saint-Martin|MG Madagaskar|MH Marshallinseln|MK Nordmazedonien|ML Mali|MM Myanmar|MN Mongolei|MO Macau
MP Nördliche Marianen|MQ Martinique|MR Mauretanien|MS Montserrat|MT Malta|MU Mauritius|MV Malediven|MW Malawi
MX Mexiko|MY Malaysia|MZ Mosambik|NA Namibia|NC Neukaledonien|NE Niger|NF Norfolkinsel|NG Nigeria|NI Nicaragua
NL Niederlande|NO Norwegen|NP Nepal|NR Nauru|NU Niue|NZ Neuseeland|OM Oman|PA Panama|PE Peru
PF Französisch-Polynesien|PG Papua-Neuguinea|PH Philippinen|PK Pakistan|PL Polen|PM Saint-Pierre und Miquelon
PR Puerto Rico|PS Palästina|PT Portugal|PW Palau|PY Paraguay|QA Katar|RE Réunion|RO Rumänien|RS Serbien|RU Russland
RW Ruanda|SA Saudi-Arabien|SB Salomonen|SC Seychellen|SD Sudan|SE Schweden|SG Singapur|SH St. Helena|SI Slowenien
SJ Svalbard|SK Slowakei|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS Südsudan
ST São Tomé und Príncipe|SV El Salvador|SX Sint Maarten|SY Syrien|SZ Eswatini|TA Tristan da Cunha
TC Turks- und Caicosinseln|TD Tschad|TG Togo|TH Thailand|TJ Tadschikistan|TK Tokelau|TL Osttimor|TM Turkmenistan
TN Tunesien|TO Tonga|TR Türkei|TT Trinidad und Tobago|TV Tuvalu|TW Taiwan|TZ Tansania|UA Ukraine|UG Uganda
US Vereinigte Staaten|UY Uruguay|UZ Usbekistan|VA Vatikanstadt|VC St. Vincent und die Grenadinen|VE Venezuela
VG Britische Jungferninseln|VI Amerikanische Jungferninseln|VN Vietnam|VU Vanuatu|WF Wallis und Futuna|WS Samoa
XK Kosovo|YE Jemen|YT Mayotte|ZA Südafrika|ZM Sambia|ZW Simbabwe
""",
    "es": """
AC Ascensión|AD Andorra|AE Emiratos Árabes Unidos|AF Afganistán|AG Antigua y Barbuda|AI Anguila|AL Albania
AM Armenia|AO Angola|AR Argentina|AS Samoa Americana|AT Austria|AU Australia|AW Aruba|AX Åland|AZ Azerbaiyán
BA Bosnia y Herzegovina|BB Barbados|BD Bangladés|BE Bélgica|BF Burkina Faso|BG Bulgaria|BH Baréin|BI Burundi
BJ Benín|BL San Bartolomé|BM Bermudas|BN Brunéi|BO Bolivia|BQ Caribe neerlandés|BR Brasil|BS Bahamas|BT Bután
BW Botsuana|BY Bielorrusia|BZ Belice|CA Canadá|CC Islas Cocos|CD Congo (Kinsasa)|CF República Centroafricana
CG Congo (Brazzaville)|CH Suiza|CI Costa de Marfil|CK Islas Cook|CL Chile|CM Camerún|CN China|CO Colombia
CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curazao|CX Isla de Navidad|CY Chipre|CZ Chequia|DE Alemania|DJ Yibuti
DK Dinamarca|DM Dominica|DO República Dominicana|DZ Argelia|EC Ecuador|EE Estonia|EG Egipto|EH Sáhara Occidental
ER Eritrea|ES España|ET Etiopía|FI Finlandia|FJ Fiyi|FK Islas Malvinas|FM Micronesia|FO Islas Feroe|FR Francia
GA Gabón|GB Reino Unido|GD Granada|GE Georgia|GF Guayana Francesa|GG Guernesey|GH Ghana|GI Gibraltar|GL Groenlandia
GM Gambia|GN Guinea|GP Guadalupe|GQ Guinea Ecuatorial|GR Grecia|GT Guatemala|GU Guam|GW Guinea-Bisáu|GY Guyana
HK Hong Kong|HN Honduras|HR Croacia|HT Haití|HU Hungría|ID Indonesia|IE Irlanda|IL Israel|IM Isla de Man|IN India
IO Territorio Británico del Océano Índico|IQ Irak|IR Irán|IS Islandia|IT Italia|JE Jersey|JM Jamaica|JO Jordania
JP Japón|KE Kenia|KG Kirguistán|KH Camboya|KI Kiribati|KM Comoras|KN San Cristóbal y Nieves|KP Corea del Norte
KR Corea del Sur|KW Kuwait|KY Islas Caimán|KZ Kazajistán|LA Laos|LB Líbano|LC Santa Lucía|LI Liechtenstein
LK Sri Lanka|LR Liberia|LS Lesoto|LT Lituania|LU Luxemburgo|LV Letonia|LY Libia|MA Marruecos|MC Mónaco|MD Moldavia
ME Montenegro|MF San Martín|MG Madagascar|MH Islas Marshall|MK Macedonia del Norte|ML Mali|MM Myanmar|MN Mongolia
MO Macao|MP Islas Marianas del Norte|MQ Martinica|MR Mauritania|MS Montserrat|MT Malta|MU Mauricio|MV Maldivas
MW Malaui|MX México|MY Malasia|MZ Mozambique|NA Namibia|NC Nueva Caledonia|NE Níger|NF Isla Norfolk|NG Nigeria
NI Nicaragua|NL Países Bajos|NO Noruega|NP Nepal|NR Nauru|NU Niue|NZ Nueva Zelanda|OM Omán|PA Panamá|PE Perú
PF Polinesia Francesa|PG Papúa Nueva Guinea|PH Filipinas|PK Pakistán|PL Polonia|PM San Pedro y Miquelón
PR Puerto Rico|PS Palestina|PT Portugal|PW Palaos|PY Paraguay|QA Catar|RE Reunión|RO Rumanía|RS Serbia|RU Rusia
RW Ruanda|SA Arabia Saudí|SB Islas Salomón|SC Seychelles|SD Sudán|SE Suecia|SG Singapur|SH Santa Elena|SI Eslovenia
SJ Svalbard|SK Eslovaquia|SL Sierra Leona|SM San Marino|SN Senegal|SO Somalia|SR Surinam|SS Sudán del Sur
ST Santo Tomé y Príncipe|SV El Salvador|SX Sint Maarten|SY Siria|SZ Esuatini|TA Tristán de Acuña
TC Islas Turcas y Caicos|TD Chad|TG Togo|TH Tailandia|TJ Tayikistán|TK Tokelau|TL Timor Oriental|TM Turkmenistán
TN Túnez|TO Tonga|TR Turquía|TT Trinidad y Tobago|TV Tuvalu|TW Taiwán|TZ Tanzania|UA Ucrania|UG Uganda
US Estados Unidos|UY Uruguay|UZ Uzbekistán|VA Ciudad del Vaticano|VC San Vicente y las Granadinas|VE Venezuela
VG Islas Vírgenes Británicas|VI Islas Vírgenes de EE. UU.|VN Vietnam|VU Vanuatu|WF Wallis y Futuna|WS Samoa
XK Kosovo|YE Yemen|YT Mayotte|ZA Sudáfrica|ZM Zambia|ZW Zimbabue
""",
    "pt-br": """
AC Ascensão|AD Andorra|AE Emirados Árabes Unidos|AF Afeganistão|AG Antígua e Barbuda|AI Anguila|AL Albânia
AM Armênia|AO Angola|AR Argentina|AS Samoa Americana|AT Áustria|AU Austrália|AW Aruba|AX Åland|AZ Azerbaijão
BA Bósnia e Herzegovina|BB Barbados|BD Bangladesh|BE Bélgica|BF Burquina Faso|BG Bulgária|BH Bahrein|BI Burundi
BJ Benin|BL São Bartolomeu|BM Bermudas|BN Brunei|BO Bolívia|BQ Países Baixos Caribenhos|BR Brasil|BS Bahamas
BT Butão|BW Botsuana|BY Belarus|BZ Belize|CA Canadá|CC Ilhas Cocos|CD Congo (Kinshasa)|CF República Centro-Africana
CG Congo (Brazzaville)|CH Suíça|CI Costa do Marfim|CK Ilhas Cook|CL Chile|CM Camarões|CN China|CO Colômbia
CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curaçao|CX Ilha Christmas|CY Chipre|CZ Tchéquia|DE Alemanha|DJ Djibuti
DK Dinamarca|DM Dominica|DO República Dominicana|DZ Argélia|EC Equador|EE Estônia|EG Egito|EH Saara Ocidental
ER Eritreia|ES Espanha|ET Etiópia|FI Finlândia|FJ Fiji|FK Ilhas Malvinas|FM Micronésia|FO Ilhas Faroé|FR França
GA Gabão|GB Reino Unido|GD Granada|GE Geórgia|GF Guiana Francesa|GG Guernsey|GH Gana|GI Gibraltar|GL Groenlândia
GM Gâmbia|GN Guiné|GP Guadalupe|GQ Guiné Equatorial|GR Grécia|GT Guatemala|GU Guam|GW Guiné-Bissau|GY Guiana
HK Hong Kong|HN Honduras|HR Croácia|HT Haiti|HU Hungria|ID Indonésia|IE Irlanda|IL Israel|IM Ilha de Man|IN Índia
IO Território Britânico do Oceano Índico|IQ Iraque|IR Irã|IS Islândia|IT Itália|JE Jersey|JM Jamaica|JO Jordânia
JP Japão|KE Quênia|KG Quirguistão|KH Camboja|KI Kiribati|KM Comores|KN São Cristóvão e Névis|KP Coreia do Norte
KR Coreia do Sul|KW Kuwait|KY Ilhas Cayman|KZ Cazaquistão|LA Laos|LB Líbano|LC Santa Lúcia|LI Liechtenstein
LK Sri Lanka|LR Libéria|LS Lesoto|LT Lituânia|LU Luxemburgo|LV Letônia|LY Líbia|MA Marrocos|MC Mônaco|MD Moldova
ME Montenegro|MF São Martinho|MG Madagascar|MH Ilhas Marshall|MK Macedônia do Norte|ML Mali|MM Mianmar|MN Mongólia
MO Macau|MP Ilhas Marianas do Norte|MQ Martinica|MR Mauritânia|MS Montserrat|MT Malta|MU Maurício|MV Maldivas
MW Malaui|MX México|MY Malásia|MZ Moçambique|NA Namíbia|NC Nova Caledônia|NE Níger|NF Ilha Norfolk|NG Nigéria
NI Nicarágua|NL Países Baixos|NO Noruega|NP Nepal|NR Nauru|NU Niue|NZ Nova Zelândia|OM Omã|PA Panamá|PE Peru
PF Polinésia Francesa|PG Papua-Nova Guiné|PH Filipinas|PK Paquistão|PL Polônia|PM São Pedro e Miquelão|PR Porto Rico
PS Palestina|PT Portugal|PW Palau|PY Paraguai|QA Catar|RE Reunião|RO Romênia|RS Sérvia|RU Rússia|RW Ruanda
SA Arábia Saudita|SB Ilhas Salomão|SC Seicheles|SD Sudão|SE Suécia|SG Singapura|SH Santa Helena|SI Eslovênia
SJ Svalbard|SK Eslováquia|SL Serra Leoa|SM San Marino|SN Senegal|SO Somália|SR Suriname|SS Sudão do Sul
ST São Tomé e Príncipe|SV El Salvador|SX Sint Maarten|SY Síria|SZ Essuatíni|TA Tristão da Cunha
TC Ilhas Turcas e Caicos|TD Chade|TG Togo|TH Tailândia|TJ Tajiquistão|TK Tokelau|TL Timor-Leste|TM Turcomenistão
TN Tunísia|TO Tonga|TR Turquia|TT Trinidad e Tobago|TV Tuvalu|TW Taiwan|TZ Tanzânia|UA Ucrânia|UG Uganda
US Estados Unidos|UY Uruguai|UZ Uzbequistão|VA Cidade do Vaticano|VC São Vicente e Granadinas|VE Venezuela
VG Ilhas Virgens Britânicas|VI Ilhas Virgens Americanas|VN Vietnã|VU Vanuatu|WF Wallis e Futuna|WS Samoa|XK Kosovo
YE Iêmen|YT Mayotte|ZA África do Sul|ZM Zâmbia|ZW Zimbábue
""",
}


def shown_region(region: str) -> str:
    """Return the region's name in the language of the page: "Germany (DE)", "Deutschland (DE)"."""
    name = _names(get_language() or "").get(region)
    return f"{name} ({region})" if name else region_name(region)


@cache
def _names(language: str) -> dict[str, str]:
    lines = NAMES.get(language, "").split("\n")
    return {part[:2]: part[3:] for line in lines for part in line.split("|") if part}
