package classify

// strength says how much a value tells by itself.
type strength uint8

const (
	weak   strength = iota + 1 // many numbers pass: it takes a telling name
	medium                     // about one in fifty passes: any name but that of orders and the like
	strong                     // anywhere
)

// digitRule is a national number of digits only.
type digitRule struct {
	class  Class
	n      int    // digits
	layout string // how it is written with separators, 9 for a digit; empty: none that tells
	bare   strength
	laid   strength // if it is written like layout
	ok     func(d []byte) bool
}

// digitRules are tried in this order: those that chance passes least first.
var digitRules = [...]digitRule{
	{FRNIR, 15, "9 99 99 99 999 999 99", strong, strong, frNIR},
	{CHAHV, 13, "999.9999.9999.99", strong, strong, chAHV},
	{KRRRN, 13, "999999-9999999", weak, strong, krRRN},
	{CNRIC, 18, "", strong, strong, cnRIC},
	{BRCNPJ, 14, "99.999.999/9999-99", medium, strong, brCNPJ},
	{BENRN, 11, "99.99.99-999.99", medium, strong, beNRN},
	{NOFNR, 11, "999999 99999", medium, medium, noFNR},
	{PLPESEL, 11, "", medium, medium, plPESEL},
	{BRCPF, 11, "999.999.999-99", medium, strong, brCPF},
	{TRTC, 11, "", medium, medium, trTC},
	{DESteuer, 11, "99 999 999 999", medium, medium, deSteuer},
	{SEPNR, 12, "99999999-9999", medium, strong, sePNR},
	{SEPNR, 10, "999999-9999", weak, medium, sePNR},
	{USSSN, 9, "999-99-9999", weak, medium, usSSN},
	{CZRC, 10, "999999/9999", weak, medium, czRC},
	{INAadhaar, 12, "9999 9999 9999", weak, medium, inAadhaar},
	{ZAID, 13, "999999 9999 999", weak, weak, zaID},
	{GBNHS, 10, "999 999 9999", weak, weak, gbNHS},
	{DKCPR, 10, "999999-9999", weak, weak, dkCPR},
	{NLBSN, 9, "", weak, weak, nlBSN},
	{PTNIF, 9, "999 999 999", weak, weak, ptNIF},
	{CASIN, 9, "999 999 999", weak, weak, caSIN},
	{AUTFN, 9, "999 999 999", weak, weak, auTFN},
	{JPMyNumber, 12, "9999 9999 9999", weak, weak, jpMyNumber},
}

func yymmdd(d []byte) bool { return monthDay(number(d[2:4]), number(d[4:6])) }
func ddmmyy(d []byte) bool { return monthDay(number(d[2:4]), number(d[0:2])) }

func frNIR(d []byte) bool {
	month := number(d[3:5])
	if d[0] != '1' && d[0] != '2' || month < 1 || month > 12 && (month < 20 || month > 42) && month < 50 {
		return false
	}
	return 97-number(d[:13])%97 == number(d[13:])
}

func chAHV(d []byte) bool {
	if d[0] != '7' || d[1] != '5' || d[2] != '6' {
		return false
	}
	sum := weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)
	return (10-sum%10)%10 == int(d[12]-'0')
}

func krRRN(d []byte) bool {
	if !yymmdd(d) || d[6] == '0' || d[6] == '9' {
		return false
	}
	sum := weighted(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
	return (11-sum%11)%10 == int(d[12]-'0')
}

// cnRIC takes 18 characters, the last of which may be X (GB 11643).
func cnRIC(s []byte) bool {
	y := number(s[6:10])
	if s[0] == '0' || s[0] > '8' || y < 1900 || y > 2099 || !monthDay(number(s[10:12]), number(s[12:14])) {
		return false
	}
	sum := weighted(s, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	return "10X98765432"[sum%11] == s[17]
}

func brDigit(sum int) int {
	if r := sum % 11; r >= 2 {
		return 11 - r
	}
	return 0
}

func brCPF(d []byte) bool {
	return !allSame(d) && brDigit(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[9]-'0') &&
		brDigit(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[10]-'0')
}

func brCNPJ(d []byte) bool {
	return !allSame(d) && brDigit(weighted(d, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[12]-'0') &&
		brDigit(weighted(d, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[13]-'0')
}

func beNRN(d []byte) bool {
	m, day := number(d[2:4]), number(d[4:6])
	if m > 12 || day > 31 || m == 0 || day == 0 {
		return false
	}
	base, check := number(d[:9]), number(d[9:])
	return 97-base%97 == check || 97-(2_000_000_000+base)%97 == check
}

func noFNR(d []byte) bool {
	day := number(d[:2])
	if day > 40 { // D number
		day -= 40
	}
	if !monthDay(number(d[2:4]), day) {
		return false
	}
	k1 := 11 - weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2)%11
	k2 := 11 - weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11
	return k1%11 == int(d[9]-'0') && k2%11 == int(d[10]-'0')
}

func plPESEL(d []byte) bool {
	m := number(d[2:4])
	if m/20 > 4 || !monthDay(m%20, number(d[4:6])) {
		return false
	}
	sum := weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
	return (10-sum%10)%10 == int(d[10]-'0')
}

func trTC(d []byte) bool {
	if d[0] == '0' {
		return false
	}
	odd := weighted(d, 1, 0, 1, 0, 1, 0, 1, 0, 1)
	even := weighted(d, 0, 1, 0, 1, 0, 1, 0, 1)
	ten := ((odd*7-even)%10 + 10) % 10
	return ten == int(d[9]-'0') && (odd+even+ten)%10 == int(d[10]-'0')
}

// deSteuer: ISO/IEC 7064 mod 11,10; of the first ten digits one occurs twice
// or three times, the others at most once.
func deSteuer(d []byte) bool {
	if d[0] == '0' {
		return false
	}
	var count [10]int
	twice, thrice, product := 0, 0, 10
	for _, c := range d[:10] {
		count[c-'0']++
		s := (int(c-'0') + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	for _, n := range count {
		switch {
		case n == 2:
			twice++
		case n == 3:
			thrice++
		case n > 3:
			return false
		}
	}
	return twice+thrice == 1 && (11-product)%10 == int(d[10]-'0')
}

func sePNR(d []byte) bool {
	if len(d) == 12 {
		if p := number(d[:2]); p != 19 && p != 20 {
			return false
		}
		d = d[2:]
	}
	day := number(d[4:6])
	if day > 60 { // coordination number
		day -= 60
	}
	return monthDay(number(d[2:4]), day) && luhn(d)
}

func usSSN(d []byte) bool {
	area := number(d[:3])
	return area != 0 && area != 666 && area < 900 && number(d[3:5]) != 0 && number(d[5:]) != 0 && !allSame(d)
}

func czRC(d []byte) bool {
	m := number(d[2:4])
	if m > 50 {
		m -= 50
	}
	if m > 20 {
		m -= 20
	}
	return monthDay(m, number(d[4:6])) && number(d)%11 == 0
}

func inAadhaar(d []byte) bool { return d[0] >= '2' && !allSame(d) && verhoeff(d) }

func zaID(d []byte) bool { return yymmdd(d) && d[10] <= '2' && luhn(d) }

func gbNHS(d []byte) bool {
	check := 11 - weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return check != 10 && check%11 == int(d[9]-'0') && !allSame(d)
}

func dkCPR(d []byte) bool { return ddmmyy(d) }

func nlBSN(d []byte) bool {
	return !allSame(d) && (weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)-int(d[8]-'0'))%11 == 0
}

func ptNIF(d []byte) bool {
	if d[0] == '0' || d[0] == '4' {
		return false
	}
	check := 11 - weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)%11
	if check >= 10 {
		check = 0
	}
	return check == int(d[8]-'0')
}

func caSIN(d []byte) bool { return d[0] != '0' && d[0] != '8' && luhn(d) && !allSame(d) }

func auTFN(d []byte) bool { return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !allSame(d) }

func jpMyNumber(d []byte) bool {
	r := weighted(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	check := 0
	if r > 1 {
		check = 11 - r
	}
	return check == int(d[11]-'0') && !allSame(d)
}

// wordID returns the class of a national identifier that has letters: s is in
// upper case, without spaces.
func wordID(s []byte) (Class, strength) {
	switch len(s) {
	case 9:
		switch {
		case gbNINO(s):
			return GBNINO, medium
		case esDNI(s):
			return ESDNI, medium
		}
	case 10:
		if inPAN(s) {
			return INPAN, medium
		}
	case 11:
		if fiHETU(s) {
			return FIHETU, strong
		}
	case 15:
		if (s[6] == 'A' || s[6] == 'B') && s[5] == '2' && frNIRCorsica(s) {
			return FRNIR, strong
		}
	case 16:
		if itCF(s) {
			return ITCF, strong
		}
	case 18:
		switch {
		case s[17] == 'X' && digits(s[:17]) && cnRIC(s):
			return CNRIC, strong
		case mxCURP(s):
			return MXCURP, strong
		}
	}
	return None, 0
}

func digits(s []byte) bool {
	for _, c := range s {
		if !isDigit(c) {
			return false
		}
	}
	return len(s) > 0
}

// shaped reports whether s has the form of layout: 9 a digit, A a capital.
func shaped(s []byte, layout string) bool {
	if len(s) != len(layout) {
		return false
	}
	for i, c := range s {
		switch layout[i] {
		case '9':
			if !isDigit(c) {
				return false
			}
		case 'A':
			if c < 'A' || c > 'Z' {
				return false
			}
		}
	}
	return true
}

func gbNINO(s []byte) bool {
	if !shaped(s, "AA999999A") || s[8] > 'D' {
		return false
	}
	for _, c := range s[:2] {
		switch c {
		case 'D', 'F', 'I', 'Q', 'U', 'V':
			return false
		}
	}
	switch string(s[:2]) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return s[1] != 'O'
}

// esDNI takes DNI and NIE.
func esDNI(s []byte) bool {
	var d [8]byte
	copy(d[:], s)
	if s[0] >= 'X' && s[0] <= 'Z' {
		d[0] = s[0] - 'X' + '0'
	}
	return digits(d[:]) && "TRWAGMYFPDXBNJZSQVHLCKE"[number(d[:])%23] == s[8]
}

func inPAN(s []byte) bool {
	if !shaped(s, "AAAAA9999A") {
		return false
	}
	switch s[3] {
	case 'A', 'B', 'C', 'F', 'G', 'H', 'J', 'L', 'P', 'T':
		return true
	}
	return false
}

func fiHETU(s []byte) bool {
	if !digits(s[:6]) || !digits(s[7:10]) || !ddmmyy(s) {
		return false
	}
	switch s[6] {
	case '-', '+', 'A', 'B', 'C', 'D', 'E', 'F', 'U', 'V', 'W', 'X', 'Y':
	default:
		return false
	}
	return "0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(s[:6])*1000+number(s[7:10]))%31] == s[10]
}

// frNIRCorsica takes numbers whose department is 2A or 2B.
func frNIRCorsica(s []byte) bool {
	var d [15]byte
	copy(d[:], s)
	d[5], d[6] = '1', '9' // 2A counts as 19, 2B as 18
	if s[6] == 'B' {
		d[6] = '8'
	}
	return digits(d[:]) && frNIR(d[:])
}

var cfOdd = [36]byte{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, // 0-9
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23, // A-Z
}

func itCF(s []byte) bool {
	sum := 0
	for i, c := range s[:15] {
		letter := c >= 'A' && c <= 'Z'
		wantLetter := i < 6 || i == 8 || i == 11
		if !letter && !isDigit(c) || wantLetter != letter && (wantLetter || c < 'L' || c > 'V') {
			return false // digits may be written as letters from L to V
		}
		v := int(c - '0')
		if letter {
			v = int(c - 'A')
		}
		switch {
		case i%2 == 1:
			sum += v
		case letter:
			sum += int(cfOdd[10+v])
		default:
			sum += int(cfOdd[v])
		}
	}
	return s[15] == byte('A'+sum%26)
}

func mxCURP(s []byte) bool {
	if !shaped(s[:16], "AAAA999999AAAAAA") || !yymmdd(s[4:10]) || s[10] != 'H' && s[10] != 'M' && s[10] != 'X' || !isDigit(s[17]) {
		return false
	}
	sum := 0
	for i, c := range s[:17] {
		v := 0
		switch {
		case isDigit(c):
			v = int(c - '0')
		case c >= 'O':
			v = int(c-'A') + 11 // Ñ is between N and O
		case c >= 'A':
			v = int(c-'A') + 10
		default:
			return false
		}
		sum += v * (18 - i)
	}
	return (10-sum%10)%10 == int(s[17]-'0')
}
