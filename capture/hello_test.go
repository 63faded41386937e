package capture

import (
	"crypto/tls"
	"testing"
)

// TestJA4 compares fingerprints with those that others publish.
func TestJA4(t *testing.T) {
	chrome := &tls.ClientHelloInfo{
		CipherSuites:      []uint16{0xfafa, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		Extensions:        []uint16{0x1a1a, 0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0023, 0x0010, 0x0005, 0x000d, 0x0012, 0x0033, 0x002d, 0x002b, 0x001b, 0x4469, 0x0015},
		SignatureSchemes:  []tls.SignatureScheme{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
		SupportedVersions: []uint16{0xdada, 0x0304, 0x0303},
		SupportedProtos:   []string{"h2", "http/1.1"},
	}
	plain := &tls.ClientHelloInfo{
		CipherSuites:      []uint16{0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x00ff},
		Extensions:        []uint16{0, 5, 10, 11, 13, 16, 0x17, 0x23, 0x2b, 0x2d, 0x33},
		SignatureSchemes:  []tls.SignatureScheme{0x0503, 0x0403, 0x0807, 0x0806, 0x0805, 0x0804, 0x0601, 0x0501, 0x0401},
		SupportedVersions: []uint16{0x0304, 0x0303},
		SupportedProtos:   []string{"h2"},
	}
	for _, f := range []struct {
		name string
		h    *tls.ClientHelloInfo
		want string
	}{
		{"Chrome, as in the description of JA4", chrome, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"rustls", plain, "t13d1011h2_61a7ad8aa9b6_3fcd1a44f3e3"},
		{"nothing", &tls.ClientHelloInfo{}, "t00i000000_000000000000_000000000000"},
		{"a protocol that is no word", &tls.ClientHelloInfo{SupportedVersions: []uint16{0x0303}, SupportedProtos: []string{"\xab\xcd"}}, "t12i0000ad_000000000000_000000000000"},
	} {
		if got := JA4(f.h); got != f.want {
			t.Errorf("%s: got %s, want %s", f.name, got, f.want)
		}
	}
}
