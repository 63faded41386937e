package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// sealedLine is a record as an export writes it.
func sealedLine(t testing.TB, n int, e *event.Event) []byte {
	t.Helper()
	var salts [event.Classes]event.Salt
	s, err := e.Seal(&salts)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"number":%d,"header":%s`, n, s.Header)
	for c := range event.Class(event.Classes) {
		if env := s.Envelopes[c]; env != nil {
			fmt.Fprintf(&b, `,%q:%s`, c.String(), env.Data)
		}
	}
	b.WriteString("}")
	return b.Bytes()
}

// TestSealedLine reads records as an export writes them, by the short way and
// by the long one: the same event, and what is not as an export writes it is
// not read by the short way.
func TestSealedLine(t *testing.T) {
	for i, e := range stream(3, 300) {
		line := sealedLine(t, i, e)
		short, n, ok := parseSealed(line)
		if !ok {
			t.Fatalf("not read by the short way: %s", line)
		}
		var any map[string]any
		if err := json.Unmarshal(line, &any); err != nil {
			t.Fatal(err)
		}
		long, m, err := parseRecord(line)
		if err != nil || n != m || n != int64(i) || !reflect.DeepEqual(short, long) {
			t.Fatalf("number %d and %d, %v:\n%+v\n%+v", n, m, err, short, long)
		}
		for _, change := range []struct{ old, new string }{
			{`{"number":`, `{"number": `}, {`"header":`, `"header": `}, {`}}`, `}} `}, {`"who":{`, `"whom":{`}, {`"number":`, `"number":-`},
		} {
			bad := bytes.Replace(line, []byte(change.old), []byte(change.new), 1)
			if _, _, ok := parseSealed(bad); ok && !bytes.Equal(bad, line) {
				t.Errorf("read by the short way: %s", bad)
			}
		}
		for _, end := range []string{`,"withheld":["payload"]}`, `,"erased":["payload"],"left_out":["what"]}`} {
			if _, _, ok := parseSealed(append(line[:len(line)-1:len(line)-1], end...)); !ok {
				t.Errorf("with %s it is not read by the short way", end)
			}
		}
	}
}

// BenchmarkParseLine reads a record of an export.
func BenchmarkParseLine(b *testing.B) {
	var lines [][]byte
	for i, e := range stream(3, 300) {
		lines = append(lines, sealedLine(b, i, e))
	}
	for i := 0; b.Loop(); i++ {
		if _, _, err := ParseLine(lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzSealedLine: what is read by the short way is read by the long way, as
// the same event.
func FuzzSealedLine(f *testing.F) {
	for i, e := range stream(3, 20) {
		f.Add(sealedLine(f, i, e))
	}
	f.Add([]byte(`{"number":1,"header":{"a":"}"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		short, n, ok := parseSealed(line)
		if !ok {
			return
		}
		long, m, err := parseRecord(line)
		if err != nil || n != m || !reflect.DeepEqual(short, long) {
			t.Errorf("number %d and %d, %v:\n%+v\n%+v", n, m, err, short, long)
		}
	})
}
