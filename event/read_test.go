package event_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

// TestFastReaders shows that the fast readers know every member: an event in
// which each field is set is read whole, and as the decoder by reflection reads
// it. A member that was forgotten would only make them slow, and so unnoticed.
func TestFastReaders(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		e := full(r)
		s, err := e.Seal(salts(r))
		if err != nil {
			t.Fatal(err)
		}
		fast, ok := event.ReadHeader(s.Header)
		slow, err := event.SlowHeader(s.Header)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || !reflect.DeepEqual(fast, slow) {
			t.Fatalf("read %v:\n%s\n got %+v\nwant %+v", ok, s.Header, fast, slow)
		}
		who, what, payload, ok := event.ReadEnvelopes(s)
		if !ok || !reflect.DeepEqual(who, e.Who) || !reflect.DeepEqual(what, e.What) || !reflect.DeepEqual(payload, e.Payload) {
			t.Fatalf("read %v:\n%+v\n%+v\n%+v\nwant\n%+v\n%+v\n%+v", ok, who, what, payload, e.Who, e.What, e.Payload)
		}
	}
}

func TestAppendTime(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 1000 {
		at := time.Unix(r.Int64N(1<<38)-1<<36, r.Int64N(1e9)).In(time.FixedZone("", r.IntN(80000)-40000))
		if got, want := string(event.AppendTime(nil, at)), at.UTC().Format(event.TimeLayout); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// FuzzReaders shows that the two decoders accept the same headers, and read the
// same in them.
func FuzzReaders(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		s, err := full(r).Seal(salts(r))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Header)
	}
	s, err := minimal().Seal(salts(r))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Header)
	f.Add(bytes.Replace(s.Header, []byte(`"kind":"`), []byte(`"kind":"\u0001\"\\é`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := event.DecodeHeader(b)
		if err != nil {
			return
		}
		slow, slowErr := event.SlowHeader(b)
		fast, ok := event.ReadHeader(b)
		if slowErr != nil || !ok || !reflect.DeepEqual(slow, h) || !reflect.DeepEqual(fast, h) {
			t.Errorf("%s: the decoders differ: %v, %v\n%+v\n%+v", b, ok, slowErr, fast, slow)
		}
	})
}

func BenchmarkDecodeHeader(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	s, err := full(r).Seal(salts(r))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("fast", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := event.DecodeHeader(s.Header); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reflection", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(s.Header, new(event.Header)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
