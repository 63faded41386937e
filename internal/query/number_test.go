package query

import (
	"net/netip"
	"testing"
)

// TestIPv4 compares our reading of an address with that of package netip.
func TestIPv4(t *testing.T) {
	for _, s := range []string{
		"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1..2.3", "1.2.3.", ".1.2.3", "+1.2.3.4", "1.2.3.4%a", "a.b.c.d",
		"::ffff:1.2.3.4", "1_0.2.3.4", "10.0.0.10", "192.168.001.1", "",
	} {
		addr, err := netip.ParseAddr(s)
		want := err == nil && addr.Is4()
		n, ok := ipv4(s)
		if ok != want {
			t.Errorf("%q: got %v, want %v", s, ok, want)
			continue
		}
		if b := [4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}; ok && addr.As4() != b {
			t.Errorf("%q: got %v", s, b)
		}
	}
}
