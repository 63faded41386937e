package classify

// nameLists are the names of fields, as splitName writes them: lower case,
// words joined, no accents. English, German, French, Spanish, Italian,
// Portuguese, Dutch, Polish, Swedish, Japanese.
var nameLists = []struct {
	kind  kind
	names string
}{
	{kind(Email), `email emails mail mails emailaddress mailaddress emailaddr emailid useremail contactemail emailto replyto recipientemail
		emailadresse mailadresse emailaddresse epost epostadresse adressemail adresseelectronique adressecourriel courriel mel
		correo correoelectronico direccioncorreo direcciondecorreo email1 postaelettronica indirizzoemail indirizzomail posta
		enderecoemail enderecodeemail correioeletronico mailadres emailadres adresemail adrespocztyelektronicznej poczta pocztaelektroniczna
		epostaddress epostadress mejl mejladress メール メールアドレス 電子メール eメール`},
	{kind(Phone), `phone phones phoneno phonenumber phonenumbers telephone telephonenumber tel telno telnr mobile mobilephone mobilenumber mobileno cell cellphone
		cellnumber fax faxnumber msisdn whatsapp whatsappnumber contactnumber callback callbacknumber landline homephone workphone daytimephone
		telefon telefonnummer telefonnr handy handynummer mobil mobilnummer mobiltelefon festnetz rufnummer faxnummer
		numerotelephone numerodetelephone notelephone notel telephoneportable portable telportable mobilephonenumber gsm
		telefono telefonos numerotelefono numerodetelefono movil telefonomovil celular fijo cellulare numerocellulare numeroditelefono telefonofisso
		telefone telemovel numerotelefone numerodetelefone fone telefoonnummer telefoon mobielnummer mobiel gsmnummer telefoonnr
		numertelefonu telefonkomorkowy komorka nrtelefonu telefonu telefonnumer mobilnr telnummer
		電話 電話番号 携帯 携帯電話 携帯番号 携帯電話番号 ファックス`},
	{kind(Card), `card cardnumber cardno cardnum creditcard creditcardnumber creditcardno ccnumber ccnum ccno debitcard debitcardnumber paymentcard pannumber primaryaccountnumber cardpan accountpan
		kartennummer kreditkarte kreditkartennummer kartennr numerocarte numerodecarte cartebancaire carte cartecredit numerocb cb
		tarjeta numerotarjeta numerodetarjeta tarjetacredito tarjetadecredito cartadicredito numerocarta numerodicarta carta
		cartao numerocartao numerodocartao cartaocredito cartaodecredito kaartnummer creditcardnummer kaart numerkarty nrkarty kartakredytowa karta
		kortnummer kreditkort kort kreditkortsnummer betalkort カード番号 クレジットカード クレジットカード番号`},
	{kind(IBAN), `iban ibannumber ibannr ibannummer bankiban accountiban kontoiban`},
	{kind(Birthdate), `birthdate birthday dateofbirth dob birthdatetime born bornon bdate datebirth birth
		geburtsdatum geburtstag geboren gebdatum gebdat datenaissance datedenaissance naissance nele neele ddn
		fechanacimiento fechadenacimiento nacimiento fnac nacido nacida datanascita datadinascita nascita natoil natail nato nata
		datanascimento datadenascimento nascimento dtnascimento nascido geboortedatum geboortedag gebdat geborenop
		dataurodzenia urodzony urodzona urodzenia dtur fodelsedatum fodelsedag fodd fodddatum 生年月日 誕生日 生まれ`},
	{kind(Name), `firstname lastname fullname givenname givennames familyname surname middlename maidenname forename fname lname nameoncard cardholder cardholdername
		accountholder accountholdername holdername beneficiaryname patientname customername contactname employeename recipientname personname legalname displayfullname passengername guestname
		vorname nachname familienname vollstandigername rufname geburtsname kundenname kontoinhaber mitarbeitername ansprechpartner empfangername patientenname
		prenom nomdefamille nomcomplet nomclient nompatient titulaire nomprenom nomnaissance nomusage
		nombrecompleto apellido apellidos primerapellido segundoapellido nombrecliente nombrepaciente titular nombreyapellidos nombrepila primernombre
		cognome nomecompleto nominativo intestatario nomecliente nomepaziente sobrenome apelido primeironome ultimonome nomedocliente nomecognome
		voornaam achternaam voornamen volledigenaam klantnaam tussenvoegsel roepnaam patientnaam naamhouder
		imie nazwisko imienazwisko imieinazwisko imieklienta nazwiskoklienta imiona pelneimie nazwiskopanienskie imiepacjenta
		fornamn efternamn fullstandigtnamn kundnamn patientnamn kontaktnamn tilltalsnamn
		氏名 姓名 名前 お名前 姓 名 顧客名 患者名 氏名カナ フリガナ`},
	{kindWeakName, `name nom nombre nome naam namn nazwa displayname`},
	{kind(Address), `address addressline address1 addressline1 streetaddress street streetname streetline street1 postaladdress mailingaddress billingaddress shippingaddress deliveryaddress homeaddress
		fulladdress residentialaddress residence formattedaddress addressfull line1
		adresse anschrift strasse str strassehausnummer wohnadresse lieferadresse rechnungsadresse postanschrift
		rue voie adressepostale adressecomplete adresselivraison adressefacturation domicile adresseligne
		direccion domicilio calle direccioncompleta direccionpostal direccionenvio direccionfacturacion
		indirizzo via residenza indirizzocompleto indirizzospedizione indirizzofatturazione
		endereco morada rua logradouro enderecocompleto enderecoentrega enderecocobranca
		adres straat woonadres postadres bezorgadres straatnaam factuuradres straathuisnummer
		ulica adreszamieszkania adresdostawy adreskorespondencyjny adreszameldowania
		adress gatuadress gata postadress hemadress bostadsadress leveransadress
		住所 ご住所 番地 現住所 配送先住所 請求先住所`},
	{kindAddress, `city town postalcode postcode zip zipcode plz ort stadt ville codepostal ciudad codigopostal citta cap cidade cep stad miasto kodpocztowy postnummer postort 郵便番号 市区町村 都道府県 county housenumber hausnummer`},
	{kind(Location), `coordinates coords coordinate geo geopoint latlng latlon latlong gpscoordinates gps gpslocation geolocation lnglat position koordinaten coordonnees coordenadas coordinate coordinaten wspolrzedne koordinater 座標 位置情報 location loc geocode point lastlocation`},
	{kindLatitude, `lat latitude breitengrad latitud latitudine breedtegraad szerokosc szerokoscgeograficzna latitud 緯度 breite gpslat geolat`},
	{kindLongitude, `lng lon long longitude langengrad longitud longitudine lengtegraad dlugosc dlugoscgeograficzna 経度 gpslon gpslng laenge`},
	{kind(Health), `diagnosis diagnoses medication medications bloodtype bloodgroup allergy allergies prescription prescriptions medicalcondition medicalhistory treatment symptoms symptom disability vaccination vaccine
		healthstatus healthcondition labresult hivstatus pregnancy surgery chiefcomplaint disease illness
		diagnose diagnosen medikament medikamente medikation blutgruppe allergie allergien rezept behandlung krankheit symptome vorerkrankung vorerkrankungen impfung
		diagnostic diagnostique traitement traitements medicament medicaments groupesanguin ordonnance maladie antecedents vaccin
		diagnostico medicacion medicamento medicamentos gruposanguineo tiposangre alergia alergias tratamiento enfermedad receta vacuna
		diagnosi farmaco farmaci grupposanguigno allergia terapia malattia ricetta trattamento vaccino patologia
		medicacao gruposanguineo tiposanguineo tratamento doenca prescricao vacina
		medicatie bloedgroep allergieen behandeling ziekte recept vaccinatie medicijnen medicijn
		diagnoza leki lek grupakrwi alergie leczenie choroba recepta szczepienie rozpoznanie
		medicinering lakemedel blodgrupp allergier behandling sjukdom medicin
		診断 診断名 病名 血液型 アレルギー 処方 薬 病歴 既往歴 治療`},
	{kindICD, `icd icd10 icdcode icd10code diagnosiscode diagnosecode diagnoseschlussel codediagnostic codigodiagnostico codicediagnosi coddiagnostico kodchoroby kodicd conditioncode dxcode dx problemcode`},
	{kind(Finance), `salary basesalary annualsalary monthlysalary grosssalary netsalary wage wages income annualincome monthlyincome netincome compensation bonus accountbalance balance availablebalance currentbalance creditscore creditlimit networth bankaccount bankaccountnumber accountnumber accountno sortcode routingnumber payrate hourlyrate debt mortgage
		gehalt jahresgehalt bruttogehalt nettogehalt monatsgehalt lohn einkommen kontostand kontonummer saldo kreditlimit guthaben
		salaire salairebrut salairenet revenu revenus solde numerocompte numerodecompte rib
		salario sueldo ingresos numerocuenta numerodecuenta limitecredito sueldobruto salariobruto
		stipendio reddito saldoconto numeroconto numerodiconto ral
		rendimento numeroconta numerodaconta salariomensal limitedecredito contabancaria vencimento ordenado renda
		salaris brutosalaris nettosalaris inkomen rekeningnummer loon jaarsalaris
		wynagrodzenie pensja dochod saldokonta numerkonta numerrachunku nrkonta zarobki
		manadslon arslon inkomst kontosaldo bruttolon
		給与 年収 月収 口座番号 残高 所得 給料 口座残高`},
	{kind(Passport), `passport passportnumber passportno passportid passportnum traveldocument traveldocumentnumber passnummer reisepass reisepassnummer passeport numeropasseport numerodepasseport pasaporte numeropasaporte passaporto numeropassaporto passaporte numeropassaporte paspoort paspoortnummer paszport numerpaszportu nrpaszportu pass passnr パスポート 旅券番号 パスポート番号
		identitycard identitycardnumber idcardnumber idcard personalausweis personalausweisnummer ausweisnummer numerodowodu cartaidentita numerocartaidentita`},
	{kind(Vehicle), `vin vinnumber vehicleidentificationnumber chassisnumber fin fahrgestellnummer fahrzeugidentnummer numerochassis bastidor numerobastidor telaio numerotelaio chassi chassisnummer numervin nrvin chassinummer 車台番号
		licenseplate licenceplate plate platenumber numberplate registrationplate kennzeichen kfzkennzeichen plaque immatriculation plaqueimmatriculation matricula targa placa kenteken tablicarejestracyjna numerrejestracyjny registreringsnummer ナンバープレート
		driverlicense driverslicense driverlicence driverslicence driverlicensenumber drivinglicense drivinglicence drivinglicencenumber drivinglicensenumber licensenumber licencenumber dlnumber fuhrerschein fuhrerscheinnummer permisconduire numeropermis permisoconducir carnetconducir patente numeropatente cartaconducao cnh rijbewijs rijbewijsnummer prawojazdy numerprawajazdy korkort korkortsnummer 運転免許証番号 免許証番号`},
	{kind(IP), `ip ipaddress ipaddr ipv4 ipv6 clientip remoteip remoteaddr remoteaddress sourceip srcip destip dstip sourceipaddress lastip lastloginip loginip userip ipadresse adresseip direccionip indirizzoip enderecoip ipadres adresip ipadress ipアドレス xforwardedfor forwardedfor`},
	{kind(Device), `deviceid deviceidentifier mac macaddress macaddr imei imeinumber meid advertisingid idfa idfv gaid adid androidid udid deviceuuid serialimei identifiantappareil geraeteid geratid iddispositivo idurzadzenia enhetsid apparaatid 端末id bssid wifimac bluetoothaddress`},

	{kindNID, `nationalid nationalidnumber nationalidentitynumber nationalidentifier nationalinsurance idnumber personalid personalidnumber personalidentificationnumber governmentid govid identitynumber identificationnumber taxid taxidentificationnumber taxnumber tin citizenid
		ausweisid personenkennziffer steuernummer numeroidentification numeronational numerofiscal identifiantfiscal documentoidentidad documento identificacion numerodocumento numerodeidentificacion identificacionfiscal
		numerodidentita documentoidentita numeroidentificacao documentoidentificacao identiteitsnummer identificatienummer nationaalnummer numeridentyfikacyjny identyfikator personnr idnummer idnr 身分証番号 identifier`},
	{kind(USSSN), `ssn socialsecuritynumber socialsecurity socialsecurityno ssnumber ussn ssnno ssntin itin`},
	{kind(GBNINO), `nino nationalinsurancenumber nationalinsuranceno ninumber`},
	{kind(GBNHS), `nhs nhsnumber nhsno`},
	{kind(FRNIR), `nir numerosecu numerosecuritesociale numerodesecuritesociale securitesociale numss nss insee numerosecu`},
	{kind(DESteuer), `steuerid steueridentifikationsnummer steueridnr idnrsteuer identifikationsnummer steueridnummer taxidde steuernr`},
	{kind(ITCF), `codicefiscale codfiscale codfisc fiscalcode cf`},
	{kind(ESDNI), `dni nie nifnie dninie numerodni documentonacional`},
	{kind(NLBSN), `bsn burgerservicenummer sofinummer bsnnummer`},
	{kind(PLPESEL), `pesel numerpesel nrpesel`},
	{kind(SEPNR), `personnummer samordningsnummer persnr personnr personalnumber`},
	{kind(FIHETU), `hetu henkilotunnus`},
	{kind(DKCPR), `cpr cprnr cprnummer cprnumber`},
	{kind(NOFNR), `fodselsnummer fnr fodselsnr`},
	{kind(BENRN), `rijksregisternummer numeroregistrenational rrn niss insz nrn registrenational`},
	{kind(PTNIF), `nif numerocontribuinte contribuinte nifcliente numeroidentificacaofiscal`},
	{kind(CHAHV), `ahv ahvnummer ahvnr avs numeroavs avsnummer sozialversicherungsnummer numeroavs13 ahvn13`},
	{kind(CZRC), `rodnecislo rc birthnumber`},
	{kind(BRCPF), `cpf numerocpf cpfcliente`},
	{kind(BRCNPJ), `cnpj numerocnpj cpfcnpj`},
	{kind(MXCURP), `curp`},
	{kind(CASIN), `sin socialinsurancenumber sinnumber numeroassurancesociale nas`},
	{kind(INAadhaar), `aadhaar aadhar aadhaarnumber aadharnumber uidai aadhaarno`},
	{kind(INPAN), `pan panno pancard panid`},
	{kind(CNRIC), `shenfenzheng idcardcn residentid 身份证 身份证号 身份证号码 residentidentitynumber`},
	{kind(KRRRN), `jumin juminnumber residentregistrationnumber 주민등록번호`},
	{kind(JPMyNumber), `mynumber individualnumber マイナンバー 個人番号`},
	{kind(AUTFN), `tfn taxfilenumber`},
	{kind(TRTC), `tckimlik tckimlikno tckn kimlikno`},
	{kind(ZAID), `said saidnumber rsaid rsaidnumber southafricanid`},

	{kindNumber, `code model externalno memberref crc batch id ids uuid guid order orderid orderno ordernumber ordernr orderref tracking trackingnumber trackingid trackingno trackingcode awb waybill parcel parcelid shipment shipmentid consignment invoice invoiceno invoiceid invoicenumber reference ref refno referenceno referencenumber ticket ticketid ticketno
		sku ean gtin upc isbn issn barcode asin mpn article articleno articlenumber product productid productcode productnumber item itemid itemno part partno partnumber serial serialno serialnumber batch batchid batchno lot lotno
		version versions build buildnumber release revision firmware appversion apiversion sdkversion semver oid schema engine
		timestamp ts time epoch epochms unixtime createdat updatedat created updated modified expires expiry expiration seq sequence sequenceno offset cursor nonce counter count total size bytes length duration
		transaction transactionid txn txnid txid transactionno paymentref traceid spanid trace span requestid correlationid sessionid jobid taskid runid buildid commit sha digest hash checksum etag fingerprint key color colour hex
		bestellnummer bestellung bestellnr auftragsnummer auftrag rechnungsnummer rechnung sendungsnummer sendung artikelnummer artikel vorgangsnummer seriennummer referenz aktenzeichen
		commande numerocommande numerodecommande facture numerofacture numerodefacture suivi numerosuivi numerodesuivi colis numeroserie numerodeserie article produit reference
		pedido numeropedido numerodepedido factura numerofactura numerodefactura seguimiento numeroseguimiento envio referencia articulo producto serie
		ordine numeroordine numerodordine fattura numerofattura spedizione tracciamento codicearticolo riferimento lotto codicespedizione
		encomenda numeroencomenda fatura numerofatura rastreio codigorastreio rastreamento artigo lote remessa
		bestelling bestelnummer ordernummer factuur factuurnummer zending zendingnummer volgnummer artikelnummer pakket trackingnummer serienummer kenmerk
		zamowienie numerzamowienia faktura numerfaktury przesylka numerprzesylki paczka numerseryjny partia sygnatura
		bestallning bestallningsnummer ordernummer fakturanummer forsandelse sandningsnummer kolli spårning sparning arende arendenummer serienummer artikelnummer
		注文 注文番号 追跡番号 請求書番号 商品番号 商品コード 製品番号 バージョン 伝票番号 型番 受注番号`},
	{kindMoment, `username userid loginname login accountname screenname nickname nick handle hostname filename domainname groupname rolename servicename benutzername nomutilisateur nombreusuario nomeutente nomeusuario gebruikersnaam nazwauzytkownika anvandarnamn ユーザー名 at on date datetime status verified enabled confirmed type format label template subject domain provider optin consent masked mask last4 lastfour prefix suffix count url uri link href hint placeholder note notes required valid visible allowed preference preferences notifications sent bounced brand network scheme currency title description html text body`},
	{kindHash, `messageid msgid inreplyto contentid md5 sha1 sha256 sha512 hashed hash digest crc signature`},
	{kindPerson, `customer user person contact patient employee client member owner holder account profile author recipient sender driver guest passenger beneficiary applicant student teacher subscriber buyer seller tenant candidate staff
		kunde nutzer benutzer mitarbeiter patienten empfanger inhaber ansprechpartner kontakt versicherter
		utilisateur personne employe destinataire membre proprietaire cliente usuario persona empleado destinatario paciente propietario miembro
		utente dipendente paziente proprietario membro utilizador funcionario colaborador pessoa
		klant gebruiker persoon medewerker ontvanger werknemer klient uzytkownik osoba pracownik pacjent odbiorca wlasciciel
		kund anvandare anstalld mottagare agare medlem kunder 顧客 ユーザー 会員 患者 従業員 社員 担当者`},
	{kindNeutral, `primary secondary home work office private personal business main alternate alternative other emergency billing shipping delivery default current old new preferred direct number no nr num nummer value data info detail field text raw my your the of de da do del della di du des la le el
		mother father spouse partner parent child contact delivery payment payer payee bank from to cc bcc sms daytime evening day night public internal external first second
		privat geschaftlich dienstlich haupt principal pro perso trabajo casa lavoro trabalho particular prywatny sluzbowy glowny arbete hem privee zakelijk thuis werk linia line full numero numer id`},
}

var personNames = wordSet(`customers users people persons contacts patients employees clients members owners holders profiles authors recipients drivers guests passengers beneficiaries applicants students teachers subscribers buyers tenants candidates
	kunden mitarbeiterin personen kontakte clients utilisateurs personnes employes clientes usuarios personas empleados pacientes utenti dipendenti pazienti persone pessoas utilizadores klanten gebruikers medewerkers klienci uzytkownicy osoby pracownicy pacjenci anvandare anstallda patienter personer 顧客一覧 会員一覧 会員情報 createdby updatedby assignee reporter manager reportsto nextofkin spouse`)

// pagingNames are members beside a list that say how it is divided.
var pagingNames = wordSet(`total totalcount totalitems totalresults totalrecords totalpages totalelements totalsize count numfound page pages pagenumber pagesize perpage pageinfo pagination paging limit offset skip size next prev previous first last cursor nextcursor
	nextpage nextpagetoken pagetoken nextlink hasmore hasnext hasnextpage hasprevious links meta metadata object kind status success ok code message error errors took timedout shards maxscore requestid version url self etag context odatacontext odatacount odatanextlink type number numberofelements empty sort summary included jsonapi href
	gesamt seite anzahl totale pagina numero totaal aantal strona liczba sida antal start end query q took duration timestamp generatedat apiversion`)

// listNames are members that hold the records of an answer, or the object in
// which they are.
var listNames = wordSet(`node attributes source resource fields record data items results result records hits value values rows row content contents edges nodes list entries entry docs documents objects elements embedded collection d resources response responses payload body output members feed
	daten ergebnisse eintrage elemente treffer donnees resultats elementos resultados datos registros dati risultati elementi dados itens registos gegevens resultaten dane wyniki elementy resultat poster 結果 一覧 データ`)

var idNames = wordSet(`id ids uuid guid key sid oid uid objectid entityid externalid customerid userid orderid recordid nodeid itemid number ref reference code kundennummer idcliente idclient klantid idklienta`)

// pairNames are members whose value is the name of the value beside it.
var pairNames = wordSet(`field fieldname name key label attribute attributename property question`)

// accented are names that mean something else without their accents.
var accented = map[string]kind{"lön": kind(Finance), "Lön": kind(Finance), "LÖN": kind(Finance), "loen": kind(Finance), "LOEN": kind(Finance)}
