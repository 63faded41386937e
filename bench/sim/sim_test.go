package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/detect"
)

func catalogue(t *testing.T) *detect.Set {
	t.Helper()
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// few are campaigns that are found quickly, for tests.
var few = []string{"stolen key", "dormant key", "BOLA enumeration", "admin-route escalation", "self-grant", "cross-tenant access", "stuffing, one source"}

// TestWorld makes a small world twice: it is the same, event by event, and in
// the order of time.
func TestWorld(t *testing.T) {
	look := func() []string {
		var all []string
		w := newWorld(1, 5000)
		w.attack(true, few...)
		w.each(func(items []item) {
			for i, it := range items {
				if i > 0 && detect.Time(it.e).Before(detect.Time(items[i-1].e)) {
					t.Fatalf("an event of %v comes after one of %v", detect.Time(it.e), detect.Time(items[i-1].e))
				}
				all = append(all, it.e.ID.String()+" "+it.alike+" "+it.e.Operation.Route+" "+it.e.Who.Address+" "+detect.Time(it.e).String())
			}
		})
		return all
	}
	if a, b := look(), look(); !slices.Equal(a, b) {
		t.Errorf("the same seed makes another world, of %d events and of %d", len(a), len(b))
	}
}

// TestJudge runs the rules over a small world, and again with duplicates,
// disorder and crashes: the findings are the same, most of the loud campaigns
// are found, and none of their events tells itself by one field.
func TestJudge(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the rules over many events")
	}
	set := catalogue(t)
	evaluate := func(f feeder, l *leaks) *report {
		w := newWorld(2, 5000)
		w.attack(false, few...)
		return &report{runs: []*run{judge(w, set, f, l)}}
	}
	l := newLeaks()
	p := evaluate(&plain{}, l)
	f := &rough{}
	if again := evaluate(f, nil); again.runs[0].sum != p.runs[0].sum || f.crashes == 0 {
		t.Errorf("with duplicates, disorder and %d crashes the findings are others: %d, want %d", f.crashes, again.runs[0].findings, p.runs[0].findings)
	}
	if got := p.outcome("", "loud").recall(); got < 0.8 {
		t.Errorf("of the loud campaigns %.2f are found, want 0.80", got)
	}
	var b bytes.Buffer
	p.campaigns(&b)
	p.metrics(&b, &report{})
	p.alarms(&b, true)
	for _, want := range []string{"| stolen key | loud |", "| recall, evasive |", "| high |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report does not have %q:\n%s", want, b.String())
		}
	}
}

// TestLeaks shows that the leak test finds what it is for: a value that only
// attacks have, and none in what is drawn from the same.
func TestLeaks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		gives bool
	}{{"attackers use a program of their own", true}, {"attackers use the programs of others", false}} {
		l := newLeaks()
		for seed := range uint64(2) {
			w := newWorld(seed, 5000)
			c := &campaign{name: "test", strength: "loud", r: w.random("test")}
			a := &actor{site: w.sites[0], client: "web"}
			for i := range 400 {
				s := w.at(c.r, a, begin.Add(quietDays*day), "192.0.2.1")
				s.c, s.agent = c, one(c.r, browsers)
				if tt.gives {
					s.agent = "Stealer/1.0"
				}
				l.add(seed, item{e: s.base(opProducts), c: c})
				s.c, s.agent = nil, browsers[i%len(browsers)]
				e := s.base(opProducts)
				l.add(seed, item{e: e})
			}
		}
		leaked := false
		for _, k := range l.measure() {
			leaked = leaked || k.field == "who.user_agent" && k.all > maxAUC
		}
		if leaked != tt.gives {
			t.Errorf("%s: found %v, want %v", tt.name, leaked, tt.gives)
		}
	}
}
