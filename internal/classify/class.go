package classify

// Class is a class of sensitive data, as a number. The zero value means none.
// Its code, see [Class.Code], is what events hold; the numbers may change.
type Class uint8

// The classes.
const (
	None Class = iota
	Email
	Phone
	Card
	IBAN
	Birthdate
	Name
	Address
	Location
	Health
	Finance
	Secret
	Passport
	Vehicle
	IP
	Device
	USSSN
	GBNINO
	GBNHS
	FRNIR
	DESteuer
	ITCF
	ESDNI
	NLBSN
	PLPESEL
	SEPNR
	FIHETU
	DKCPR
	NOFNR
	BENRN
	PTNIF
	CHAHV
	CZRC
	BRCPF
	BRCNPJ
	MXCURP
	CASIN
	INAadhaar
	INPAN
	CNRIC
	KRRRN
	JPMyNumber
	AUTFN
	TRTC
	ZAID

	classCount // must be the last
)

// Info describes a class.
type Info struct {
	Code  string // stable; what events and queries hold
	Title string // for people
	How   string // how it is recognised
}

// Code returns the class's stable code; empty for [None].
func (c Class) Code() string { return infos[c].Code }

// Describe returns what there is to say of the class.
func (c Class) Describe() Info { return infos[c] }

// Classes returns all classes, in the order of the constants.
func Classes() []Class {
	all := make([]Class, 0, classCount-1)
	for c := None + 1; c < classCount; c++ {
		all = append(all, c)
	}
	return all
}

// ByCode returns the class with the given code, or [None].
func ByCode(code string) Class {
	for c := None + 1; c < classCount; c++ {
		if infos[c].Code == code {
			return c
		}
	}
	return None
}

const (
	checked = "check digits, anywhere but under the names of orders and the like"
	named   = "check digits, and the name of the field or a word before it"
	mixed   = "written with its separators: anywhere; bare: by the name of the field or a word before it"
)

var infos = [classCount]Info{
	Email:      {"email", "E-mail address", "shape, anywhere; not package scopes, image names, logins in URLs or message ids"},
	Phone:      {"phone", "Telephone number", "international form: anywhere; national forms: by the name of the field or a word before it"},
	Card:       {"card", "Payment card number", "issuer's range, length and Luhn digit, anywhere but under the names of orders, parcels and the like; the test numbers that issuers publish only under a card's name"},
	IBAN:       {"iban", "International bank account number", "country, its length, and mod 97, anywhere"},
	Birthdate:  {"birthdate", "Date of birth", "a date, by the name of the field or a word before it"},
	Name:       {"name", "Name of a person", "by the name of the field; `name` alone where the object is a person's by its other fields or its own name"},
	Address:    {"address", "Postal address", "by the name of the field; in text a street with a number"},
	Location:   {"location", "Place of a person or thing", "coordinates, by the name of the field, or a pair of precise decimals"},
	Health:     {"health", "Health data", "by the name of the field, or an ICD-10 code by the name of the field or a word before it"},
	Finance:    {"finance", "Financial data", "salaries, balances, account numbers, by the name of the field"},
	Secret:     {"secret", "Key, token or password", "what redaction takes out: by the name of the field, or the shape"},
	Passport:   {"passport", "Passport or identity card number", "shape, and the name of the field or a word before it"},
	Vehicle:    {"vehicle", "Vehicle: identification number, plate, driving licence", "identification numbers by length and check digit, anywhere; the others by the name of the field"},
	IP:         {"ip", "IP address", "shape; not loopback, masks and what could be a version"},
	Device:     {"device", "Device identifier: MAC address, IMEI, advertising id", "MAC addresses anywhere; the others by the name of the field"},
	USSSN:      {"id-us-ssn", "US social security number", "ranges that were given out; " + mixed},
	GBNINO:     {"id-gb-nino", "UK national insurance number", "shape and prefixes that were given out, anywhere but under the names of articles and the like"},
	GBNHS:      {"id-gb-nhs", "UK NHS number", named},
	FRNIR:      {"id-fr-nir", "French social security number", checked},
	DESteuer:   {"id-de-steuerid", "German tax id", checked},
	ITCF:       {"id-it-cf", "Italian codice fiscale", checked},
	ESDNI:      {"id-es-dni", "Spanish DNI and NIE", checked},
	NLBSN:      {"id-nl-bsn", "Dutch citizen service number", named},
	PLPESEL:    {"id-pl-pesel", "Polish PESEL", "date and check digit, anywhere but under the names of orders and the like"},
	SEPNR:      {"id-se-pnr", "Swedish personal identity number", "date and check digit; " + mixed},
	FIHETU:     {"id-fi-hetu", "Finnish personal identity code", "date and check character, anywhere"},
	DKCPR:      {"id-dk-cpr", "Danish CPR number", "date, and the name of the field or a word before it"},
	NOFNR:      {"id-no-fnr", "Norwegian national identity number", "date and two check digits, anywhere but under the names of orders and the like"},
	BENRN:      {"id-be-nrn", "Belgian national register number", "date and mod 97, anywhere but under the names of orders and the like"},
	PTNIF:      {"id-pt-nif", "Portuguese NIF", named},
	CHAHV:      {"id-ch-ahv", "Swiss AHV number", checked},
	CZRC:       {"id-cz-rc", "Czech and Slovak birth number", "date and mod 11; " + mixed},
	BRCPF:      {"id-br-cpf", "Brazilian CPF", checked},
	BRCNPJ:     {"id-br-cnpj", "Brazilian CNPJ", checked},
	MXCURP:     {"id-mx-curp", "Mexican CURP", checked},
	CASIN:      {"id-ca-sin", "Canadian social insurance number", named},
	INAadhaar:  {"id-in-aadhaar", "Indian Aadhaar number", "Verhoeff digit; " + mixed},
	INPAN:      {"id-in-pan", "Indian PAN", "shape and type of holder, anywhere but under the names of articles and the like"},
	CNRIC:      {"id-cn-ric", "Chinese resident identity number", "date and check character, anywhere"},
	KRRRN:      {"id-kr-rrn", "Korean resident registration number", "date and check digit; " + mixed},
	JPMyNumber: {"id-jp-mynumber", "Japanese individual number", named},
	AUTFN:      {"id-au-tfn", "Australian tax file number", named},
	TRTC:       {"id-tr-tc", "Turkish identity number", checked},
	ZAID:       {"id-za-id", "South African identity number", "date, check digit, and the name of the field or a word before it"},
}
