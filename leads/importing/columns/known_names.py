"""The names that the columns of a file have, by what is in them: one table for ten languages and the usual exports.

They are those of Facebook lead ads, Google contacts and forms, Outlook, HubSpot, Salesforce, Zoho, Pipedrive, Shopify,
WooCommerce and programs that list WhatsApp contacts, in English, German, Spanish, Portuguese, French, Italian, Dutch,
Turkish, Arabic and Hindi. They are compared by names.folded(), so case, accents and punctuation do not matter.
"""

from typing import Final

# In order of preference: the first column that is filled is used, a phone for WhatsApp first. No fax, no pager.
PHONES: Final = """
    customer phone, customer phone number, formatted phone, formatted number, international phone, whatsapp,
    whatsapp number, whatsapp phone, whatsapp phone number, wa id, wa number, whatsapp nummer, numero de whatsapp,
    whatsapp numarası, numero de telefono de whatsapp, numero de telephone whatsapp, whatsapp telefonnummer, numero
    whatsapp, numero di whatsapp, whatsapp no, رقم هاتف الواتساب, رقم واتس اب, الواتساب, واتس اب, व्हाट्सऐप नंबर,
    व्हाट्सऐप, رقم الواتساب, رقم واتساب, واتساب, व्हाट्सएप नंबर, व्हाट्सएप, mobile, mobile phone, mobile phone
    number, mobile number, mobile no, cell, cell phone, cell number, cellular, phone mobile, mobile telephone,
    personal mobile, home mobile, work mobile, smartphone, handy, handynummer, mobil, mobilnummer, mobiltelefon,
    mobil tel nr, mobilfunk, mobilfunknummer, mobile nummer, mobiltelefonnummer, mobiltelefon nummer, mobile
    telefonnummer, handynr, handytelefon, handy nr, celular, movil, telefono movil, numero de celular, telefono
    celular, numero movil, numero de telefono movil, numero de telefono celular, nro de celular, telefono celular o
    movil, n de movil, no de celular, telemovel, numero de telemovel, telefone celular, celular pessoal, celular de
    trabalho, telefone movel, numero de telefone celular, numero do celular, numero de telefone movel, telemovel
    pessoal, portable, telephone portable, tel mobile, tel portable, mobile tel, numero de portable, telephone
    mobile, numero de telephone mobile, numero de telephone portable, numero mobile, numero de mobile, cellulare,
    numero cellulare, numero di cellulare, numero di telefono cellulare, numero di telefono mobile, telefonino,
    telefono cellulare, telefono mobile, cellulare di lavoro, gsm, mobiel, mobiel nummer, mobiele nummer, mobiel
    telefoonnummer, mobiele telefoonnummer, gsm nummer, 06 nummer, mobiele telefoon prive, mobiele telefoon,
    mobieltje, cep telefonu, cep telefonu numarası, cep telefon numarası, cep telefonunuz, mobil telefon, mobil
    telefon numarası, cep no, cep numarası, cep tel, الجوال, جوال, رقم الجوال, الموبايل, موبايل, رقم الموبايل,
    الهاتف المحمول, رقم الهاتف المحمول, رقم الهاتف الجوال, الهاتف الجوال, المحمول, رقم المحمول, هاتف محمول, मोबाइल,
    मोबाइल नंबर, मोबाइल फ़ोन, मोबाइल फोन, मोबाइल फ़ोन नंबर, मोबाइल फोन नंबर, मोबाइल न, मोबाइल नं, phone, phone
    number, phone no, telephone, telephone number, tel, tel no, tel number, msisdn, contact number, contact phone,
    contact no, main phone, default address phone, phone default, phone 1 value, telefon, telefonnummer, telefonnr,
    telefon nr, tel nr, rufnummer, haupttelefon, kontaktnummer, telefono, numero de telefono, telefono principal,
    numero telefonico, telefone, numero de telefone, fone, fone primario, telefone principal, telefone para
    contato, numero de telephone, n de telephone, no de telephone, n telephone, no de telefono, n de telefono, no
    de telefone, n de telefone, telephone principal, numero di telefono, numero telefono, telefono principale,
    telefoon, telefoonnummer, telefoonnr, telefon numarası, telefon numaranız, telefonunuz, telefon no, الهاتف,
    هاتف, رقم الهاتف, رقم التليفون, تليفون, फोन, फोन नंबर, फ़ोन, फ़ोन नंबर, दूरभाष, business phone, work phone,
    phone work, office phone, direct phone, work direct phone, work phone number, work number, business phone
    number, office number, business phone 2, telefon geschäftlich, tel dienstlich, telefon dienstlich, telefon
    arbeit, telefonnummer geschäftlich, firmentelefon, telefono del trabajo, telefono trabajo, telefono de trabajo,
    fone comercial, fone de trabalho, telefone comercial, telephone bureau, tel professionnel, telephone
    professionnel, telefono di lavoro, telefono lavoro, telefono ufficio, telefoon werk, zakelijke telefoon,
    telefoon op werk, iş telefonu, هاتف العمل, home phone, primary phone, phone home, home telephone, home phone
    number, home number, telefon privat, telefon abend, telefonnummer privat, telefono particular, telefono de
    casa, fone de casa, telefone residencial, telephone domicile, telefono di casa, telefono abitazione,
    abitazione, telefoon thuis, telefoon prive, ev telefonu, هاتف المنزل, other phone, phone other, alternate
    phone, weiteres telefon, otro telefono, outro fone, outro telefone, telephone autre, phone altro, altro
    telefono, andere telefoon, overige telefoon, diğer telefon, billing phone, phone billing, shipping phone, phone
    shipping, car phone, autotelefon, company main phone, company phone
"""
WHOLE_NAMES: Final = """
    customer name, billing name, shipping name, full name, contact name, lead name, client name, person name,
    contact person, saved name, name, your name, fullname, name of customer, customer, contact, client, kundenname,
    vollständiger name, vor und nachname, name vorname, vorname nachname, wie heißt du, wie heißen sie, nachname
    vorname, interessent, ansprechpartner, kontaktname, kunde, nombre completo, como te llamas, como se llama, como
    se llama usted, nombre y apellido s, nombres y apellidos, apellidos y nombre, apellidos y nombres, persona de
    contacto, nombre y apellido, nombre y apellidos, nombre del cliente, cliente, contacto, nome completo, como
    voce se chama, como se chama, pessoa de contato, nome e apelidos, nome do cliente, nome e sobrenome, nome e
    apelido, contato, nom complet, comment vous appelez vous, comment t appelles tu, personne a contacter, nom et
    prenom s, nom prenom s, nom et prenom, nom et prenoms, prenom et nom, nom prenom, nom du client, nom, nome e
    cognome, come ti chiami, come si chiama, nome cognome, cognome e nome, cognome nome, persona di contatto, nome
    cliente, nominativo, volledige naam, hoe heet je, hoe heet u, contactpersoon, naam klant, voornaam en
    achternaam, voor en achternaam, naam, klantnaam, klant, ad soyad, adınız soyadınız, adınız ve soyadınız, isim
    soyad, ad soyadı, tam adı, tam ad, tam isim, isminiz, adınız nedir, adın ne, isim ve soyisim, ilgili kişi, adı
    soyadı, ad ve soyad, isim soyisim, müşteri adı, müşteri, isim, الاسم الكامل, الاسم, ما اسمك, ما هو اسمك, اسمك,
    اسمك الكامل, الاسم الثلاثي, جهة الاتصال, اسم العميل, الاسم بالكامل, اسم, पूरा नाम, नाम, ग्राहक का नाम, आपका
    नाम, आपका नाम क्या है, आपका पूरा नाम, आपका पूरा नाम क्या है, संपर्क व्यक्ति, ग्राहक
"""
FIRST_NAMES: Final = """
    first name, given name, forename, fname, billing first name, first name billing, shipping first name, first
    name shipping, vorname, rufname, primer nombre, nombre, nombres, primeiro nome, nome, nome proprio, prenom,
    prenoms, voornaam, roepnaam, ad, adı, adınız, الاسم الأول, पहला नाम, प्रथम नाम
"""
MIDDLE_NAMES: Final = """
    middle name, additional name, weitere vornamen, zweiter vorname, segundo nombre, nome do meio, segundo nome,
    deuxieme prenom, secondo nome, tussenvoegsel, middelste naam, tussenvoegsels, tweede naam, ikinci ad, الاسم
    الأوسط, मध्य नाम
"""
LAST_NAMES: Final = """
    last name, family name, surname, lname, billing last name, last name billing, shipping last name, last name
    shipping, nachname, familienname, zuname, apellido, apellidos, primer apellido, apellido paterno, sobrenome,
    ultimo nome, apelido, nom de famille, cognome, achternaam, familienaam, soyad, soyadı, soyadınız, soyisim, اسم
    العائلة, الاسم الأخير, اللقب, उपनाम, अंतिम नाम
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
    billing, business name, firma, firma account, firma kunde, accountname, name der firma,
    organisationsname, firmenname, unternehmen, empresa, empresa cuenta, compañía, compañia, nombre de cuenta,
    nombre de la organizacion, organizacion, nombre de la empresa, razon social, organizacao, nome da empresa,
    empresa conta, nome da conta, nome da organizacao, societe, societe compte, nom de la societe, nom du compte,
    entreprise, nom de l'entreprise, raison sociale, societa, societa account, nome azienda, nome societa, nome
    azienda, organizzazione, ragione sociale, bedrijf, bedrijf account, naam bedrijf, accountnaam,
    bedrijfsnaam, organisatie, şirket, şirket adı, firma adı, الشركة, اسم الشركة, कंपनी, कंपनी का नाम
"""
TYPES: Final = """
    type, lead type, lead kind, kind, request type, inquiry type, type of request, art, anfrageart, art der anfrage,
    leadtyp, typ, tipo, tipo de solicitud, tipo de consulta, tipo de pedido, tipo de solicitacao, type de demande,
    tipo di richiesta, soort, soort aanvraag, tür, talep türü, النوع, نوع الطلب, प्रकार
"""
DETAILS: Final = """
    details, detail, message, notes, note, comment, comments, remarks, description, inquiry, enquiry, request,
    customer note, customer notes, order notes, order note, lead notes, contact notes, deal title, deal titel, lead
    titel, titulo del lead, titulo del trato, product name, item name, deal name, lead title, order details,
    lineitem name, nachricht, ihre nachricht, freitext, notiz, notizen, bemerkung, bemerkungen, anmerkung,
    anmerkungen, kommentar, kommentare, beschreibung, einzelheiten, anfrage, wunsch, mensaje, notas, anotaciones, nota,
    comentario, comentarios, observaciones, detalle, detalles, descripcion, mensagem, anotacoes, anotacao,
    detalhes, observacao, observacoes, descricao, informacoes, commentaire, commentaires, remarque, remarques,
    details de la demande, messaggio, dettagli, commento, commenti, osservazioni, descrizione, richiesta, bericht,
    opmerking, opmerkingen, notitie, notities, omschrijving, toelichting, mesaj, not, notlar, açıklama,
    açıklamalar, yorum, detaylar, ملاحظات, ملاحظة, الرسالة, رسالة, التفاصيل, تفاصيل, الوصف, تعليق, संदेश, टिप्पणी,
    टिप्पणियाँ, विवरण, नोट, नोट्स
"""
STATUSES: Final = """
    status, lead status, deal status, person status, lead stage, deal stage, stage, state, stand, leadstatus,
    status des leads, lead phase, dealstatus, dealphase, deal phase, phase, estado, estado del lead, estado de
    lead, estado de posible cliente, estado del posible cliente, estado del candidato, estado del cliente
    potencial, estado do lead, etapa, situacao, status do lead, situacao do lead, etapa do lead, fase do lead,
    statut, statut du lead, statut de la piste, statut du prospect, statut de piste, statut lead, etape du lead,
    etape, stato, stato lead, stato del lead, stato del contatto, fase, leadfase, durum, lead durumu, müşteri adayı
    durumu, aşama, الحالة, حالة العميل المحتمل, حالة العميل, حالة, المرحلة, स्थिति, लीड की स्थिति, लीड स्थिति, चरण
"""
# "id" alone is missing on purpose: it is often only a row number, and row 17 of the next file would then be the same
# lead as row 17 of this one. `--map id=external_id` maps it.
EXTERNAL_IDS: Final = """
    external id, externe id, id externo, external reference, external ref, external lead id, crm id, reference,
    reference number, referenz, referenznummer, referencia, numero de referencia, referência, numéro de référence,
    riferimento, numero di riferimento, referentie, referentienummer, referans, referans no, رقم المرجع, संदर्भ
    संख्या
"""
CREATED: Final = """
    created time, created at, created, create date, created date, create time, date created, creation date,
    creation time, created on, timestamp, submitted at, submission date, submission time, submitted on, submit
    date, date submitted, date added, added on, added time, entry date, order date, deal created, lead created,
    person created, lead created time, inquiry date, erstellt am, angefragt am, eingang, eingegangen am,
    hinzugefügt am, datum der anfrage, erfasst am, erstellungszeit, erstellt, erstelldatum, erstellungsdatum,
    angelegt am, zeitstempel, eingangsdatum, anfragedatum, bestelldatum, fecha de creacion, fecha y hora de
    creacion, fecha de registro, hora de creacion, fecha de envio, creado, creado el, marca temporal, fecha de
    alta, data de criacao, data de envio, data de registro, hora de criacao, criado, criado em, carimbo de data
    hora, data de cadastro, date de creation, date d envoi, heure de creation, date d inscription, cree le,
    horodateur, date d'ajout, data di creazione, data creazione lead, ora creazione, data di invio, data creazione,
    creato il, informazioni cronologiche, aanmaakdatum, datum aangemaakt, aanmaaktijd, toegevoegd op, ingediend op,
    gemaakt op, aangemaakt op, tijdstempel, oluşturulma tarihi, eklenme tarihi, gönderim tarihi, oluşturulma
    zamanı, oluşturma tarihi, kayıt tarihi, zaman damgası, تاريخ الإنشاء, وقت الإنشاء, تاريخ التسجيل, تاريخ
    الإضافة, تم الإنشاء في, طابع زمني, निर्माण तिथि, निर्माण समय, बनाया गया, निर्माण तारीख, दिनांक समय,
    टाइमस्टैम्प, बनाने की तारीख
"""
# The country of the phone number, by calling code, ISO code or name.
COUNTRIES: Final = """
    country code, phone country code, country calling code, calling code, dial code, dialling code, dialing code,
    country prefix, isd code, phone prefix, ländervorwahl, landesvorwahl, ländercode, codigo de pais, codigo del
    pais, prefijo, prefijo de pais, codigo do pais, ddi, indicatif, indicatif pays, code pays, prefisso, prefisso
    internazionale, codice paese, landcode, landnummer, landcode telefoon, ülke kodu, كود الدولة, رمز الدولة, देश
    कोड, default address country code, country, country region, billing country, country billing, mailing country,
    home country, home country region, business country, business country region, land, wohnland, land region, land
    region geschäftlich, land region privat, land regio, land regio werk, land regio op werk, land geschäftlich,
    land privat, pais, pais o region, pais o region del trabajo, pais o region de residencia, pais region, pais
    trabajo, pais del trabajo, pais de residencia, pais regiao, pais regiao comercial, pais regiao do comercio,
    pais regiao residencial, pais comercial, pais facturacion, pais de facturacion, país, pays, pays region, pays
    bureau, pays domicile, pays de facturation, paese, paese regione, paese area geografica, paese ufficio, paese
    abitazione, nazione, stato paese, ülke, ülke bölge, iş ülkesi, iş ülke bölge, ev ülkesi, البلد, الدولة, بلد,
    देश
"""
# Names of columns that are values, too: of a type or a source, also in our own exports.
ALSO_VALUES: Final = "whatsapp, inquiry, enquiry, request, anfrage, richiesta"
