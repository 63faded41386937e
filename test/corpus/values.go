package corpus

import (
	"fmt"
	"strconv"
	"strings"
)

// Shown says how a value can be found.
type Shown int

// The ways.
const (
	Told     Shown = iota // under a name that says what it is, or after such a word
	Untold                // under a name, or in a sentence, that says nothing: by its shape alone
	Hopeless              // untold, and nothing about the value tells
	Prose                 // a name of a person in a sentence
)

// value is one occurrence of a class, or nothing of the kind.
type value struct {
	class  string // empty: it is none
	text   string
	number bool   // shown as a number in JSON
	key    string // in the language's fields
	names  string // of the field, instead of key
	shape  bool   // it can be told by itself
	extra  []member
}

// member is a field that belongs to a value without being one.
type member struct{ name, text string }

func (r source) number(s string) string {
	return strings.ReplaceAll(s, "{n}", strconv.Itoa(r.between(1, 240)))
}

var ascii = strings.NewReplacer("ä", "ae", "ö", "o", "ü", "u", "é", "e", "è", "e", "ñ", "n", "ł", "l", "å", "a", "ß", "ss", "í", "i", "ó", "o", "á", "a", "ã", "a", "ç", "c", "ê", "e", "ô", "o", "É", "e", "Å", "a", "Ł", "l", "Ż", "z", "Í", "i", "Á", "a", "ž", "z", "ò", "o", "ś", "s", "ź", "z", "'", "", " ", "", "ą", "a", "ę", "e", "ń", "n", "ć", "c", "ż", "z", "Ö", "o", "î", "i")

func (r source) email(l *language) string {
	local := strings.ToLower(ascii.Replace(r.words(l.first)) + r.words(".|_|-||") + ascii.Replace(r.words(l.last)))
	if l.code == "ja" {
		local = r.words("taro|hanako|kenichi|misaki|sakura") + r.words(".|_") + r.words("yamada|sato|suzuki")
	}
	return local + r.words("|1|77|+news") + "@" + r.words("example.com|mail.example.org|posteo.example|firma-beispiel.de|gmail.com|163.com|uni.ac.uk|web.co.jp|correo.es")
}

func (r source) phone(l *language, intl bool) string {
	if intl {
		return r.fill(r.words(l.intl))
	}
	return r.fill(r.words(l.phones))
}

func (r source) date(l *language) string {
	y, m, d := r.day()
	switch r.IntN(8) {
	case 0, 1, 2:
		return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	case 3:
		return fmt.Sprintf("%04d-%02d-%02dT00:00:00Z", y, m, d)
	case 4:
		if l.code == "ja" {
			return fmt.Sprintf("%d年%d月%d日", y, m, d)
		}
		return fmt.Sprintf("%d %s %d", d, strings.Split(l.months, "|")[m-1], y)
	case 5:
		return fmt.Sprintf("%04d/%02d/%02d", y, m, d)
	}
	if l.code == "en" {
		return fmt.Sprintf("%02d/%02d/%04d", m, d, y)
	}
	return fmt.Sprintf("%02d.%02d.%04d", d, m, y)
}

func (r source) fullName(l *language) string {
	if l.code == "ja" {
		return r.words(l.last) + r.words(" ||　") + r.words(l.first)
	}
	if r.chance(10) {
		return r.words(l.last) + ", " + r.words(l.first)
	}
	return r.words(l.first) + " " + r.words(l.last)
}

func (r source) address(l *language) string {
	street := r.number(r.words(l.streets))
	if l.code != "ja" && r.chance(40) {
		street += ", " + r.fill("!####") + " " + r.words(l.cities)
	}
	return street
}

func (r source) ip() string {
	if r.chance(20) {
		return "2001:db8:" + r.hex(4) + "::" + r.hex(3) + "1"
	}
	return fmt.Sprintf("%s.%d.%d.%d", r.words("203|198|81|93|192|172|45"), r.between(33, 254), r.IntN(255), r.between(1, 254))
}

func (r source) mac(upper bool) string {
	var parts []string
	for range 6 {
		parts = append(parts, r.hex(2))
	}
	s := strings.Join(parts, r.words(":|-"))
	if upper {
		return strings.ToUpper(s)
	}
	return s
}

func (r source) passport() string { return r.fill(r.words("@@#######|#########|@########|@##@##@##")) }

func (r source) secret() (text, names string, shape bool) {
	alnum := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	switch r.IntN(5) {
	case 0:
		return r.from(alnum, 20), "password|client secret|api key|access token|refresh token", false
	case 1:
		return "ghp_" + r.from(alnum, 36), "token|github token", true
	case 2:
		return "sk_live_" + r.from(alnum, 24), "secret key|stripe key", true
	case 3:
		return "AKIA" + r.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "aws access key|credentials", true
	}
	return "eyJhbGciOiJIUzI1NiJ9." + r.from(alnum, 40) + "." + r.from(alnum, 43), "jwt|id token|bearer", true
}

// personal returns a value of one of the classes.
func (r source) personal(l *language) value {
	switch r.IntN(33) {
	case 0, 1:
		return value{class: "name", text: r.fullName(l), key: "name"}
	case 2:
		return value{class: "name", text: r.words(l.first), key: "first"}
	case 3:
		return value{class: "name", text: r.words(l.last), key: "last"}
	case 4, 5, 6:
		return value{class: "email", text: r.email(l), key: "email", shape: true}
	case 7, 8:
		return value{class: "phone", text: r.phone(l, true), key: "phone", shape: true}
	case 9:
		return value{class: "phone", text: r.phone(l, false), key: "phone"}
	case 10:
		return value{class: "birthdate", text: r.date(l), key: "birth"}
	case 11, 12:
		return value{class: "address", text: r.address(l), key: "address", extra: []member{{"city", r.words(l.cities)}, {"postal_code", r.fill("!####")}}}
	case 13:
		c := r.card()
		return value{class: "card", text: r.pick([]string{c, groupCard(c, " "), groupCard(c, "-")}), key: "card", shape: true}
	case 14:
		s := r.iban(l.code)
		if r.chance(40) {
			s = grouped(s, " ", 4, 4, 4, 4, 4, 4, 4, 4)
		}
		return value{class: "iban", text: s, key: "iban", shape: true}
	case 15:
		lat := fmt.Sprintf("%d.%05d", r.between(-60, 70), r.IntN(100000))
		lon := fmt.Sprintf("%d.%05d", r.between(-170, 170), r.IntN(100000))
		if r.chance(30) {
			return value{class: "location", text: lat + "," + lon, names: "coordinates|geo|gps location", shape: true}
		}
		return value{class: "location", text: lat, number: r.chance(80), key: "lat", extra: []member{{"lon", lon}}}
	case 16:
		if r.chance(50) {
			return value{class: "health", text: r.fill(r.words("E1#.#|J45.#|F3#.#|I1#|C5#.#|M54.#")), names: l.diagnoses}
		}
		return value{class: "health", text: r.words(l.health), key: "health"}
	case 17:
		return value{class: "finance", text: r.words("52000|3150.75|81250|1200|") + r.fill("!###"), number: r.chance(60), key: "finance"}
	case 18:
		s, names, shape := r.secret()
		return value{class: "secret", text: s, names: names, shape: shape}
	case 19:
		return value{class: "passport", text: r.passport(), key: "passport"}
	case 20:
		switch r.IntN(3) {
		case 0:
			return value{class: "vehicle", text: r.vin(), names: "vin|vehicle identification number", shape: true}
		case 1:
			return value{class: "vehicle", text: r.fill(r.words("@@-@@ ###|@@##@@@|@@-###-@@|@@@ ###")), key: "plate"}
		}
		return value{class: "vehicle", text: r.fill("@@######@#"), key: "licence"}
	case 21:
		return value{class: "ip", text: r.ip(), names: "ip|ip address|client ip|last login ip|remote addr", shape: true}
	case 22:
		switch r.IntN(3) {
		case 0:
			return value{class: "device", text: r.mac(r.chance(50)), names: "mac address|mac|wifi mac", shape: true}
		case 1:
			b := "35" + r.fill("############")
			return value{class: "device", text: b + luhnDigit(b), names: "imei|imei number"}
		}
		return value{class: "device", text: r.uuid(), names: "device id|advertising id|idfa"}
	}
	return r.national(l)
}

// national returns a national number, mostly one of the language's countries.
func (r source) national(l *language) value {
	for {
		id := nationalIDs[r.IntN(len(nationalIDs))]
		if id.lang != l.code {
			continue
		}
		s := id.plain(r)
		shape := !id.weak
		if id.laid != nil && r.chance(45) {
			s = id.laid(s)
		}
		switch id.class { // separators make these plain
		case "id-us-ssn", "id-kr-rrn", "id-cz-rc", "id-in-aadhaar":
			shape = strings.ContainsAny(s, "-/ ")
		}
		return value{class: id.class, text: s, names: id.names, shape: shape}
	}
}

// trap returns what is taken for personal data easily, and is none.
func (r source) trap(l *language) value {
	visa := "4" + r.fill("##############")
	visa += luhnDigit(visa)
	switch r.IntN(45) {
	case 0, 1:
		return value{text: visa, names: l.order}
	case 2:
		return value{text: r.fill(r.words("1Z###@@########|!###########|JD################|00##################")), names: l.order}
	case 3:
		return value{text: strconv.Itoa(r.between(1600000000, 1790000000)), number: true, names: "created at|timestamp|updated at|expires|phone verified at"}
	case 4:
		return value{text: strconv.Itoa(r.between(1600000000, 1790000000)) + "123", number: r.chance(60), names: "created|ts|last modified|event time"}
	case 5:
		return value{text: r.uuid(), names: "id|uuid|request id|trace id|value|ref"}
	case 6:
		return value{text: r.hex(64), names: "sha256|hash|digest|checksum|etag"}
	case 7:
		return value{text: fmt.Sprintf("%d.%d.%d.%d", r.between(1, 30), r.between(0, 30), r.between(0, 20), r.between(0, 20)), names: "version|build|firmware|value|info"}
	case 8:
		return value{text: fmt.Sprintf("%d.%d.%d.%d", r.between(1, 30), r.between(0, 300), r.between(100, 250), r.between(0, 99)), names: "version|build number|release|app version"}
	case 9:
		return value{text: r.fill(r.words("DE##-####-####|GB##@@@@##|NL##ABNA########|FR###########")), names: "sku|product code|article number|part number|item"}
	case 10:
		b := r.fill("40##########")
		return value{text: b, names: "ean|gtin|barcode|upc", number: r.chance(30)}
	case 11:
		return value{text: r.words("@babel/core@7.12.3|@angular/cli@17.0.1|react@18.2.0|lodash@4.17.21|@types/node@20.1.0"), names: "package|dependency|module|value"}
	case 12:
		return value{text: r.words("logo@2x.png|icon-home@3x.png|https://cdn.example.com/img/banner@2x.jpg"), names: "image|icon|asset|file name"}
	case 13:
		return value{text: r.words("git@github.com:acme/shop.git|ssh://deploy@git.example.com/app.git|https://bot:x@repo.example.com/a"), names: "repository|clone url|remote|url"}
	case 14:
		return value{text: r.words(l.products), names: "product name|title|item name"}
	case 15:
		return value{text: r.words(l.companies), names: "company name|organization|company|vendor"}
	case 16:
		return value{text: "**** **** **** " + r.fill("####"), names: "masked card|card|card last 4"}
	case 17:
		return value{text: r.date(languages[0]), names: "order date|due date|created on|release date|start date|date"}
	case 18:
		return value{text: r.fill("INV-4###-####-####"), names: "invoice id|reference|document no|value"}
	case 19:
		return value{text: "https://example.com/track/" + visa, names: "tracking url|link|href"}
	case 20:
		return value{text: "978" + r.fill("##########"), names: "isbn|isbn 13"}
	case 21:
		return value{text: r.fill("!#######.##"), number: true, names: "price|amount|total|net|weight"}
	case 22:
		return value{text: "<" + r.fill("2026##########") + "." + r.hex(6) + "@mail.example.com>", names: "message id|in reply to"}
	case 23: // the right name, and nothing of the kind
		return value{text: r.words("visa|mastercard|amex|maestro"), names: "card|card type|card brand|credit card"}
	case 24:
		return value{text: r.words("iPhone 15|Pixel 8|Galaxy S24"), names: "phone|mobile|device|handy"}
	case 25:
		return value{text: r.words("sent|bounced|opted_out|daily"), names: "email|mail|email status|newsletter"}
	case 26:
		return value{text: r.words("Berlin|Paris|Warehouse 4|EU-West"), names: "location|position|site"}
	case 27:
		return value{text: "0x" + r.hex(40), names: "address|wallet address|contract address"}
	case 28:
		return value{text: r.fill("https://example.com/@@/####"), names: "address|website|homepage"}
	case 29:
		return value{text: r.words("macOS 14.2|required|optional"), names: "passport|mac|os|platform"}
	case 30: // numbers that are nothing
		return value{text: r.fill("!########"), names: "code|value|info|external no|x|member ref"}
	case 31:
		return value{text: r.fill("!##########"), names: "code|value|data1|external no|batch no"}
	case 32:
		return value{text: r.fill("########@"), names: "sku|model|code|part number"}
	case 33:
		return value{text: r.fill("@@######@"), names: "sku|model|code|batch no"}
	case 34:
		return value{text: r.fill("!##.##, ##.#"), names: "size|dimensions|range|value"}
	case 35:
		return value{text: r.fill("!###-####-####"), names: "code|serial no|licence key|value"}
	case 36:
		return value{text: r.hex(12), names: "commit|short hash|revision|value|color"}
	case 37:
		return value{text: strings.ToUpper(r.hex(8)), names: "crc|code|value|ref"}
	case 39: // a login is no name
		return value{text: r.words("admin|jdoe|service-7|maria"), names: "username|user name|login|account name|nickname"}
	case 40:
		return value{text: r.words("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36|curl/8.5.0|Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"), names: "user agent|ua|client|value"}
	case 41:
		return value{text: r.fill("db-#.example-##.internal.example.com"), names: "address|host|endpoint"}
	case 42:
		return value{text: fmt.Sprintf("%d.%d.%d.0/%d", r.between(33, 200), r.IntN(255), r.IntN(255), r.between(8, 28)), names: "network|cidr|range|route"}
	case 43:
		return value{text: "arn:aws:iam::" + r.fill("!###########") + ":role/deploy", names: "arn|role|resource|value"}
	case 38:
		return value{text: r.words("Order 66|Q3 2026|Suite 400|Level 12|Bus 42"), names: "title|label|text|value"}
	}
	return value{text: r.words("true|false|active|pending|EUR|v2|standard|2026-11-01"), names: "status|currency|plan|email verified|phone confirmed|address type|state"}
}
