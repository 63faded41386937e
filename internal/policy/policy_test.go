package policy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func subject(t testing.TB, text string) Subject {
	t.Helper()
	s, err := ParseSubject(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compile(t testing.TB, measures []Measure, protected ...string) *Set {
	t.Helper()
	var list []Subject
	for _, p := range protected {
		list = append(list, subject(t, p))
	}
	s, err := Compile(measures, list, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var alice = Call{
	Credential: "fp:a", Principal: "p_alice", App: "shop-web", Address: netip.MustParseAddr("203.0.113.7"),
	Route: "shop", Method: "GET", Template: "/customers/{id}", Issued: noon.Add(-time.Hour),
}

func TestSubject(t *testing.T) {
	for _, x := range []struct{ in, out string }{
		{"principal:p_alice", "principal:p_alice"},
		{"route:shop and principal:p_alice", "principal:p_alice and route:shop"},
		{"address:203.0.113.7", "address:203.0.113.7"},
		{"address:203.0.113.7/24", "address:203.0.113.0/24"},
		{"address:::ffff:203.0.113.7", "address:203.0.113.7"},
		{"address:2001:db8::/32", "address:2001:db8::/32"},
		{"operation:GET /customers/{id}", "operation:GET /customers/{id}"},
		{"app:https://app.example/x", "app:https://app.example/x"},
		{"key:7GQ2 and address:10.0.0.0/8 and route:shop", "key:7GQ2 and address:10.0.0.0/8 and route:shop"},
	} {
		s, err := ParseSubject(x.in)
		if err != nil || s.String() != x.out {
			t.Errorf("%q: got %q, %v, want %q", x.in, s, err, x.out)
		}
	}
	for _, bad := range []string{"", "alice", "principal:", "user:alice", "address:10.0.0", "address:::ffff:1.2.3.4/40", "route:a and route:b", "app:a\nb", "address:1.2.3.4 and address:1.2.3.5"} {
		if s, err := ParseSubject(bad); !errors.Is(err, ErrSubject) {
			t.Errorf("%q: got %q, %v, want an error", bad, s, err)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add("principal:p_alice and address:10.0.0.0/8")
	f.Add("operation:GET /a and route:b")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSubject(text)
		if err != nil {
			return
		}
		again, err := ParseSubject(s.String())
		if err != nil || again != s {
			t.Errorf("%q: got %q and then %q, %v", text, s, again, err)
		}
	})
}

func TestWithin(t *testing.T) {
	for _, x := range []struct {
		narrow, wide string
		want         bool
	}{
		{"principal:a", "principal:a", true},
		{"principal:a and route:r", "principal:a", true},
		{"principal:a", "principal:a and route:r", false},
		{"address:10.1.0.0/16", "address:10.0.0.0/8", true},
		{"address:10.0.0.0/8", "address:10.1.0.0/16", false},
		{"principal:a", "address:10.0.0.0/8", false},
		{"operation:GET /a", "operation:/a", true},
		{"operation:/a", "operation:GET /a", false},
	} {
		if got := subject(t, x.narrow).Within(subject(t, x.wide)); got != x.want {
			t.Errorf("%s within %s: got %v, want %v", x.narrow, x.wide, got, x.want)
		}
	}
	if (Subject{}).Within(Subject{}) {
		t.Error("the zero subject is within the zero subject")
	}
}

// TestJudge asks about the call of alice's under one measure after the other.
func TestJudge(t *testing.T) {
	for _, x := range []struct {
		subject string
		want    bool
	}{
		{"credential:fp:a", true}, {"credential:fp:b", false},
		{"principal:p_alice", true}, {"principal:p_bob", false},
		{"app:shop-web", true}, {"app:crm", false},
		{"key:shop-web", false},
		{"address:203.0.113.7", true}, {"address:203.0.113.0/24", true}, {"address:203.0.113.8", false}, {"address:::/0", false},
		{"route:shop", true}, {"route:admin", false},
		{"operation:/customers/{id}", true}, {"operation:GET /customers/{id}", true}, {"operation:POST /customers/{id}", false},
		{"principal:p_alice and route:shop", true}, {"principal:p_alice and route:admin", false},
		{"address:203.0.113.0/24 and app:shop-web", true}, {"address:203.0.113.0/24 and app:crm", false},
		{"route:shop and operation:GET /customers/{id}", true}, {"route:admin and operation:GET /customers/{id}", false},
	} {
		for _, dry := range []bool{false, true} {
			s := compile(t, []Measure{{ID: "m", Kind: Block, Subject: subject(t, x.subject), DryRun: dry, Until: noon.Add(time.Minute)}})
			v := s.Judge(&alice, noon)
			if got := v.Kind == Block; got != x.want || v.Refused() != (x.want && !dry) {
				t.Errorf("%s: got %+v", x.subject, v)
			}
			if v := s.Judge(&alice, noon.Add(time.Minute)); v.Kind != "" {
				t.Errorf("%s: after its end: got %+v", x.subject, v)
			}
			if got := s.Ends(&alice, noon).Refused(); got != (x.want && !dry) {
				t.Errorf("%s: ends: got %v", x.subject, got)
			}
		}
	}
}

// TestNobody asks about a call of which nothing is known: no measure may mean
// it by what it lacks.
func TestNobody(t *testing.T) {
	var list []Measure
	for i, text := range []string{"credential:x", "key:x", "principal:x", "app:x", "address:0.0.0.0/0", "address:::/0", "route:x", "operation:x"} {
		list = append(list, Measure{ID: strconv.Itoa(i), Kind: Block, Subject: subject(t, text)})
	}
	if v := compile(t, list).Judge(&Call{Method: "GET"}, noon); v.Kind != "" {
		t.Errorf("got %+v", v)
	}
	var none *Set
	if v := none.Judge(&alice, noon); v.Kind != "" || none.Len() != 0 || none.Measures() != nil {
		t.Errorf("the nil set: got %+v", v)
	}
}

func TestStrictestWins(t *testing.T) {
	m := func(id string, k Kind, dry bool) Measure {
		return Measure{ID: id, Kind: k, Subject: Subject{Principal: "p_alice"}, DryRun: dry, Since: noon, Rate: 1, Burst: 1}
	}
	for _, x := range []struct {
		measures []Measure
		want     Verdict
	}{
		{[]Measure{m("t", Throttle, false), m("r", Reauthenticate, false), m("b", Block, false)}, Verdict{Kind: Block, Measure: "b"}},
		{[]Measure{m("b", Block, true), m("r", Reauthenticate, false)}, Verdict{Kind: Reauthenticate, Measure: "r"}},
		{[]Measure{m("r", Reauthenticate, true), m("b", Block, true)}, Verdict{Kind: Block, Measure: "b", DryRun: true}},
		{[]Measure{m("t", Throttle, false), m("b", Block, true)}, Verdict{Kind: Block, Measure: "b", DryRun: true}},
	} {
		v := compile(t, x.measures).Judge(&alice, noon)
		v.Since = time.Time{}
		if v != x.want {
			t.Errorf("got %+v, want %+v", v, x.want)
		}
	}
}

func TestReauthenticate(t *testing.T) {
	s := compile(t, []Measure{{ID: "m", Kind: Reauthenticate, Subject: Subject{Principal: "p_alice"}, Since: noon}})
	for _, x := range []struct {
		issued, proven time.Time
		want           bool // refused
	}{
		{time.Time{}, time.Time{}, true},
		{noon, time.Time{}, true},
		{noon.Add(time.Second), time.Time{}, false},
		{noon.Add(time.Second), noon.Add(-time.Hour), true}, // refreshed, not proven anew
		{noon.Add(time.Second), noon.Add(time.Second), false},
	} {
		c := alice
		c.Issued, c.Proven = x.issued, x.proven
		if v := s.Judge(&c, noon.Add(time.Minute)); v.Refused() != x.want {
			t.Errorf("issued %v, proven %v: got %+v", x.issued, x.proven, v)
		}
	}
}

// TestThrottle follows a bucket over time, and over the change of sets.
func TestThrottle(t *testing.T) {
	m := Measure{ID: "m", Kind: Throttle, Subject: Subject{Principal: "p_alice"}, Rate: 2, Burst: 3}
	s := compile(t, []Measure{m})
	at := noon
	f := func(after time.Duration, want time.Duration) {
		t.Helper()
		at = at.Add(after)
		if v := s.Judge(&alice, at); v.Wait != want || v.Refused() != (want > 0) {
			t.Errorf("at %v: got %+v, want to wait %v", at.Sub(noon), v, want)
		}
	}
	f(0, 0)
	f(0, 0)
	f(0, 0)
	f(0, 500*time.Millisecond)
	f(200*time.Millisecond, 300*time.Millisecond)
	f(300*time.Millisecond, 0)
	f(0, 500*time.Millisecond)
	next, err := Compile([]Measure{{ID: "other", Kind: Block, Subject: Subject{App: "crm"}}, m}, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	s = next
	f(0, 500*time.Millisecond)
	f(time.Hour, 0)
	f(0, 0)
	f(0, 0)
	f(0, 500*time.Millisecond)
}

func TestProtected(t *testing.T) {
	s := compile(t, []Measure{{ID: "m", Kind: Block, Subject: subject(t, "route:shop")}}, "principal:p_alice")
	if v := s.Judge(&alice, noon); v.Refused() || v.Kind != Block || !v.DryRun {
		t.Errorf("protected: got %+v", v)
	}
	if v := s.Ends(&alice, noon); v.Refused() {
		t.Errorf("protected: ends: got %+v", v)
	}
	bob := alice
	bob.Principal = "p_bob"
	if v := s.Judge(&bob, noon); !v.Refused() {
		t.Errorf("bob: got %+v", v)
	}
}

func TestCompileRefuses(t *testing.T) {
	ok := Measure{ID: "m", Kind: Throttle, Subject: Subject{App: "a"}, Rate: 1, Burst: 1}
	for _, change := range []func(*Measure){
		func(m *Measure) { m.ID = "" }, func(m *Measure) { m.Kind = "stop" }, func(m *Measure) { m.Subject = Subject{} },
		func(m *Measure) { m.Rate = 0 }, func(m *Measure) { m.Rate = MaxRate * 2 }, func(m *Measure) { m.Burst = 0 },
	} {
		m := ok
		change(&m)
		if _, err := Compile([]Measure{m}, nil, nil); err == nil {
			t.Errorf("%+v was taken", m)
		}
	}
}

// TestAgainstScan compares the look-ups with a scan over all measures.
func TestAgainstScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(kind string, n int) string {
		if r.IntN(3) > 0 {
			return ""
		}
		return kind + strconv.Itoa(r.IntN(n))
	}
	address := func() netip.Addr {
		if r.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(3)), byte(r.IntN(4))})
		}
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d:%d", r.IntN(3), r.IntN(4)))
	}
	for range 200 {
		var list []Measure
		for i := range 20 {
			s := Subject{Credential: pick("c", 4), Key: pick("k", 4), Principal: pick("p", 4), App: pick("a", 4), Route: pick("r", 3)}
			if r.IntN(3) == 0 {
				a := address()
				s.Address = netip.PrefixFrom(a, r.IntN(a.BitLen()+1)).Masked()
			}
			if s.IsZero() {
				s.Route = "r0"
			}
			list = append(list, Measure{ID: strconv.Itoa(i), Kind: Block, Subject: s})
		}
		set := compile(t, list)
		for range 50 {
			c := Call{Credential: pick("c", 4), Key: pick("k", 4), Principal: pick("p", 4), App: pick("a", 4), Route: pick("r", 3), Address: address()}
			want := false
			for i := range list {
				want = want || list[i].Subject.means(&c)
			}
			if got := set.Judge(&c, noon).Refused(); got != want {
				t.Fatalf("%+v under %+v: got %v, want %v", c, list, got, want)
			}
		}
	}
}

// many returns n measures of which none means alice.
func many(n int) []Measure {
	var list []Measure
	for i := range n {
		m := Measure{ID: "m" + strconv.Itoa(i), Kind: Block, Rate: 1, Burst: 1}
		switch i % 5 {
		case 0:
			m.Subject.Credential = "fp:" + strconv.Itoa(i)
		case 1:
			m.Subject.Principal = "p_" + strconv.Itoa(i)
		case 2:
			m.Subject.App = "app-" + strconv.Itoa(i)
		case 3:
			m.Subject.Address = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24-i%8).Masked()
		case 4:
			m.Subject.Route, m.Subject.Principal = "shop", "p_"+strconv.Itoa(i)
		}
		list = append(list, m)
	}
	return list
}

func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{0, 1, 100, 10_000} {
		s := compile(b, many(n))
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s.Judge(&alice, noon).Refused() {
					b.Fatal("refused")
				}
			}
		})
	}
}

func BenchmarkCompile10000(b *testing.B) {
	list := many(10_000)
	for b.Loop() {
		if _, err := Compile(list, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
