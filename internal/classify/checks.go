package classify

// The arithmetic of check digits. Arguments are ASCII digits unless said
// otherwise, of the length that the caller has checked.

// luhn reports whether d ends with its Luhn digit (ISO/IEC 7812-1 annex B).
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// mod97 returns s mod 97, where letters count as 10 to 35 (ISO/IEC 7064). It
// returns -1 if s has another character.
func mod97(s []byte, m int) int {
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			m = (m*10 + int(c-'0')) % 97
		case 'A' <= c && c <= 'Z':
			m = (m*100 + int(c-'A') + 10) % 97
		default:
			return -1
		}
	}
	return m
}

var (
	verhoeffD = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
		{3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
		{9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	verhoeffP = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
		{8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
		{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// verhoeff reports whether d ends with its check digit by Verhoeff's scheme.
func verhoeff(d []byte) bool {
	c := byte(0)
	for i := range d {
		c = verhoeffD[c][verhoeffP[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

// weighted returns the sum of the digits of d, each times its weight.
func weighted(d []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i]-'0')
	}
	return sum
}

func number(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// monthDay reports whether there is such a day in some year.
func monthDay(m, d int) bool { return m >= 1 && m <= 12 && d >= 1 && d <= monthDays[m] }

// allSame reports whether all bytes of d are the same.
func allSame(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// cardNumber reports whether d is the number of a payment card: a range that
// an issuer uses, the length that goes with it, and the Luhn digit.
func cardNumber(d []byte) bool {
	n := len(d)
	if n < 13 || n > 19 || d[0] < '2' || d[0] > '6' {
		return false
	}
	p2, p3, p4 := number(d[:2]), number(d[:3]), number(d[:4])
	ok := false
	switch {
	case d[0] == '4': // Visa
		ok = n == 16 || n == 13 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720: // Mastercard
		ok = n == 16
	case p2 == 34, p2 == 37: // American Express
		ok = n == 15
	case p4 == 6011, p2 == 65, p3 >= 644 && p3 <= 649: // Discover
		ok = n == 16 || n == 19
	case p2 == 62: // UnionPay
		ok = n >= 16
	case p4 >= 3528 && p4 <= 3589: // JCB
		ok = n == 16
	case p3 >= 300 && p3 <= 305, p2 == 36, p2 == 38, p2 == 39: // Diners Club
		ok = n == 14 || n == 16
	case p2 == 50, p2 >= 56 && p2 <= 58, p2 == 63, p2 == 67: // Maestro
		ok = n == 16 || n == 18 || n == 19
	case p4 >= 2200 && p4 <= 2204: // Mir
		ok = n == 16
	case p2 == 60: // RuPay
		ok = n == 16
	}
	return ok && luhn(d) && !allSame(d[1:])
}

// testCards are numbers that issuers and payment services publish for tests.
var testCards = map[string]bool{
	"4242424242424242": true, "4111111111111111": true, "4012888888881881": true, "4000056655665556": true,
	"4000000000000002": true, "4000000000009995": true, "4000002500003155": true, "4222222222222": true,
	"5555555555554444": true, "5105105105105100": true, "5200828282828210": true, "2223003122003222": true,
	"2223000048400011": true, "378282246310005": true, "371449635398431": true, "378734493671000": true,
	"6011111111111117": true, "6011000990139424": true, "30569309025904": true, "38520000023237": true,
	"3056930009020004": true, "36227206271667": true, "3530111333300000": true, "3566002020360505": true,
	"6200000000000005": true, "5454545454545454": true, "4444333322221111": true, "4917610000000000": true,
	"4000000000000077": true, "4000000000003220": true, "4000000000000341": true, "4007000000027": true,
}

// ibanLength returns the length of an IBAN of a country by its code (the SWIFT
// registry); 0 if the country has none.
func ibanLength(a, b byte) int {
	if a < 'A' || a > 'Z' || b < 'A' || b > 'Z' {
		return 0
	}
	return int(ibanLengths[int(a-'A')*26+int(b-'A')])
}

var ibanLengths = func() (t [26 * 26]uint8) {
	const list = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27" +
		"GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27" +
		"MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"
	for i := 0; i < len(list); i += 4 {
		t[int(list[i]-'A')*26+int(list[i+1]-'A')] = uint8(number([]byte(list[i+2 : i+4])))
	}
	return t
}()

// ibanNumber reports whether s, in upper case without spaces, is an IBAN.
func ibanNumber(s []byte) bool {
	if len(s) < 15 || len(s) != ibanLength(s[0], s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return false
	}
	m := mod97(s[4:], 0)
	return m >= 0 && mod97(s[:4], m) == 1
}

// vinNumber reports whether s is a vehicle identification number with its
// check digit (49 CFR 565). European makers need not use one; theirs are told
// by the name of their field.
func vinNumber(s []byte) bool {
	if len(s) != 17 {
		return false
	}
	weights := [17]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	sum := 0
	for i, c := range s {
		v := vinValue(c)
		if v < 0 {
			return false
		}
		sum += v * weights[i]
	}
	check := byte('0' + sum%11)
	if sum%11 == 10 {
		check = 'X'
	}
	return s[8] == check
}

// vinValue returns what a character of a VIN counts for, or -1.
func vinValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c < 'A' || c > 'Z' || c == 'I' || c == 'O' || c == 'Q':
		return -1
	}
	return int("12345678\x0012345\x007\x00923456789"[c-'A'] & 0x0f)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
