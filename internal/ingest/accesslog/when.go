package accesslog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const clfLayout = "02/Jan/2006:15:04:05 -0700"

// setAt returns a setter of the time of a call: when it came if begun, else
// when it was over.
func setAt(begun bool, parse func(string) (time.Time, error)) setter {
	return func(e *entry, v string) error {
		t, err := parse(v)
		if err != nil {
			return err
		}
		if y := t.Year(); y < 2000 || y > 2200 {
			return fmt.Errorf("%q lies outside of the years 2000 to 2200", clip(v))
		}
		e.at, e.begun = t.UTC(), begun
		return nil
	}
}

// anyTime reads a time in one of the ways in which servers write it.
func anyTime(v string) (time.Time, error) {
	if t, err := time.Parse(clfLayout, v); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999Z07:00", "2006/01/02 15:04:05.999999999 -0700"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, nil
		}
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && f > 0 {
		return unixTime(v, f)
	}
	return time.Time{}, fmt.Errorf("%q: want a time with its zone, such as 17/May/2015:10:05:03 +0000", clip(v))
}

// unixTime reads seconds since 1970, or by their size milli-, micro- or
// nanoseconds.
func unixTime(v string, f float64) (time.Time, error) {
	whole, frac, _ := strings.Cut(v, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && n < 1e11 {
		if len(frac) > 9 {
			frac = frac[:9]
		}
		nanos, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		if err == nil {
			return time.Unix(n, nanos), nil
		}
	}
	unit := 1.0
	for f/unit >= 1e11 {
		unit *= 1000
	}
	if unit > 1e9 || math.IsInf(f, 0) {
		return time.Time{}, fmt.Errorf("%q is no time", clip(v))
	}
	return time.Unix(0, int64(f*(1e9/unit))), nil
}

// unitTime reads a whole number of a unit since 1970.
func unitTime(unit time.Duration) func(string) (time.Time, error) {
	return func(v string) (time.Time, error) {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
			return time.Time{}, fmt.Errorf("%q is no time since 1970", clip(v))
		}
		return time.Unix(0, n*int64(unit)), nil
	}
}

// strftime makes a layout of a format of strftime. It knows the parts that
// logs are made of.
func strftime(f string) (string, error) {
	parts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'z': "-0700", 'b': "Jan", 'T': "15:04:05", 'F': "2006-01-02", 'e': "_2", 'y': "06", '%': "%"}
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		if i == len(f) || parts[f[i]] == "" {
			return "", fmt.Errorf("%%{%s}t: of strftime only %%Y %%m %%d %%H %%M %%S %%z %%b %%T %%F %%e %%y are known", clip(f))
		}
		b.WriteString(parts[f[i]])
	}
	return b.String(), nil
}
