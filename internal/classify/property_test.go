package classify

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// seeds are bodies of every format, by media type.
var seeds = []struct{ media, text string }{
	{"application/json", `{"id":"c1","name":"Carla Ilic","email":"carla@example.com","emails":["a@b.de","c\u0040d.de"],"phone":"+44 7700 900079","geo":[2.35,48.85],"x":{"y":[1,2,{"z":"DE89 3704 0044 0532 0130 00"}]}}`},
	{"application/json", `[{"id":1,"iban":"DE89370400440532013000"},{"id":2,"ssn":"219-09-9999"}] {"broken": tru`},
	{"application/json", "{\"a\":\"\\ud83d\\ude00 x@y.de \\\"\"}\nnot json mail me@there.example\n{\"email\":\"b@c.de\"}"},
	{"application/json", `{"t":"` + strings.Repeat("long words and bob@example.com ", 400) + `"}`},
	{"text/event-stream", "event: x\ndata: {\"email\":\"a@b.de\"}\n\ndata: [DONE]\n\ndata: mail c@d.de\n"},
	{"text/csv", "id;name;email\n1;\"Ann \"\"B\"\" Lee\";a@b.de\n2;Bob;c@d.de\n"},
	{"application/x-www-form-urlencoded", "email=a%40b.de&card_number=4556+7375+8689+9855&first+name=Ann"},
	{"application/xml", `<?xml version="1.0"?><r><!-- x@y.de --><c id="1"><email>a@b.de</email><n><![CDATA[b@c.de]]></n></c><c phone="+4915112345678"/></r>`},
	{"text/plain", "Call +49 151 12345678 or (555) 123-4567.\nIP 203.0.113.9, MAC 00:1b:44:11:3a:b7, 2001:db8::7\n" + strings.Repeat("y", 9000) + " z@w.de"},
	{"", "\xff\x00binary"},
}

// TestPieces shows that the same bytes give the same counts however they are
// cut.
func TestPieces(t *testing.T) {
	c := testClassifier(t, Config{})
	for _, seed := range seeds {
		whole := scanAll(c, Body{Type: seed.media}, seed.text)
		for size := 1; size < 70; size += 1 + size/8 {
			s := c.Scan(Body{Type: seed.media})
			for b := []byte(seed.text); len(b) > 0; {
				n := min(size, len(b))
				s.Write(bytes.Clone(b[:n]))
				b = b[n:]
			}
			if got := s.End(); !reflect.DeepEqual(got, whole) {
				t.Errorf("%s in pieces of %d: got %v, want %v\n%.100s", seed.media, size, got, whole, seed.text)
			}
		}
		if seed.media != "" && len(whole.Data) == 0 {
			t.Errorf("%s: nothing found in %.60s", seed.media, seed.text)
		}
	}
}

// FuzzScan: any bytes, cut anywhere, give the same result as the whole; there
// is no panic, and what is held is bounded.
func FuzzScan(f *testing.F) {
	for i, seed := range seeds {
		f.Add(seed.media, []byte(seed.text), uint16(i), uint16(i*7))
	}
	f.Add("application/json", []byte(strings.Repeat(`{"a":[`, 600)), uint16(5), uint16(9))
	f.Fuzz(func(t *testing.T, media string, text []byte, a, b uint16) {
		c := testClassifier(t, Config{})
		whole := scanAll(c, Body{Type: media}, string(text))
		s := c.Scan(Body{Type: media})
		i, j := int(a)%(len(text)+1), int(b)%(len(text)+1)
		i, j = min(i, j), max(i, j)
		for _, p := range [][]byte{text[:i], text[i:j], text[j:]} {
			s.Write(bytes.Clone(p))
		}
		if n := cap(s.buf); n > 4*maxValue {
			t.Errorf("%d bytes are held", n)
		}
		if got := s.End(); !reflect.DeepEqual(got, whole) {
			t.Errorf("%q cut at %d and %d: got %v, want %v", media, i, j, got, whole)
		}
		// What is learned changes what is looked at, but nothing else.
		for range 3 {
			scanAll(c, Body{Type: media, Route: "r"}, string(text))
		}
		if n := len(c.Snapshot()); n > 64+16*DefaultMaxFields {
			t.Errorf("snapshot of one route has %d bytes", n)
		}
	})
}

// list is 2 KB of JSON, as an API gives it out.
func list(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"firstName":"Carla","lastName":"Ilic","email":"carla.ilic%d@example.com","phone":"+44 7700 9%05d","status":"active","createdAt":"2026-11-23T10:00:00Z","address":{"street":"Elm Street %d","city":"Madrid","postalCode":"28494"},"tags":["a","beta"],"total":129.95}`, 4000+i, i, i, 10+i)
	}
	b.WriteString(`],"total":`)
	fmt.Fprint(&b, n)
	b.WriteString(`}`)
	return b.Bytes()
}

// cpu reports the processor time of an operation, which other programs on the
// machine do not change.
func cpu(b *testing.B) func() {
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	return func() {
		syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		b.ReportMetric(float64(after.Utime.Nano()-before.Utime.Nano()+after.Stime.Nano()-before.Stime.Nano())/float64(b.N), "cpu-ns/op")
	}
}

func BenchmarkLearned(b *testing.B) {
	c := testClassifier(b, Config{})
	body := list(7)
	for range 20 {
		scanAll(c, Body{Type: "application/json", Route: "r"}, string(body))
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		s := c.Scan(Body{Type: "application/json", Route: "r"})
		s.Write(body)
		s.End()
	}
}

func BenchmarkUnlearned(b *testing.B) {
	c := testClassifier(b, Config{})
	body := list(7)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		s := c.Scan(Body{Type: "application/json"})
		s.Write(body)
		s.End()
	}
}

func BenchmarkText(b *testing.B) {
	c := testClassifier(b, Config{})
	body := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog, order 4711 of 2026-11-23, and so on. ", 25))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		s := c.Scan(Body{Type: "text/plain"})
		s.Write(body)
		s.End()
	}
}

// hostile are texts that make work.
var hostile = map[string]string{
	"digits":    "1 ",
	"numbers":   "123456 ",
	"dots":      "1.2.3.4.",
	"at signs":  "a@",
	"addresses": "a@b.",
	"words":     "A1 ",
	"iban":      "DE89",
	"hex":       "ab:",
	"colons":    "::a:",
	"streets":   "Via A 1 ",
	"cjk":       "電話1",
	"mixed":     "Ab 12 34 56 ",
	"escapes":   `\u0031`,
	"quotes":    `","a":"1`,
	"nesting":   `{"a":[`,
}

func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile {
		body := []byte(`{"t":"` + strings.Repeat(text, 64<<10/len(text)))
		b.Run(name, func(b *testing.B) {
			c := testClassifier(b, Config{})
			b.SetBytes(int64(len(body)))
			defer cpu(b)()
			for b.Loop() {
				s := c.Scan(Body{Type: "application/json"})
				s.Write(body)
				s.End()
			}
		})
	}
}
