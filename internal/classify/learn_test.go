package classify

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
)

const jsonType = "application/json"

// TestLearned shows that what is learned changes no count.
func TestLearned(t *testing.T) {
	fresh, c := testClassifier(t, Config{}), testClassifier(t, Config{})
	for i := range 200 {
		body := string(list(1 + i%9))
		want := scanAll(fresh, Body{Type: jsonType}, body)
		if got := scanAll(c, Body{Type: jsonType, Route: "GET /customers"}, body); !reflect.DeepEqual(got, want) {
			t.Fatalf("body %d: got %s, want %s", i, show(got), show(want))
		}
	}
	learned, all := c.learnedFields()
	if all < 10 || learned < 10 {
		t.Errorf("%d of %d fields are learned, want 10 and more", learned, all)
	}
}

func (c *Classifier) learnedFields() (learned, all int) {
	for _, r := range c.routes {
		for i := range r.table.Load().slots {
			if s := &r.table.Load().slots[i]; s.key.Load() != 0 {
				all++
				if s.load().learned() {
					learned++
				}
			}
		}
	}
	return learned, all
}

// TestDrift tells what happens when a field changes its meaning.
func TestDrift(t *testing.T) {
	c := testClassifier(t, Config{})
	count := func(format string, n int) (emails, cards int) {
		for i := range n {
			for _, d := range scanAll(c, Body{Type: jsonType, Route: "r"}, fmt.Sprintf(format, i)).Data {
				switch d.Class {
				case "email":
					emails += int(d.Count)
				case "card":
					cards += int(d.Count)
				}
			}
		}
		return emails, cards
	}
	// Steady: counted by its path.
	if emails, _ := count(`{"contact":"someone%d@example.com"}`, 300); emails != 300 {
		t.Errorf("%d of 300 addresses are counted", emails)
	}
	// An address that is none any more is not counted, at once.
	if emails, _ := count(`{"contact":"nobody %d"}`, 50); emails != 0 {
		t.Errorf("%d addresses are counted where there are none", emails)
	}
	// A field that never held anything is looked at now and then: what comes
	// is found within one sample, and from then on each.
	count(`{"code":"abc-%d"}`, 200)
	if emails, _ := count(`{"code":"x%d@example.com"}`, 10); emails == 0 {
		t.Error("an address under a field that held nothing is not found")
	}
	count(`{"value":"none%d"}`, 300)
	if _, cards := count(`{"value":"4556 7375 8689 9855","n":%d}`, 200); cards < 200-sampleNothing {
		t.Errorf("%d of 200 cards are found after a change", cards)
	}
	// A field of several kinds is never learned.
	for range 100 {
		count(`{"any":"a%d@example.com"}`, 1)
		if _, cards := count(`{"any":"4556737586899855","n":%d}`, 1); cards != 1 {
			t.Fatal("a card in a mixed field is not found")
		}
	}
}

// TestSnapshot: what is learned can be written down and read back, and holds
// no value.
func TestSnapshot(t *testing.T) {
	const marker = "zyxwvut"
	config := Config{Seed: 42}
	c := testClassifier(t, config)
	for i := range 100 {
		scanAll(c, Body{Type: jsonType, Route: "GET /customers/" + marker}, fmt.Sprintf(`{"email":"%s%d@example.com","%s@key.example":"%s","note":"call %s at +49 151 1234%04d","list":[{"id":"%s%d"}]}`, marker, i, marker, marker, marker, i, marker, i))
	}
	b := c.Snapshot()
	if bytes.Contains(b, []byte(marker)) {
		t.Error("the snapshot holds a value")
	}
	for range 10 { // what scans held while they read
		s := c.scans.Get().(*Scan)
		if bytes.Contains(s.buf[:cap(s.buf)], []byte(marker)) {
			t.Error("a scan that has ended holds a value")
		}
	}
	again := testClassifier(t, config)
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Snapshot(), b) {
		t.Error("a snapshot of what was restored is another one")
	}
	if got, _ := again.learnedFields(); got == 0 {
		t.Error("nothing is known after a restart")
	}
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 1
		if err := again.Restore(damaged); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("byte %d changed: got %v, want ErrSnapshot", i, err)
		}
	}
	if !bytes.Equal(again.Snapshot(), b) {
		t.Error("a damaged snapshot changed something")
	}
}

// FuzzRestore: what is accepted is written back as it was.
func FuzzRestore(f *testing.F) {
	c, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Snapshot())
	scanAll(c, Body{Type: jsonType, Route: "r"}, string(list(3)))
	f.Add(c.Snapshot())
	f.Fuzz(func(t *testing.T, b []byte) {
		c := testClassifier(t, Config{})
		if c.Restore(b) == nil && !bytes.Equal(c.Snapshot(), b) {
			t.Error("accepted, and written in another way")
		}
	})
}

// TestBounds: routes and fields have limits, and the routes in use stay.
func TestBounds(t *testing.T) {
	c := testClassifier(t, Config{MaxRoutes: 8, MaxFields: 20})
	for i := range 200 {
		scanAll(c, Body{Type: jsonType, Route: "steady"}, `{"email":"a@example.com"}`)
		var b bytes.Buffer
		b.WriteByte('{')
		for n := range 50 {
			fmt.Fprintf(&b, `"k%c%c":"v",`, 'a'+n%26, 'a'+n/26)
		}
		b.WriteString(`"z":1}`)
		scanAll(c, Body{Type: jsonType, Route: fmt.Sprint("r", i)}, b.String())
	}
	if n := len(c.routes); n != 8 {
		t.Errorf("%d routes, want 8", n)
	}
	for _, r := range c.routes {
		if r.n > 20 {
			t.Errorf("%d fields, want at most 20", r.n)
		}
	}
	if r := c.routes[hashBytes(c.seed^hashM1, []byte("steady"))]; r == nil {
		t.Error("the route in use was dropped")
	}
}

// TestConfig: names of one's own, and classes that are left out.
func TestConfig(t *testing.T) {
	c := testClassifier(t, Config{Names: map[Class][]string{Finance: {"Umsatz-Wert"}}, Omit: []Class{Email}})
	if got, want := show(scanAll(c, Body{Type: jsonType}, `{"umsatzWert":12.5,"email":"a@b.example"}`)), "finance=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []Config{{Omit: []Class{None}}, {Omit: []Class{classCount}}, {Names: map[Class][]string{None: {"a"}}}, {Names: map[Class][]string{Email: {"--"}}}} {
		if _, err := New(bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestLimits: a body that is too long, cut off or too deep says so.
func TestLimits(t *testing.T) {
	c := testClassifier(t, Config{MaxBytes: 100})
	if r := scanAll(c, Body{Type: jsonType}, string(list(9))); !r.Partial || r.Bytes < 1000 {
		t.Errorf("too long: got %+v", r)
	}
	if r := scanAll(c, Body{Type: jsonType}, `{"a":[1`); !r.Partial {
		t.Errorf("cut off: got %+v", r)
	}
	if r := scanAll(c, Body{Type: "image/png"}, "a@b.example"); r.Partial || r.Data != nil {
		t.Errorf("not text: got %+v", r)
	}
	deep := testClassifier(t, Config{})
	body := bytes.Repeat([]byte(`{"a":`), 200)
	body = append(append(body, `"x@y.example"`...), bytes.Repeat([]byte("}"), 200)...)
	if got := show(scanAll(deep, Body{Type: jsonType}, string(body))); got != "email=1" {
		t.Errorf("deep: got %s", got)
	}
}

// TestHostile: a text that is made to cost is left, and says so.
func TestHostile(t *testing.T) {
	c := testClassifier(t, Config{})
	text := bytes.Repeat([]byte("1 "), 1<<20)
	if r := scanAll(c, Body{Type: "text/plain"}, string(text)); !r.Partial {
		t.Errorf("got %+v, want it to be partial", r)
	}
	// What is read by people is not.
	text = bytes.Repeat([]byte("Call +49 151 12345678 before 2026-11-23, order 4711. "), 1<<14)
	if r := scanAll(c, Body{Type: "text/plain"}, string(text)); r.Partial || show(r) != "phone=16384" {
		t.Errorf("got %s, partial %t", show(r), r.Partial)
	}
}

// TestConcurrent: calls of one route at once, and a snapshot among them.
func TestConcurrent(t *testing.T) {
	c := testClassifier(t, Config{})
	want := show(scanAll(c, Body{Type: jsonType}, string(list(5))))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if got := show(scanAll(c, Body{Type: jsonType, Route: "r"}, string(list(5)))); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				c.Snapshot()
			}
		})
	}
	wg.Wait()
}
