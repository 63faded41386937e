package corpus

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Check digits, as the issuers describe how to make them.

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // the callers pass digits
	}
	return n
}

// luhnDigit returns the digit that completes body: from the right, each second
// digit is doubled, and the digits of all results are added.
func luhnDigit(body string) string {
	sum := 0
	double := true
	for i := len(body) - 1; i >= 0; i-- {
		v := atoi(body[i : i+1])
		if double {
			v *= 2
		}
		sum += v/10 + v%10
		double = !double
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

// dot multiplies digits with weights.
func dot(s string, weights []int) (sum int) {
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return sum
}

func (r source) card() string {
	p := []struct {
		prefix string
		n      int
	}{{"4", 16}, {"4", 16}, {"51", 16}, {"53", 16}, {"55", 16}, {"2300", 16}, {"34", 15}, {"37", 15}, {"6011", 16}, {"3530", 16}, {"36", 14}, {"62", 16}, {"2201", 16}}[r.IntN(13)]
	body := p.prefix + r.fill(strings.Repeat("#", p.n-1-len(p.prefix)))
	return body + luhnDigit(body)
}

func grouped(s string, sep string, sizes ...int) string {
	var parts []string
	for _, n := range sizes {
		if n >= len(s) {
			break
		}
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(append(parts, s), sep)
}

func groupCard(s, sep string) string {
	if len(s) == 16 {
		return grouped(s, sep, 4, 4, 4, 4)
	}
	return grouped(s, sep, 4, 6, 5)
}

// iban: move the country to the end, write letters as numbers, and choose the
// check digits so that the remainder is 1.
func (r source) iban(lang string) string {
	layout := map[string]string{
		"en": "GB@@@@##############", "de": "DE##################", "fr": "FR###########@@@@#####@##", "es": "ES####################", "it": "IT@######################",
		"pt": "PT#####################", "nl": "NL@@@@##########", "pl": "PL########################", "sv": "SE####################", "ja": "CH#################",
	}[lang]
	country, account := layout[:2], r.fill(layout[2:])
	var digits strings.Builder
	for _, c := range account + country + "00" {
		if c >= 'A' {
			digits.WriteString(strconv.Itoa(int(c-'A') + 10))
		} else {
			digits.WriteRune(c)
		}
	}
	n, _ := new(big.Int).SetString(digits.String(), 10)
	rest := int(new(big.Int).Mod(n, big.NewInt(97)).Int64())
	return fmt.Sprintf("%s%02d%s", country, 98-rest, account)
}

// nationalID is one kind of national number.
type nationalID struct {
	class string
	names string // of fields, in words; the last ones are general
	word  string // before it in a text
	lang  string
	plain func(r source) string
	laid  func(s string) string // with separators; nil: there is one way
	weak  bool                  // many numbers pass: without a name nobody can tell
}

func same(s string) string { return s }

// numbered makes a number whose last digit is chosen so that ok holds.
func (r source) numbered(body func() string, digit func(string) int) string {
	for {
		b := body()
		if d := digit(b); d >= 0 && d <= 9 {
			return b + strconv.Itoa(d)
		}
	}
}

func mod11low(w []int) func(string) int { // 11 less the remainder; 10 and 11 are 0
	return func(b string) int {
		if rest := dot(b, w) % 11; rest >= 2 {
			return 11 - rest
		}
		return 0
	}
}

func (r source) cpf() string {
	b := r.fill("#########")
	b += strconv.Itoa(mod11low([]int{10, 9, 8, 7, 6, 5, 4, 3, 2})(b))
	return b + strconv.Itoa(mod11low([]int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2})(b))
}

func (r source) cnpj() string {
	b := r.fill("########0001")
	b += strconv.Itoa(mod11low([]int{5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})(b))
	return b + strconv.Itoa(mod11low([]int{6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2})(b))
}

func (r source) nir() string {
	b := r.words("1|2") + fmt.Sprintf("%02d%02d", r.IntN(100), r.between(1, 12)) + fmt.Sprintf("%02d", r.between(1, 95)) + r.fill("######")
	return b + fmt.Sprintf("%02d", 97-atoi(b)%97)
}

func (r source) steuer() string {
	for {
		perm := r.Perm(10)
		perm[r.between(1, 9)] = perm[0] // one digit twice, another one missing
		if perm[0] == 0 {
			continue
		}
		b := ""
		for _, d := range perm {
			b += strconv.Itoa(d)
		}
		p := 10
		for i := range b {
			s := (int(b[i]-'0') + p) % 10
			if s == 0 {
				s = 10
			}
			p = 2 * s % 11
		}
		return b + strconv.Itoa((11-p)%10)
	}
}

func (r source) codiceFiscale() string {
	y, m, d := r.day()
	if r.chance(50) {
		d += 40
	}
	b := r.from("BCDFGLMNPRSTV", 6) + fmt.Sprintf("%02d%c%02d", y%100, "ABCDEHLMPRST"[m-1], d) + r.fill("@###")
	// Characters at odd places count by a table of their own.
	odd := strings.Fields("1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23")
	sum := 0
	for i, c := range b {
		v := int(c - 'A')
		if c <= '9' {
			v = int(c - '0')
		}
		if i%2 == 0 {
			v = atoi(odd[v])
		}
		sum += v
	}
	return b + string(rune('A'+sum%26))
}

func (r source) dni() string {
	const letters = "TRWAGMYFPDXBNJZSQVHLCKE"
	if r.chance(30) {
		k := r.IntN(3)
		n := r.fill("#######")
		return string("XYZ"[k]) + n + string(letters[atoi(strconv.Itoa(k)+n)%23])
	}
	n := r.fill("########")
	return n + string(letters[atoi(n)%23])
}

func (r source) bsn() string {
	for {
		b := r.fill("!#######")
		if d := dot(b, []int{9, 8, 7, 6, 5, 4, 3, 2}) % 11; d < 10 {
			return b + strconv.Itoa(d)
		}
	}
}

func (r source) pesel() string {
	y, m, d := r.day()
	if y >= 2000 {
		m += 20
	}
	b := fmt.Sprintf("%02d%02d%02d", y%100, m, d) + r.fill("####")
	return b + strconv.Itoa((10-dot(b, []int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3})%10)%10)
}

func (r source) personnummer() string {
	y, m, d := r.day()
	b := fmt.Sprintf("%02d%02d%02d", y%100, m, d) + r.fill("###")
	return fmt.Sprintf("%d", y/100) + b + luhnDigit(b)
}

func (r source) hetu() string {
	y, m, d := r.day()
	date, n := fmt.Sprintf("%02d%02d%02d", d, m, y%100), fmt.Sprintf("%03d", r.between(2, 899))
	sign := "-"
	if y >= 2000 {
		sign = "A"
	}
	return date + sign + n + string("0123456789ABCDEFHJKLMNPRSTUVWXY"[atoi(date+n)%31])
}

func (r source) fnr() string {
	for {
		b := r.ddmmyy() + r.fill("###")
		k1 := 11 - dot(b, []int{3, 7, 6, 1, 8, 9, 4, 5, 2})%11
		if k1 == 11 {
			k1 = 0
		}
		if k1 == 10 {
			continue
		}
		b += strconv.Itoa(k1)
		k2 := 11 - dot(b, []int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2})%11
		if k2 == 11 {
			k2 = 0
		}
		if k2 != 10 {
			return b + strconv.Itoa(k2)
		}
	}
}

func (r source) nrn() string {
	y, m, d := r.day()
	b := fmt.Sprintf("%02d%02d%02d", y%100, m, d) + fmt.Sprintf("%03d", r.between(1, 997))
	n := atoi(b)
	if y >= 2000 {
		n += 2000000000
	}
	return b + fmt.Sprintf("%02d", 97-n%97)
}

func (r source) ahv() string {
	b := "756" + r.fill("#########")
	return b + strconv.Itoa((10-dot(b, []int{1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3})%10)%10)
}

func (r source) rodneCislo() string {
	for {
		y, m, d := r.between(1955, 2003), r.between(1, 12), r.between(1, 28)
		if r.chance(50) {
			m += 50
		}
		b := fmt.Sprintf("%02d%02d%02d", y%100, m, d) + r.fill("###")
		if rest := atoi(b) % 11; rest < 10 {
			return b + strconv.Itoa(rest)
		}
	}
}

func (r source) curp() string {
	// X stands for the letters of a name.
	b := r.from("ABCDEFGHIJLMNOPRSTUVZ", 4) + r.yymmdd() + r.words("H|M") + r.words("DF|JC|NL|PL|VZ|GT") + r.from("BCDFGHJKLMNPQRSTVZ", 3) + r.words("0|1|A|B")
	const values = "0123456789ABCDEFGHIJKLMN+OPQRSTUVWXYZ" // + is the place of the letter after N
	sum := 0
	for i := range b {
		sum += strings.IndexByte(values, b[i]) * (18 - i)
	}
	return b + strconv.Itoa((10-sum%10)%10)
}

// aadhaar's digit is by Verhoeff: permutations of digits in the group of the
// symmetries of a pentagon.
func (r source) aadhaar() string {
	b := r.words("2|3|4|5|6|7|8|9") + r.fill("##########")
	mul := func(x, y int) int {
		switch {
		case x < 5 && y < 5:
			return (x + y) % 5
		case x < 5:
			return 5 + (x+y-5)%5
		case y < 5:
			return 5 + (x-5-y+5)%5
		}
		return (x - y + 5) % 5
	}
	step := []int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	c := 0
	for i := range b {
		v := int(b[len(b)-1-i] - '0')
		for range (i + 1) % 8 {
			v = step[v]
		}
		c = mul(c, v)
	}
	for d := range 10 {
		if mul(c, d) == 0 {
			return b + strconv.Itoa(d)
		}
	}
	panic("a group has inverses")
}

func (r source) ric() string {
	y, m, d := r.day()
	b := r.words("110101|310104|440305|510107") + fmt.Sprintf("%04d%02d%02d", y, m, d) + r.fill("###")
	sum := 0
	for i := range b {
		w := 1
		for range 17 - i {
			w = w * 2 % 11
		}
		sum += w * int(b[i]-'0')
	}
	check := (12 - sum%11) % 11
	if check == 10 {
		return b + "X"
	}
	return b + strconv.Itoa(check)
}

func (r source) rrn() string {
	b := r.yymmdd() + r.words("1|2|3|4") + r.fill("#####")
	return b + strconv.Itoa((11-dot(b, []int{2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5})%11)%10)
}

func (r source) myNumber() string {
	b := r.fill("###########")
	rest := dot(b, []int{6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11
	if rest <= 1 {
		return b + "0"
	}
	return b + strconv.Itoa(11-rest)
}

func (r source) tfn() string {
	for {
		if s := r.fill("!########"); dot(s, []int{1, 4, 3, 7, 5, 8, 6, 9, 10})%11 == 0 {
			return s
		}
	}
}

func (r source) tc() string {
	b := r.fill("!########")
	odd := int(b[0]-'0') + int(b[2]-'0') + int(b[4]-'0') + int(b[6]-'0') + int(b[8]-'0')
	even := int(b[1]-'0') + int(b[3]-'0') + int(b[5]-'0') + int(b[7]-'0')
	d := ((odd*7-even)%10 + 10) % 10
	return b + strconv.Itoa(d) + strconv.Itoa((odd+even+d)%10)
}

func (r source) vin() string {
	const value = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ"
	for {
		s := []byte(r.from("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 17))
		sum := 0
		for i, w := range []int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2} {
			sum += strings.IndexByte(value, s[i]) % 10 * w
		}
		s[8] = "0123456789X"[sum%11]
		if t := string(s); strings.ContainsAny(t, "ABCDEFGHJKLMNPRSTUVWXYZ") && strings.ContainsAny(t[:8], "0123456789") {
			return t
		}
	}
}

var nationalIDs = []nationalID{
	{"id-us-ssn", "ssn|social security number|taxpayer ssn", "SSN", "en", func(r source) string {
		return fmt.Sprintf("%03d%02d%04d", r.between(1, 665), r.between(1, 99), r.between(1, 9999))
	}, func(s string) string { return grouped(s, "-", 3, 2, 4) }, true},
	{"id-gb-nino", "nino|national insurance number", "National Insurance number", "en", func(r source) string { return r.words("AB|CE|JM|PR|SX|WK|HL") + r.fill("######") + r.words("A|B|C|D") }, func(s string) string { return grouped(s, " ", 2, 2, 2, 2, 1) }, false},
	{"id-gb-nhs", "nhs number|nhs no", "NHS number", "en", func(r source) string {
		return r.numbered(func() string { return r.fill("!########") }, func(b string) int { return (11 - dot(b, []int{10, 9, 8, 7, 6, 5, 4, 3, 2})%11) % 11 })
	}, func(s string) string { return grouped(s, " ", 3, 3, 4) }, true},
	{"id-ca-sin", "sin|social insurance number", "social insurance number", "en", func(r source) string { b := r.words("1|2|3|4|5|6|7") + r.fill("#######"); return b + luhnDigit(b) }, func(s string) string { return grouped(s, " ", 3, 3, 3) }, true},
	{"id-au-tfn", "tfn|tax file number", "tax file number", "en", source.tfn, func(s string) string { return grouped(s, " ", 3, 3, 3) }, true},
	{"id-in-aadhaar", "aadhaar number|aadhaar", "Aadhaar", "en", source.aadhaar, func(s string) string { return grouped(s, " ", 4, 4, 4) }, true},
	{"id-in-pan", "pan|pan no", "PAN", "en", func(r source) string { return r.fill("@@@") + "P" + r.fill("@####@") }, same, false},
	{"id-za-id", "sa id number|south african id", "South African ID", "en", func(r source) string { b := r.yymmdd() + r.fill("####") + "08"; return b + luhnDigit(b) }, same, true},
	{"id-de-steuerid", "steuer id|steueridentifikationsnummer|steuer id nr", "Steuer-ID", "de", source.steuer, func(s string) string { return grouped(s, " ", 2, 3, 3, 3) }, false},
	{"id-ch-ahv", "ahv nummer|ahv nr|avs nummer", "AHV-Nummer", "de", source.ahv, func(s string) string { return grouped(s, ".", 3, 4, 4, 2) }, false},
	{"id-fr-nir", "nir|numero securite sociale|num secu", "numéro de sécurité sociale", "fr", source.nir, func(s string) string { return grouped(s, " ", 1, 2, 2, 2, 3, 3, 2) }, false},
	{"id-be-nrn", "numero registre national|nrn|niss", "registre national", "fr", source.nrn, func(s string) string { return s[:2] + "." + s[2:4] + "." + s[4:6] + "-" + s[6:9] + "." + s[9:] }, false},
	{"id-es-dni", "dni|nie|nif nie", "DNI", "es", source.dni, same, false},
	{"id-mx-curp", "curp", "CURP", "es", source.curp, same, false},
	{"id-it-cf", "codice fiscale|cod fisc|fiscal code", "codice fiscale", "it", source.codiceFiscale, same, false},
	{"id-pt-nif", "nif|numero contribuinte|contribuinte", "NIF", "pt", func(r source) string {
		b := r.words("1|2|3|5") + r.fill("#######")
		return b + strconv.Itoa(mod11low([]int{9, 8, 7, 6, 5, 4, 3, 2})(b))
	}, func(s string) string { return grouped(s, " ", 3, 3, 3) }, true},
	{"id-br-cpf", "cpf|numero cpf", "CPF", "pt", source.cpf, func(s string) string { return s[:3] + "." + s[3:6] + "." + s[6:9] + "-" + s[9:] }, false},
	{"id-br-cnpj", "cnpj", "CNPJ", "pt", source.cnpj, func(s string) string { return s[:2] + "." + s[2:5] + "." + s[5:8] + "/" + s[8:12] + "-" + s[12:] }, false},
	{"id-nl-bsn", "bsn|burgerservicenummer", "BSN", "nl", source.bsn, same, true},
	{"id-pl-pesel", "pesel|numer pesel", "PESEL", "pl", source.pesel, same, false},
	{"id-cz-rc", "rodne cislo|birth number", "rodné číslo", "pl", source.rodneCislo, func(s string) string { return grouped(s, "/", 6, 4) }, true},
	{"id-se-pnr", "personnummer|person nr", "personnummer", "sv", source.personnummer, func(s string) string { return grouped(s[2:], "-", 6, 4) }, false},
	{"id-fi-hetu", "hetu|henkilötunnus", "henkilötunnus", "sv", source.hetu, same, false},
	{"id-dk-cpr", "cpr nummer|cpr nr|cpr", "CPR-nummer", "sv", func(r source) string { return r.ddmmyy() + r.fill("####") }, func(s string) string { return grouped(s, "-", 6, 4) }, true},
	{"id-no-fnr", "fødselsnummer|fnr", "fødselsnummer", "sv", source.fnr, same, false},
	{"id-jp-mynumber", "my number|マイナンバー|個人番号", "マイナンバー", "ja", source.myNumber, func(s string) string { return grouped(s, " ", 4, 4, 4) }, true},
	{"id-kr-rrn", "resident registration number|주민등록번호", "주민등록번호", "ja", source.rrn, func(s string) string { return grouped(s, "-", 6, 7) }, true},
	{"id-cn-ric", "身份证号|resident id", "身份证号码", "ja", source.ric, same, false},
	{"id-tr-tc", "tc kimlik no|tckn", "TC Kimlik No", "ja", source.tc, same, false},
}
