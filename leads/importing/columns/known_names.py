"""The names that the columns of a file have, by what is in them: one table for ten languages and the usual exports.

They are those of Facebook lead ads, Google contacts and forms, Outlook, HubSpot, Salesforce, Zoho, Pipedrive, Shopify,
WooCommerce and programs that list WhatsApp contacts, in English, German, Spanish, Portuguese, French, Italian, Dutch,
Turkish, Arabic and Hindi. They are compared by names.folded(), so case, accents and punctuation do not matter.
"""

from typing import Final

# In order of preference: the first column that is filled is used, a phone for WhatsApp first. No fax, no pager.
PHONES: Final = """
    customer phone, customer phone number, formatted phone, formatted number, international phone, whatsapp, whatsapp
    number, whatsapp phone, whatsapp phone number, wa id, wa number, whatsapp nummer, numero de whatsapp, whatsapp
    numarası, رقم الواتساب, رقم واتساب, واتساب, व्हाट्सएप नंबर, व्हाट्सएप, mobile, mobile phone, mobile phone number,
    mobile number, mobile no, cell, cell phone, cell number, cellular, phone mobile, mobile telephone, personal
    mobile, home mobile, work mobile, smartphone, handy, handynummer, mobil, mobilnummer, mobiltelefon, mobil tel nr,
    mobilfunk, mobilfunknummer, mobile nummer, handy nr, celular, movil, telefono movil, numero de celular, telefono
    celular, numero movil, telemovel, numero de telemovel, telefone celular, celular pessoal, celular de trabalho,
    telefone movel, portable, telephone portable, tel mobile, tel portable, mobile tel, numero de portable, telephone
    mobile, cellulare, numero cellulare, numero di cellulare, telefono cellulare, telefono mobile, cellulare di
    lavoro, gsm, mobiel, mobiel nummer, mobiele telefoon, mobieltje, cep telefonu, cep no, cep numarası, cep tel,
    الجوال, جوال, رقم الجوال, الموبايل, موبايل, رقم الموبايل, الهاتف المحمول, मोबाइल, मोबाइल नंबर, मोबाइल नं, phone,
    phone number, phone no, telephone, telephone number, tel, tel no, tel number, msisdn, contact number, contact
    phone, contact no, main phone, default address phone, phone default, phone 1 value, telefon, telefonnummer,
    telefonnr, telefon nr, tel nr, rufnummer, haupttelefon, kontaktnummer, telefono, numero de telefono, telefono
    principal, numero telefonico, telefone, numero de telefone, fone, fone primario, telefone principal, telefone para
    contato, numero de telephone, n de telephone, no de telephone, n telephone, no de telefono, n de telefono, no de
    telefone, n de telefone, telephone principal, numero di telefono, numero telefono, telefono principale, telefoon,
    telefoonnummer, telefon numarası, telefon no, الهاتف, هاتف, رقم الهاتف, رقم التليفون, تليفون, फोन, फोन नंबर, फ़ोन,
    फ़ोन नंबर, दूरभाष, business phone, work phone, phone work, office phone, direct phone, work direct phone, work
    phone number, work number, business phone number, office number, business phone 2, telefon geschäftlich, tel
    dienstlich, telefon dienstlich, telefon arbeit, telefono del trabajo, telefono trabajo, telefono de trabajo, fone
    comercial, fone de trabalho, telefone comercial, telephone bureau, tel professionnel, telephone professionnel,
    telefono di lavoro, telefono lavoro, telefono ufficio, telefoon werk, zakelijke telefoon, telefoon op werk, iş
    telefonu, هاتف العمل, home phone, primary phone, phone home, home telephone, home phone number, home number,
    telefon privat, telefono particular, telefono de casa, fone de casa, telefone residencial, telephone domicile,
    telefono di casa, telefono abitazione, telefoon thuis, telefoon prive, ev telefonu, هاتف المنزل, other phone,
    phone other, alternate phone, weiteres telefon, otro telefono, outro fone, outro telefone, telephone autre, phone
    altro, altro telefono, andere telefoon, overige telefoon, diğer telefon, billing phone, phone billing, shipping
    phone, phone shipping, car phone, autotelefon, company main phone, company phone
"""
WHOLE_NAMES: Final = """
    customer name, billing name, shipping name, full name, contact name, lead name, client name, person name, contact
    person, saved name, name, customer, contact, client, kundenname, vollständiger name, vor und nachname, name
    vorname, vorname nachname, ansprechpartner, kontaktname, kunde, nombre completo, nombre y apellido, nombre y
    apellidos, nombre del cliente, cliente, contacto, nome completo, nome do cliente, nome e sobrenome, nome e
    apelido, contato, nom complet, nom et prenom, nom et prenoms, prenom et nom, nom prenom, nom du client, nom, nome
    e cognome, nome cliente, nominativo, volledige naam, voor en achternaam, naam, klantnaam, klant, ad soyad, adı
    soyadı, ad ve soyad, isim soyisim, müşteri adı, müşteri, isim, الاسم الكامل, الاسم, اسم العميل, الاسم بالكامل,
    اسم, पूरा नाम, नाम, ग्राहक का नाम, आपका नाम
"""
FIRST_NAMES: Final = """
    first name, given name, forename, fname, billing first name, first name billing, shipping first name, first name
    shipping, vorname, rufname, primer nombre, nombre, nombres, primeiro nome, nome, nome proprio, prenom, prenoms,
    voornaam, roepnaam, ad, adı, الاسم الأول, पहला नाम, प्रथम नाम
"""
MIDDLE_NAMES: Final = """
    middle name, additional name, weitere vornamen, zweiter vorname, segundo nombre, nome do meio, deuxieme prenom,
    secondo nome, tussenvoegsel, tweede naam, ikinci ad, الاسم الأوسط, मध्य नाम
"""
LAST_NAMES: Final = """
    last name, family name, surname, lname, billing last name, last name billing, shipping last name, last name
    shipping, nachname, familienname, zuname, apellido, apellidos, primer apellido, apellido paterno, sobrenome,
    ultimo nome, apelido, nom de famille, cognome, achternaam, familienaam, soyad, soyadı, soyisim, اسم العائلة, الاسم
    الأخير, اللقب, उपनाम, अंतिम नाम
"""
SECOND_LAST_NAMES: Final = """
    segundo apellido, apellido materno, second last name, second surname, maternal surname
"""
# Used where neither a whole name nor its parts are filled.
NICKNAMES: Final = """
    display name, public name, push name, nickname, file as, anzeigename, spitzname, nombre en pantalla, apodo, nome
    visualizzato, soprannome, mostrar nome, nom a afficher, surnom, weergavenaam, bijnaam
"""
# Used where no column has the person's name, or the cells of those are blank.
COMPANIES: Final = """
    company, company name, company account, organization, organisation, organization name, organization 1 name,
    account name, associated company, primary associated company, default address company, billing company, company
    billing, business name, firma, firmenname, unternehmen, empresa, organizacion, nombre de la empresa, razon social,
    organizacao, nome da empresa, societe, entreprise, nom de l'entreprise, raison sociale, societa, azienda,
    organizzazione, ragione sociale, bedrijf, bedrijfsnaam, organisatie, şirket, şirket adı, firma adı, الشركة, اسم
    الشركة, कंपनी, कंपनी का नाम
"""
TYPES: Final = """
    type, lead type, lead kind, kind, request type, inquiry type, type of request, art, anfrageart, art der anfrage,
    leadtyp, typ, tipo, tipo de solicitud, tipo de consulta, tipo de pedido, tipo de solicitacao, type de demande,
    tipo di richiesta, soort, soort aanvraag, tür, talep türü, النوع, نوع الطلب, प्रकार
"""
DETAILS: Final = """
    details, detail, message, notes, note, comment, comments, remarks, description, inquiry, enquiry, request,
    customer note, customer notes, order notes, order note, lead notes, contact notes, deal title, deal name, lead
    title, order details, lineitem name, nachricht, notiz, notizen, bemerkung, bemerkungen, anmerkung, anmerkungen,
    kommentar, kommentare, beschreibung, anfrage, wunsch, mensaje, notas, nota, comentario, comentarios,
    observaciones, detalle, detalles, descripcion, mensagem, detalhes, observacao, observacoes, descricao,
    informacoes, commentaire, commentaires, remarque, remarques, details de la demande, messaggio, dettagli, commento,
    commenti, osservazioni, descrizione, richiesta, bericht, opmerking, opmerkingen, notitie, notities, omschrijving,
    toelichting, mesaj, not, notlar, açıklama, açıklamalar, yorum, detaylar, ملاحظات, ملاحظة, الرسالة, رسالة,
    التفاصيل, تفاصيل, الوصف, تعليق, संदेश, टिप्पणी, टिप्पणियाँ, विवरण, नोट, नोट्स
"""
STATUSES: Final = """
    status, lead status, deal status, person status, lead stage, deal stage, stage, state, stand, leadstatus, phase,
    estado, estado del lead, etapa, situacao, status do lead, statut, statut du lead, etape, stato, stato lead, fase,
    leadfase, durum, aşama, الحالة, حالة, المرحلة, स्थिति, चरण
"""
# "id" alone is missing on purpose: it is often only a row number, and row 17 of the next file would then be the same
# lead as row 17 of this one. `--map id=external_id` maps it.
EXTERNAL_IDS: Final = """
    external id, external reference, external ref, external lead id, crm id, reference, reference number, referenz,
    referenznummer, referencia, numero de referencia, referência, numéro de référence, riferimento, numero di
    riferimento, referentie, referentienummer, referans, referans no, رقم المرجع, संदर्भ संख्या
"""
CREATED: Final = """
    created time, created at, created, create date, created date, create time, date created, creation date, creation
    time, created on, timestamp, submitted at, submission date, submission time, submitted on, submit date, date
    submitted, date added, added on, added time, entry date, order date, deal created, lead created, person created,
    lead created time, inquiry date, erstellt am, erstellt, erstelldatum, erstellungsdatum, angelegt am, zeitstempel,
    eingangsdatum, anfragedatum, bestelldatum, fecha de creacion, creado, creado el, marca temporal, fecha de alta,
    data de criacao, criado em, carimbo de data hora, data de cadastro, date de creation, cree le, horodateur, date
    d'ajout, data di creazione, data creazione, creato il, informazioni cronologiche, aanmaakdatum, gemaakt op,
    aangemaakt op, tijdstempel, oluşturulma tarihi, oluşturma tarihi, kayıt tarihi, zaman damgası, تاريخ الإنشاء, طابع
    زمني, निर्माण तिथि, टाइमस्टैम्प, बनाने की तारीख
"""
# The country of the phone number, by calling code, ISO code or name.
COUNTRIES: Final = """
    country code, phone country code, country calling code, calling code, dial code, dialling code, dialing code,
    country prefix, isd code, phone prefix, ländervorwahl, landesvorwahl, ländercode, codigo de pais, codigo del pais,
    prefijo, prefijo de pais, codigo do pais, ddi, indicatif, indicatif pays, code pays, prefisso, prefisso
    internazionale, codice paese, landcode, landnummer, landcode telefoon, ülke kodu, كود الدولة, رمز الدولة, देश कोड,
    default address country code, country, country region, billing country, country billing, mailing country, home
    country, home country region, business country, business country region, land, wohnland, land region, pais, país,
    pays, paese, nazione, stato paese, ülke, البلد, الدولة, بلد, देश
"""
