package classify

import (
	"bytes"
	"net/netip"
)

// numberRun is a number as it is written, perhaps in groups.
type numberRun struct {
	raw    []byte // as written
	digits []byte
	sizes  [maxGroups]uint8 // digits of each group
	groups int
	sep    byte // between all groups; 0: none; 1: not always the same
	plus   bool // it began with one
	paren  bool // a group is in parentheses
	prose  bool // what is known of it comes from the words before it
}

const (
	maxGroups = 8
	maxDigits = 24
)

// digit takes what begins with the digit t.b[i].
func (t *textScan) digit(i int) int {
	b := t.b
	if i > 0 {
		switch c := b[i-1]; {
		case c == '_' || c == '#' || c == '/' || c == '-' && i > 1 && isAlnum(b[i-2]) || c == '.' && i > 1 && isAlnum(b[i-2]) || isLetter(c) || c == '$':
			return skipDigits(b, i)
		}
	}
	end, letters := i, 0
	for end < len(b) {
		k := byteKinds[b[end]]
		if k == byteLetter {
			letters++
		} else if k != byteDigit {
			break
		}
		end++
	}
	if end-i == 36 || end+28 <= len(b) && end-i == 8 && uuid(b[i:min(len(b), i+36)]) {
		return min(len(b), i+36)
	}
	if end < len(b) && (b[end] == ':' || b[end] == '-') && end-i <= 4 && (letters > 0 || end+2 < len(b) && isHex(b[end+1])) {
		if e := t.address(i, end); e > end {
			return e
		}
	}
	if n := len(b) - i; n >= 11 && (end-i == 6 || end-i == 11) && fiHETU(b[i:i+11]) && (n == 11 || !isAlnum(b[i+11])) && !t.otherNID(i, FIHETU) {
		t.take(FIHETU, i, i+11)
		return i + 11
	}
	if letters > 0 {
		if end < len(b) && b[end] == '_' {
			return end
		}
		if !datedT(b[i:end]) {
			return t.mixedWord(i, end)
		}
	}
	if n := len(b) - i; n >= 10 && end-i == 8 && b[end] == '-' && isUpper(b[end+1]) && (n == 10 || !isAlnum(b[i+10])) {
		var dni [9]byte
		copy(dni[:], b[i:end])
		dni[8] = b[end+1]
		if esDNI(dni[:]) && !negative(t.near(i)) {
			t.take(ESDNI, i, i+10)
			return i + 10
		}
	}
	return t.numbers(i)
}

// otherNID reports whether the name or the words before say that a value is
// the national id of another country than c's.
func (t *textScan) otherNID(start int, c Class) bool {
	k := t.near(start)
	return Class(k) >= USSSN && k < kind(classCount) && k != kind(c) || negative(k)
}

// datedT reports whether b is a date and time without separators.
func datedT(b []byte) bool { return len(b) > 9 && b[8] == 'T' && isDigit(b[9]) && digits(b[:8]) }

func skipDigits(b []byte, i int) int {
	for i < len(b) && (isAlnum(b[i]) || b[i] == '.' && i+1 < len(b) && isDigit(b[i+1]) || b[i] == '-' && i+1 < len(b) && isDigit(b[i+1])) {
		i++
	}
	return i
}

// numbers takes the number that begins at start with a digit, a plus or a
// parenthesis. Where the groups together are nothing, the first of them may
// be.
func (t *textScan) numbers(start int) int {
	b := t.b
	var r numberRun
	var ends [maxGroups]int  // in b, after each group
	var total [maxGroups]int // digits up to there
	var seps [maxGroups]byte // before each group
	i := start
	if b[i] == '+' {
		r.plus = true
		i++
	}
	r.digits = t.s.digits[:0]
	for r.groups < maxGroups {
		sep := byte(0)
		from := i
		for i < len(b) && (b[i] == ' ' || b[i] == '-' || b[i] == '.' || b[i] == '/' || b[i] == '(' || b[i] == ')') && i-from < 2 {
			if b[i] == '(' || b[i] == ')' {
				r.paren = true
			}
			if sep == 0 || sep == ' ' || sep == ')' {
				sep = b[i]
			}
			i++
		}
		if r.groups > 0 && i == from || i >= len(b) || !isDigit(b[i]) {
			break
		}
		g := i
		for i < len(b) && isDigit(b[i]) && len(r.digits) < maxDigits {
			r.digits = append(r.digits, b[i])
			i++
		}
		if i < len(b) && isDigit(b[i]) { // too long for anything
			if r.groups == 0 {
				return skipDigits(b, i)
			}
			r.digits = r.digits[:total[r.groups-1]]
			break
		}
		ends[r.groups], total[r.groups], seps[r.groups] = i, len(r.digits), sep
		r.sizes[r.groups] = uint8(i - g)
		r.groups++
	}
	if r.groups == 0 {
		return start + 1
	}
	return t.groups(start, &r, &ends, &total, &seps)
}

// groups tries the groups together, and then fewer of them.
func (t *textScan) groups(start int, r *numberRun, ends, total *[maxGroups]int, seps *[maxGroups]byte) int {
	b, all, k, asked := t.b, r.digits, kindNone, false
	for n := r.groups; n > 0; n-- {
		end := ends[n-1]
		if total[n-1] < 6 {
			if total[n-1] < 4 || n < 4 {
				break
			}
		}
		if end < len(b) {
			c := b[end]
			if (c == '-' || c == '.' || c == '/') && end+1 < len(b) && isDigit(b[end+1]) && n < r.groups {
				continue // half of a date, or of another number
			}
			if isLetter(c) && (c != 'T' && c != 'Z') || c == '_' || c == '%' || c == ':' && seps[1] != '.' {
				continue
			}
		}
		if !asked {
			k, asked = t.near(start), true
		}
		try := *r
		try.groups, try.digits, try.raw = n, all[:total[n-1]], b[start:end]
		try.sep, try.prose = 0, k != t.kind
		for i := 1; i < n; i++ {
			if i == 1 {
				try.sep = seps[1]
			} else if seps[i] != try.sep {
				try.sep = 1
			}
		}
		if try.sep == '.' && n == 4 && !r.plus {
			network := end+1 < len(b) && b[end] == '/' && isDigit(b[end+1])
			if !network && t.ipv4(&try, k) {
				t.take(IP, start, end)
				return end
			}
		}
		if c := t.s.classifyRun(&try, k, false); c != None {
			t.take(c, start, end)
			return end
		}
		if k == kind(Passport) && try.sep == 0 && n == 1 && len(try.digits) <= 12 {
			t.take(Passport, start, end)
			return end
		}
		if k == kind(Birthdate) && n <= 3 {
			if _, ok := datePrefix(b[start:]); ok {
				t.take(Birthdate, start, end)
				return end
			}
		}
	}
	if r.sizes[0] <= 4 && !r.plus && !r.paren {
		t.street(start, ends[0])
	}
	return ends[0]
}

// ipv4 reports whether r is an address, and not a version.
func (t *textScan) ipv4(r *numberRun, k kind) bool {
	at, high := 0, false
	var octets [4]int
	for i := range 4 {
		n := int(r.sizes[i])
		if n > 3 || n > 1 && r.digits[at] == '0' {
			return false
		}
		octets[i] = number(r.digits[at : at+n])
		at += n
		if octets[i] > 255 {
			return false
		}
		high = high || octets[i] > 31
	}
	if octets[0] == 0 || octets[0] == 127 || octets[0] >= 240 {
		return false
	}
	return k == kind(IP) || high && !negative(k)
}

func ipv6(s []byte) bool {
	a, err := netip.ParseAddr(string(s))
	return err == nil && a.Is6() && !a.IsLoopback() && !a.IsUnspecified()
}

// classifyRun returns the class of a number under a name, or after a word, of
// kind k. Number: it was no string.
func (s *Scan) classifyRun(r *numberRun, k kind, number bool) Class {
	d := r.digits
	switch {
	case k == kindHash:
		return None
	case k == kind(Card):
		if cardNumber(d) && !(r.prose && testCards[string(d)]) {
			return Card
		}
	case k == kind(Phone):
		if phoneNumber(r) {
			return Phone
		}
	case k == kindNID, Class(k) >= USSSN && k < kind(classCount):
		if c := nationalNumber(r, k, false); c != None {
			return c
		}
	}
	free := !negative(k) && (k >= kind(classCount) || k == kindNone)
	if free && !r.plus && cardLayout(r) && cardNumber(d) && !testCards[string(d)] {
		return Card
	}
	if r.plus {
		if !negative(k) && len(d) >= 8 && len(d) <= 15 && d[0] != '0' && len(r.raw) < 24 {
			return Phone
		}
		return None
	}
	if c := nationalNumber(r, k, free && !number); c != None {
		return c
	}
	if free && !number && phoneLayout(r) {
		return Phone
	}
	return None
}

// nationalNumber returns the class of a national number. Under a name that
// tells, all rules of the name hold; else those that are strong, and if free
// the medium ones.
func nationalNumber(r *numberRun, k kind, free bool) Class {
	if r.plus || r.paren {
		return None
	}
	for i := range digitRules {
		rule := &digitRules[i]
		if rule.n != len(r.digits) {
			continue
		}
		how := rule.bare
		if r.sep != 0 {
			how = weak
			if rule.layout != "" && layoutIs(r.raw, rule.layout) {
				how = rule.laid
			}
		}
		if how != strong && !(how == medium && free) && k != kind(rule.class) && k != kindNID {
			continue
		}
		if rule.ok(r.digits) {
			return rule.class
		}
	}
	return None
}

// layoutIs reports whether raw is written like layout, where 9 is a digit.
func layoutIs(raw []byte, layout string) bool {
	if len(raw) != len(layout) {
		return false
	}
	for i, c := range raw {
		if layout[i] == '9' != isDigit(c) || layout[i] != '9' && layout[i] != c {
			return false
		}
	}
	return true
}

// cardLayout reports whether a number is in one piece, or in the groups in
// which cards are printed.
func cardLayout(r *numberRun) bool {
	if r.groups == 1 {
		return true
	}
	if r.sep != ' ' && r.sep != '-' || r.paren {
		return false
	}
	switch string(r.sizes[:r.groups]) {
	case "\x04\x04\x04\x04", "\x04\x06\x05", "\x04\x06\x04", "\x04\x04\x04\x04\x03", "\x04\x04\x04\x01":
		return true
	}
	return false
}

// phoneNumber reports whether a number under the name of a telephone is one.
func phoneNumber(r *numberRun) bool {
	n := len(r.digits)
	if n < 6 || n > 15 || allSame(r.digits) {
		return false
	}
	if r.sep == '-' || r.sep == '.' || r.sep == '/' {
		if m, ok := datePrefix(r.raw); ok && m == len(r.raw) && r.groups == 3 {
			return false
		}
	}
	return !(n == 13 && r.groups == 1 && bytes.HasPrefix(r.digits, []byte("1")) && !r.plus) // milliseconds
}

// phoneLayout reports whether a number without a telling name is written as
// only telephone numbers are: (555) 123-4567, 06 12 34 56 78.
func phoneLayout(r *numberRun) bool {
	sizes := string(r.sizes[:r.groups])
	switch {
	case r.paren && sizes == "\x03\x03\x04" && r.raw[0] == '(' && r.digits[0] >= '2':
		return true
	case sizes == "\x02\x02\x02\x02\x02" && r.digits[0] == '0' && r.digits[1] != '0' && (r.sep == ' ' || r.sep == '.'):
		return true
	}
	return false
}
