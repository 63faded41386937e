package ingest

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// TestUnpack: a file comes out the same, compressed or not; one that is damaged
// is an error.
func TestUnpack(t *testing.T) {
	text := strings.Repeat("a line\n", 1000)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, text)
	w.Close()
	for name, in := range map[string]string{"plain": text, "compressed": z.String()} {
		r, err := Unpack(strings.NewReader(in), 100)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%s: got %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := Unpack(strings.NewReader("\x1f\x8bxx"), 100); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: got %v", err)
	}
	r, err := Unpack(strings.NewReader(z.String()[:z.Len()-20]), 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil {
		t.Error("a file that was cut off is read without an error")
	}
	if _, err := io.ReadAll(&bounded{strings.NewReader(text), 10}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a file that holds too much: got %v", err)
	}
}

// TestSource: names of sources.
func TestSource(t *testing.T) {
	for name, good := range map[string]bool{"": true, "edge": true, "edge-1.prod_x": true, "-x": false, "a b": false, strings.Repeat("x", 65): false, "é": false} {
		if err := CheckSource(name); (err == nil) != good {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
