package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

// staff is a gateway that believes a proxy on loopback who calls, and seals
// often, so that what is erased is in sealed segments and in the journal.
const staff = `
gateway:
  listeners:
    - {name: default, address: LISTEN}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM, durability: recorded}
identity:
  trusted_headers:
    peers: [127.0.0.0/8]
ledger: {segment_size: 2MiB, seal_after: 5s}
`

// inClear is staff without encryption, so that what is left of an envelope can
// be seen.
const inClear = staff + "encryption: {mode: none}\n"

// parrot is an API that answers with what it was sent.
func parrot(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, `{"echo":%q}`, b)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// member is somebody who calls from an address of their own.
type member struct{ subject, email, address string }

// call makes the calls from up to to-1, several at a time, until done is
// closed.
func (m member) call(t *testing.T, url string, from, to, at int, done <-chan struct{}) {
	var next atomic.Int64
	next.Store(int64(from))
	var running sync.WaitGroup
	for range at {
		transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(m.address)}}).DialContext}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		running.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				select {
				case <-done:
					return
				default:
				}
				if i >= to {
					return
				}
				body := fmt.Sprintf(`{"note":"body of %s number %d"}`, m.subject, i)
				req, err := http.NewRequest("POST", fmt.Sprintf("%s/orders/%s-%d?ref=%s", url, m.subject, i, m.subject), strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("X-Forwarded-User", m.subject)
				req.Header.Set("X-Forwarded-Email", m.email)
				req.Header.Set("Content-Type", "application/json")
				res, err := client.Do(req)
				if err != nil {
					return // the gateway is gone
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	running.Wait()
}

// eraseItem is what gatebook erase --json prints.
type eraseItem struct {
	Plan, Result *struct {
		Events     uint64
		Envelopes  map[string]uint64
		Kinds      map[string]uint64
		HeldEvents uint64 `json:"held_events"`
		Identities []struct{ Principal string }
		Decisions  []uint64
		Index      string
	}
}

func (s *server) erase(args ...string) eraseItem {
	s.t.Helper()
	args = append([]string{"erase", "--data", s.data, "--reason", "request 2026-118", "--json"}, args...)
	out, err := exec.Command(gatebook, args...).Output()
	if err != nil {
		s.t.Fatalf("gatebook %v: %v\n%s", args, err, s.log.String())
	}
	var item eraseItem
	if err := json.Unmarshal(out, &item); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return item
}

// of counts the headers in the ledger that are of the principal.
func of(t *testing.T, data, principal string) (n int) {
	t.Helper()
	l := openLedger(t, data)
	err := l.Headers(0, l.Size(), func(_ uint64, header []byte) error {
		if bytes.Contains(header, []byte(`"principal":{"kind":"user","id":"`+principal+`"`)) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// absent fails the test if one of the texts is in a file of the data directory,
// as it is or compressed, or in the log.
func (s *server) absent(when string, texts ...string) {
	s.t.Helper()
	all := readingtest.Everything(s.t, s.data)
	for _, x := range texts {
		if i := strings.Index(all, strings.ToLower(x)); i >= 0 {
			s.t.Errorf("%s: %q is still there: …%q…", when, x, all[max(0, i-80):min(len(all), i+80)])
		}
		if strings.Contains(s.log.String(), x) {
			s.t.Errorf("%s: %q is in the log", when, x)
		}
	}
}

// TestErasePerson erases a person with ten thousand calls while another one
// calls: a legal hold stops it first; then nothing of the person's envelopes is
// left in any file, every header is, and the evidence holds.
func TestErasePerson(t *testing.T) {
	calls := 10_000
	if testing.Short() {
		calls = 1_500
	}
	alice := member{"u-71c4", "alice.moreau@shop.example", "127.0.71.4"}
	bob := member{"u-0b0b", "bob.stone@shop.example", "127.0.11.11"}
	s := serveConfig(t, t.TempDir(), parrot(t), inClear)
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { bob.call(t, s.url, 0, 1<<30, 1, stop) })
	alice.call(t, s.url, 0, calls, 8, nil)
	// People look for her, so that looks name her, too.
	for _, args := range [][]string{{"who", alice.email}, {"search", "who.email:=" + `"` + alice.email + `"`, "--limit", "3"}} {
		if r := command(t, gatebook, append(args, "--data", s.data)...); r.code != 0 {
			t.Fatalf("%v: %s", args, r.stderr)
		}
	}
	secrets := []string{alice.subject, "alice.moreau", alice.address, "body of u-71c4", "/orders/u-71c4"}

	plan := s.erase("--principal", alice.email, "--dry-run").Plan
	if plan == nil || plan.Kinds["access"] != uint64(calls) || plan.Kinds["look"] < 2 || len(plan.Identities) != 1 {
		t.Fatalf("the dry run says %+v, want %d calls and 2 looks", plan, calls)
	}
	principal := plan.Identities[0].Principal

	// A legal hold stops it, with a clear message.
	if r := command(t, gatebook, "hold", "add", "case 7", "--data", s.data, "--principal", alice.email, "--reason", "letter of 12 May"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	r := command(t, gatebook, "erase", "--data", s.data, "--principal", alice.email, "--yes", "--reason", "request 2026-118")
	if r.code != 2 || !strings.Contains(r.stderr, "nothing was erased") || !strings.Contains(r.stderr, `under legal hold "case 7"`) {
		t.Fatalf("under hold: exit code %d\n%s", r.code, r.stderr)
	}
	if r := command(t, gatebook, "hold", "release", "case 7", "--data", s.data, "--reason", "settled"); r.code != 0 {
		t.Fatal(r.stderr)
	}

	plan = s.erase("--principal", alice.email, "--dry-run").Plan
	began := time.Now()
	done := s.erase("--principal", alice.email, "--yes", "--request", "2026-118").Result
	t.Logf("erased %d events, %v, in %v", done.Events, done.Envelopes, time.Since(began).Round(time.Millisecond))
	if done.Events != plan.Events || fmt.Sprint(done.Envelopes) != fmt.Sprint(plan.Envelopes) || done.Index != "forgotten" || len(done.Decisions) == 0 {
		t.Errorf("done: %+v\nplanned: %+v", done, plan)
	}
	s.absent("while it runs", secrets...)
	s.filledAgain(principal, calls)
	s.absent("after the index was filled again", secrets...)

	// Her events prove, and say why they are empty.
	hits := s.search("principal.id:="+principal, "--limit", "1", "--oldest")
	if len(hits) != 1 || hits[0].Who.Subject != "" || hits[0].What.Path != "" || hits[0].Payload != nil {
		t.Fatalf("got %+v", hits)
	}
	shown := command(t, gatebook, "show", fmt.Sprint(hits[0].Number), "--data", s.data)
	if shown.code != 0 || !strings.Contains(shown.stdout, "who, what, payload by decision") || !strings.Contains(shown.stdout, "request 2026-118") || !strings.Contains(shown.stderr, "the proof holds") {
		t.Errorf("show: exit code %d\n%s%s", shown.code, shown.stdout, shown.stderr)
	}
	close(stop)
	others.Wait()
	s.stop()
	s.absent("after it stopped", secrets...)
	if n := of(t, s.data, principal); n != calls {
		t.Errorf("%d headers of hers are in the ledger, want %d", n, calls)
	}
	verified := command(t, verifier, s.data)
	if want := "envelopes erased by"; verified.code != 0 || !strings.Contains(verified.stdout, want) {
		t.Errorf("gatebook-verify: exit code %d, want 0 and %q\n%s", verified.code, want, verified.stdout)
	}
	if all := readingtest.Everything(t, s.data); !strings.Contains(all, bob.email) || !strings.Contains(all, "body of u-0b0b") {
		t.Error("bob is gone, too")
	}
}

// filledAgain waits until the index has every event of the principal again, by
// what is left of them.
func (s *server) filledAgain(principal string, want int) {
	s.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command(gatebook, "search", "principal.id:="+principal+" | stats count() n", "--data", s.data, "--json").Output()
		if err == nil && strings.Contains(string(out), fmt.Sprintf(`"n":"%d"`, want)) {
			return
		}
		if time.Now().After(limit) {
			s.t.Fatalf("the index was not filled again: %s\n%s", out, s.log.String())
		}
	}
}

// TestEraseKilled kills Gatebook in the midst of erasures, at other times each.
// What was decided is completed after the next start; what was not decided is
// untouched.
func TestEraseKilled(t *testing.T) {
	rounds, calls := 6, 1200
	if testing.Short() {
		rounds, calls = 2, 400
	}
	data, upstream := t.TempDir(), parrot(t)
	s := serveConfig(t, data, upstream, staff)
	people := make([]member, rounds)
	var calling sync.WaitGroup
	for i := range people {
		people[i] = member{fmt.Sprintf("victim%d", i), fmt.Sprintf("victim%d@shop.example", i), fmt.Sprintf("127.0.90.%d", i+1)}
		calling.Go(func() { people[i].call(t, s.url, 0, calls, 1, nil) })
	}
	calling.Wait()
	completed := 0
	for i, m := range people {
		args := []string{"erase", "--data", data, "--reason", "request", "--yes", "--principal", m.subject}
		before := decisions(t, data)
		erase := exec.Command(gatebook, args...)
		if err := erase.Start(); err != nil {
			t.Fatal(err)
		}
		// The kill comes some time after the decision was sealed, or before.
		for limit := time.Now().Add(patience); i > 0 && decisions(t, data) == before && time.Now().Before(limit); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(i) * 15 * time.Millisecond)
		s.kill()
		erase.Wait()
		intact(t, data)
		decided := decisions(t, data) > before
		s = serveConfig(t, data, upstream, staff)
		s.settled()
		plan := s.erase("--principal", m.subject, "--dry-run").Plan
		switch {
		case decided && plan.Kinds["access"] == 0:
			completed++
			s.absent(fmt.Sprintf("round %d", i), "body of "+m.subject)
		case !decided && plan.Kinds["access"] == uint64(calls):
		default:
			t.Errorf("round %d: it was decided: %v, and %d calls still have envelopes", i, decided, plan.Kinds["access"])
		}
	}
	if completed < rounds-1 {
		t.Errorf("%d of %d erasures were decided before the kill", completed, rounds)
	}
	s.stop()
	intact(t, data)
}

// decisions counts the sealed decisions to erase.
func decisions(t *testing.T, data string) (n int) {
	t.Helper()
	l, err := tryLedger(data)
	if err != nil {
		return 0 // a segment comes or goes just now
	}
	var isRemoval = func(n uint64, header []byte) bool {
		_, err := ledger.ParseRemoval(n, header)
		return err == nil
	}
	from := l.Size() - min(l.Size(), 4000)
	l.Headers(from, l.Size(), func(i uint64, header []byte) error {
		if isRemoval(i, header) {
			n++
		}
		return nil
	})
	return n
}

// settled waits until everything that was decided is carried out.
func (s *server) settled() {
	s.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, err := exec.Command(gatebook, "retention", "--data", s.data, "--json").Output()
		if err == nil && strings.Contains(string(out), `"pending":0,`) {
			return
		}
		if time.Now().After(limit) {
			s.t.Fatalf("what was decided is not carried out: %s\n%s", out, s.log.String())
		}
	}
}
