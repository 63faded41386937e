package vault

import "testing"

// FuzzKeyFile holds what is parsed against what would be written.
func FuzzKeyFile(f *testing.F) {
	k := keyFile{id: [16]byte{1}, file: "journal/1.journal", kek: "file:00", wrapped: []byte("wrapped")}
	f.Add([]byte(k.text()))
	f.Add(make([]byte, 30))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseKeyFile(b)
		if err == nil && k.text() != string(b) {
			t.Errorf("parsed as %+v, which is written as\n%s", k, k.text())
		}
	})
}
