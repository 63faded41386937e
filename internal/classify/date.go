package classify

import "unicode/utf8"

// isDate reports whether v is a date of a day that a living person can be born
// on. Under a telling name also dates with the month in words, of six digits,
// and bare years are taken.
func isDate(v []byte, named bool) bool {
	if len(v) < 6 || len(v) > 40 {
		return named && len(v) == 4 && digits(v) && (v[0] == '1' && v[1] == '9' || v[0] == '2' && v[1] == '0')
	}
	n, ok := datePrefix(v)
	if ok {
		rest := v[n:]
		return len(rest) == 0 || rest[0] == 'T' || rest[0] == ' ' || rest[0] == '+' || rest[0] == 'Z' || rest[0] == '.' && len(rest) == 1
	}
	if !named {
		return false
	}
	return wordDate(v)
}

// datePrefix returns how much of v is a date in digits.
func datePrefix(v []byte) (int, bool) {
	var part [3]int
	var size [3]int
	i, n := 0, 0
	var sep byte
	for n < 3 {
		start := i
		for i < len(v) && isDigit(v[i]) && i-start < 9 {
			part[n] = part[n]*10 + int(v[i]-'0')
			i++
		}
		if size[n] = i - start; size[n] == 0 {
			return 0, false
		}
		n++
		if n == 1 && size[0] == 8 {
			y, m, d := part[0]/10000, part[0]/100%100, part[0]%100
			return i, yearOK(y) && monthDay(m, d)
		}
		if n == 3 {
			break
		}
		if i >= len(v) {
			return 0, false
		}
		c := v[i]
		switch {
		case c == '-' || c == '/' || c == '.':
			if n == 2 && c != sep {
				return 0, false
			}
			sep = c
			i++
			if c == '.' && i < len(v) && v[i] == ' ' {
				i++
			}
		case c >= utf8.RuneSelf: // 年, 月
			r, w := utf8.DecodeRune(v[i:])
			if r != '年' && r != '月' {
				return 0, false
			}
			i += w
		default:
			return 0, false
		}
	}
	if r, w := utf8.DecodeRune(v[i:]); r == '日' {
		i += w
	}
	switch {
	case size[0] == 4:
		return i, size[1] <= 2 && size[2] <= 2 && yearOK(part[0]) && monthDay(part[1], part[2])
	case size[2] == 4 && size[0] <= 2 && size[1] <= 2:
		return i, yearOK(part[2]) && (monthDay(part[1], part[0]) || monthDay(part[0], part[1]))
	case size[0] == 2 && size[1] == 2 && size[2] == 2:
		return i, monthDay(part[1], part[0]) || monthDay(part[0], part[1]) || monthDay(part[1], part[2])
	}
	return 0, false
}

func yearOK(y int) bool { return y >= 1900 && y <= 2035 }

// wordDate reports whether v is a day, a month in words and a year, in any
// order.
func wordDate(v []byte) bool {
	letters, year, numbers := 0, false, 0
	for i := 0; i < len(v); {
		switch c := v[i]; {
		case isDigit(c):
			start := i
			for i < len(v) && isDigit(v[i]) {
				i++
			}
			numbers++
			if i-start == 4 && yearOK(number(v[start:i])) {
				year = true
			} else if i-start > 2 {
				return false
			}
		case isLetter(c) || c >= utf8.RuneSelf:
			letters++
			i++
		case c == ' ' || c == '.' || c == ',' || c == '-':
			i++
		default:
			return false
		}
	}
	return year && numbers <= 2 && letters >= 3 && letters <= 24
}
