package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// setScalar parses text into v, whose type isScalar accepts, and checks it
// against the tags of f. The error says what is wrong and what to do, as the
// end of a sentence that begins with the value; it never repeats the text.
func setScalar(v reflect.Value, f field, text string) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("has control characters or is not UTF-8, write plain text")
	}
	switch v.Interface().(type) {
	case Secret:
		if text == Redacted {
			return errors.New("is the placeholder that stands for a secret in printed configurations, write the secret or ${NAME}")
		}
		v.Set(reflect.ValueOf(NewSecret(text)))
		return nil
	case *url.URL:
		return setURL(v, f, text)
	case netip.Prefix:
		return setPrefix(v, text)
	case Size, time.Duration:
		return setQuantity(v, f, text)
	}
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errors.New("is neither true nor false")
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		return setQuantity(v, f, text)
	default:
		if f.oneof != nil && !slices.Contains(f.oneof, text) {
			return fmt.Errorf("is not one of %s, write one of these", strings.Join(f.oneof, ", "))
		}
		v.SetString(text)
	}
	return nil
}

// parseQuantity parses text as a t. Negative numbers are refused for all.
func parseQuantity(t reflect.Type, text string) (int64, error) {
	switch t {
	case reflect.TypeFor[Size]():
		n, err := ParseSize(text)
		if err != nil {
			return 0, fmt.Errorf("%w, write a whole number with a unit such as 64KiB", err)
		}
		return int64(n), nil
	case reflect.TypeFor[time.Duration]():
		d, err := parseDuration(text)
		if err != nil || d < 0 {
			return 0, errors.New("is not a duration, write a number with a unit such as 10s, 5m, 1h30m or 30d")
		}
		return int64(d), nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, errors.New("is not a whole number, write digits only")
	}
	return n, nil
}

func setQuantity(v reflect.Value, f field, text string) error {
	n, err := parseQuantity(v.Type(), text)
	if err != nil {
		return err
	}
	if f.min != "" {
		if low, err := parseQuantity(v.Type(), f.min); err != nil || n < low {
			return fmt.Errorf("is too small, write at least %s", f.min)
		}
	}
	if f.max != "" {
		if high, err := parseQuantity(v.Type(), f.max); err != nil || n > high {
			return fmt.Errorf("is too large, write at most %s", f.max)
		}
	}
	v.SetInt(n)
	return nil
}

func setURL(v reflect.Value, f field, text string) error {
	if text == "" {
		v.SetZero()
		return nil
	}
	u, err := url.Parse(text)
	example := f.schemes[0] + "://host:port"
	if err != nil {
		return fmt.Errorf("is not a URL, write %s", example)
	}
	if u.User != nil {
		return errors.New("has a user or password in it, remove them: a URL is not a place for secrets")
	}
	if !slices.Contains(f.schemes, u.Scheme) {
		return fmt.Errorf("does not begin with %s://, write %s", strings.Join(f.schemes, ":// or "), example)
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return errors.New("has a port that is not between 1 and 65535, correct it")
	}
	if u.Hostname() == "" {
		return fmt.Errorf("names no host, write %s", example)
	}
	if u.Fragment != "" {
		return errors.New("has a fragment, remove the # and what follows")
	}
	v.Set(reflect.ValueOf(u))
	return nil
}

func setPrefix(v reflect.Value, text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, aerr := netip.ParseAddr(text)
		if aerr != nil || a.Zone() != "" {
			return errors.New("is not a network, write it as 10.0.0.0/8 or 2001:db8::/32")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p != p.Masked() {
		return fmt.Errorf("has bits set beyond its mask, write %s", p.Masked())
	}
	v.Set(reflect.ValueOf(p))
	return nil
}

// formatScalar prints v so that setScalar gives the same value, secrets apart.
func formatScalar(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case *url.URL:
		if x == nil {
			return ""
		}
		return x.String()
	case time.Duration:
		if days := x / (24 * time.Hour); x%(24*time.Hour) == 0 && days > 1 {
			return strconv.Itoa(int(days)) + "d"
		}
		return shortDuration(x.String())
	case fmt.Stringer:
		return x.String()
	}
	return fmt.Sprint(v.Interface())
}

// shortDuration leaves out the zeros at the end of 2m0s and 1h0m0s.
func shortDuration(s string) string {
	if m, ok := strings.CutSuffix(s, "m0s"); ok {
		s = m + "m"
	}
	if h, ok := strings.CutSuffix(s, "h0m"); ok {
		s = h + "h"
	}
	return s
}

// parseDuration is [time.ParseDuration] that also takes a whole number of days.
func parseDuration(text string) (time.Duration, error) {
	digits, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	days, err := strconv.ParseUint(digits, 10, 16)
	return time.Duration(days) * 24 * time.Hour, err
}
