package query

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// number returns what v counts as in a comparison, as the index sees it: a
// number, a duration in nanoseconds ("1h30m"), a size in bytes ("2KiB"), a
// time in nanoseconds since 1970 (RFC 3339), an IPv4 address; NaN if it is
// none of these.
func number(v string) float64 {
	if v == "" || !strings.ContainsAny(v, "0123456789") {
		return math.NaN()
	}
	unsigned := strings.TrimPrefix(v, "-")
	if n, ok := decimal(unsigned); ok {
		return signed(n, v)
	}
	if n, ok := sum(unsigned, durationUnits); ok {
		return signed(n, v)
	}
	if n, ok := sum(unsigned, sizeUnits); ok {
		return signed(n, v)
	}
	if n, ok := literal(v); ok {
		return n
	}
	if len(v) >= len("2006-01-02T15:04:05Z") && v[4] == '-' {
		if t, err := time.Parse(time.RFC3339Nano, v[:10]+"T"+v[11:]); err == nil && (v[10] == 'T' || v[10] == ' ') {
			return float64(t.UnixNano())
		}
	}
	if n, ok := ipv4(v); ok {
		return float64(n)
	}
	return math.NaN()
}

// ipv4 parses an address in the dotted form, without leading zeros. It is
// written out so that package net/netip is not in the verifiers, which have no
// network.
func ipv4(s string) (n uint32, ok bool) {
	if strings.Count(s, ".") != 3 {
		return 0, false
	}
	for part := range strings.SplitSeq(s, ".") {
		b, err := strconv.ParseUint(part, 10, 8)
		if err != nil || part[0] == '0' && len(part) > 1 {
			return 0, false
		}
		n = n<<8 | uint32(b)
	}
	return n, true
}

func signed(n float64, v string) float64 {
	if v[0] == '-' {
		return -n
	}
	return n
}

// decimal parses digits with at most one point, which is not at either end.
func decimal(s string) (float64, bool) {
	if s == "" || len(s) > len("18446744073709551615") || strings.Trim(s, "0123456789.") != "" ||
		s[0] == '.' || s[len(s)-1] == '.' || len(s) > 1 && s[0] == '0' && s[1] != '.' {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// literal parses other spellings of numbers: exponents, hexadecimal, leading
// zeros.
func literal(s string) (float64, bool) {
	digits := strings.TrimPrefix(strings.TrimLeft(s, "+-"), ".")
	if digits == "" || digits[0] < '0' || digits[0] > '9' || strings.Count(s, ".") > 1 ||
		strings.Contains(s, ":") || strings.Count(s, "-") > 2 {
		return 0, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, true
	}
	n, err := strconv.ParseInt(s, 0, 64)
	return float64(n), err == nil
}

type unit struct {
	name string
	size float64
}

// The units, longer names before those that they begin with.
var (
	durationUnits = []unit{
		{"µs", 1e3}, {"ms", 1e6}, {"ns", 1}, {"y", 365 * 24 * 3600e9}, {"w", 7 * 24 * 3600e9}, {"d", 24 * 3600e9},
		{"h", 3600e9}, {"m", 60e9}, {"s", 1e9},
	}
	sizeUnits = []unit{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40},
		{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12},
	}
)

// sum adds up numbers with units, such as "1h30m". Each counts in whole
// nanoseconds or bytes.
func sum(s string, units []unit) (float64, bool) {
	var total float64
	for s != "" {
		end := 0
		for end < len(s) && (s[end] == '.' || '0' <= s[end] && s[end] <= '9') {
			end++
		}
		n, ok := decimal(s[:end])
		if !ok || end == len(s) {
			return 0, false
		}
		s = s[end:]
		i := 0
		for i < len(units) && !strings.HasPrefix(s, units[i].name) {
			i++
		}
		if i == len(units) {
			return 0, false
		}
		total += math.Trunc(n * units[i].size)
		s = s[len(units[i].name):]
	}
	return min(total, math.MaxInt64), true
}
