package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/gateway"
	"github.com/gatebook/gatebook/internal/policy"
)

// badges identifies callers by a header: name, method, and age of the
// credential.
type badges struct{}

func (badges) KeySources() (keys, query, headers []string) { return nil, nil, []string{"X-Badge"} }

func (badges) Identify(_ context.Context, ev *capture.Evidence) capture.Identity {
	badge := strings.Fields(strings.Join(ev.Headers["X-Badge"], ""))
	if len(badge) != 3 {
		return capture.Identity{Principal: event.Principal{Kind: event.Anonymous, Reason: "no-credential"}, Credential: event.Credential{Method: "none"}}
	}
	age, err := time.ParseDuration(badge[2])
	if err != nil {
		panic(err)
	}
	id := capture.Identity{
		Principal:  event.Principal{Kind: event.User, ID: "p_" + badge[0], Issuer: "https://issuer.example", Level: event.LevelVerified, Reason: "signature-verified"},
		Credential: event.Credential{Method: badge[1], Fingerprint: "fp:" + badge[0] + badge[2], Client: "shop-web"},
		Issued:     time.Now().Add(-age),
	}
	if badge[1] == "api-key" {
		id.Principal.Kind, id.Credential.KeyID = event.Service, "K"+badge[0]
	}
	return id
}

// guarded is a gateway under measures.
func guarded(t *testing.T, api http.HandlerFunc, d capture.Durability) (*story, func(measures ...policy.Measure)) {
	t.Helper()
	live := new(policy.Live)
	st := start(t, setup{
		api: api, recorder: capture.Config{Measures: live, Identifier: badges{}},
		route: gateway.Route{Path: "/", Capture: capture.Options{Durability: d}},
	})
	return st, func(measures ...policy.Measure) {
		t.Helper()
		for i := range measures {
			measures[i].ID, measures[i].Since = fmt.Sprint("m", i), time.Now()
		}
		set, err := policy.Compile(measures, nil, live.Load())
		if err != nil {
			t.Fatal(err)
		}
		live.Store(set)
	}
}

// TestMeasures calls as alice under one measure after the other. The API must
// not be asked when the call is refused.
func TestMeasures(t *testing.T) {
	asked := 0
	st, under := guarded(t, func(w http.ResponseWriter, r *http.Request) { asked++; io.WriteString(w, "hello") }, "")
	alice := policy.Subject{Principal: "p_alice"}
	call := func(badge string, body string, want int, decision, reason, measure string) *http.Response {
		t.Helper()
		before := asked
		res, text := st.do("POST", "/x", body, "X-Badge", badge)
		e := st.next()
		if res.StatusCode != want || (want == 200) != (asked > before) || (want == 200) != (text == "hello") {
			t.Errorf("%s: got %d %q, asked the API %d times; want %d", badge, res.StatusCode, text, asked-before, want)
		}
		if o := e.Outcome; o.Status != want || o.Decision != decision || o.Reason != reason || o.Measure != measure || e.Principal.ID == "" {
			t.Errorf("%s: the event says %+v of %+v", badge, o, e.Principal)
		}
		if want != 200 && !strings.Contains(text, measure) {
			t.Errorf("%s: the answer does not name the measure: %s", badge, text)
		}
		return res
	}
	const badge, fresh, key = "alice jwt 1h", "alice jwt -1m", "alice api-key 1h"
	call(badge, "", 200, "", "", "")
	under(policy.Measure{Kind: policy.Block, Subject: alice})
	call(badge, "", 403, "denied", "blocked", "m0")
	call(badge, "a body that nobody reads", 403, "denied", "blocked", "m0")
	call("bob jwt 1h", "", 200, "", "", "")
	under(policy.Measure{Kind: policy.Block, Subject: alice, DryRun: true})
	call(badge, "", 200, "allowed", "would-block", "m0")
	under(policy.Measure{Kind: policy.Block, Subject: policy.Subject{Key: "Kalice"}})
	call(key, "", 403, "denied", "blocked", "m0")
	call(badge, "", 200, "", "", "")

	under(policy.Measure{Kind: policy.Throttle, Subject: alice, Rate: 0.01, Burst: 2})
	call(badge, "", 200, "", "", "")
	call(badge, "", 200, "", "", "")
	res := call(badge, "", 429, "denied", "throttled", "m0")
	if got := res.Header.Get("Retry-After"); got != "100" && got != "99" {
		t.Errorf("Retry-After: got %q", got)
	}

	under(policy.Measure{Kind: policy.Reauthenticate, Subject: alice})
	for _, x := range []struct{ badge, want string }{
		{badge, `Bearer error="insufficient_user_authentication", error_description="log in again", max_age="1"`},
		{key, `Bearer error="invalid_token", error_description="bring a newer credential"`},
		{"alice basic 1h", `Basic realm="api"`},
	} {
		if got := call(x.badge, "", 401, "denied", "reauthenticate", "m0").Header.Get("WWW-Authenticate"); got != x.want {
			t.Errorf("%s: the challenge is %s, want %s", x.badge, got, x.want)
		}
	}
	call(fresh, "", 200, "", "", "")
	under()
	call(badge, "", 200, "", "", "")
}

// TestBlockEndsWhatIsUnderWay blocks a caller who reads a stream, one whose
// answer is held, and one whose connection is switched.
func TestBlockEndsWhatIsUnderWay(t *testing.T) {
	for _, d := range []capture.Durability{capture.Served, capture.Recorded} {
		t.Run(string(d), func(t *testing.T) {
			more, began := make(chan struct{}), make(chan struct{})
			st, under := guarded(t, func(w http.ResponseWriter, r *http.Request) {
				if d == capture.Served {
					w.Header().Set("Content-Type", "text/event-stream")
					io.WriteString(w, "data: 1\n\n")
					w.(http.Flusher).Flush()
				}
				close(began)
				<-more
				io.WriteString(w, "data: secret\n\n")
			}, d)
			got := make(chan string, 1)
			go func() {
				req, _ := http.NewRequest("GET", st.url+"/", nil)
				req.Header.Set("X-Badge", "alice jwt 1h")
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					got <- err.Error()
					return
				}
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				got <- fmt.Sprint(res.StatusCode, string(b), err)
			}()
			<-began
			under(policy.Measure{Kind: policy.Block, Subject: policy.Subject{App: "shop-web"}})
			close(more)
			if text := <-got; strings.Contains(text, "secret") {
				t.Errorf("the client got %s", text)
			}
			if o := st.next().Outcome; o.Decision != "denied" || o.Reason != "blocked" || o.Measure != "m0" || d == capture.Recorded && o.Status != 403 {
				t.Errorf("the event says %+v", o)
			}
		})
	}
}

func TestBlockEndsASwitchedConnection(t *testing.T) {
	st, under := guarded(t, func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			io.WriteString(c, line)
		}
	}, "")
	c, err := net.Dial("tcp", st.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Badge: alice jwt 1h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	if _, err := http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "one\n")
	if line, err := r.ReadString('\n'); line != "one\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	under(policy.Measure{Kind: policy.Block, Subject: policy.Subject{Principal: "p_alice"}})
	io.WriteString(c, "two\n")
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		t.Errorf("after the block: got %q", rest)
	}
	if o := st.next().Outcome; o.Decision != "denied" || o.Reason != "blocked" || o.Measure != "m0" || o.Status != 101 {
		t.Errorf("the event says %+v", o)
	}
}
