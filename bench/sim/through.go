package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/app"
	"github.com/gatebook/gatebook/internal/detect"
)

// through sends a small world through the gateway itself: real calls, with
// tokens of an issuer, to an API that answers what the world says; then it
// judges what the program found in its ledger by the same code as a stream.
//
// What needs a past of days is not found in minutes: nothing was learned.
type through struct {
	seed   uint64
	events int           // of the world from which a part is taken
	speed  float64       // how many times faster than in the world the calls come
	length time.Duration // of the world, of which the traffic is sent
	names  []string      // of campaigns; none: all
}

// throughDay is the day of the world whose traffic is sent, from nine o'clock.
const throughDay = 10

// calls are what is sent: the background of some time of a working day, and
// the campaigns that fit into it, each beginning within its first half.
func (t through) calls() (*world, []item) {
	w := newWorld(t.seed, t.events)
	w.attack(false, t.names...)
	of := map[*campaign][]item{}
	for _, items := range w.ahead {
		for _, it := range items {
			of[it.c] = append(of[it.c], it)
		}
	}
	begin := begin.Add(throughDay*day + 9*time.Hour)
	w.ahead = map[int64][]item{}
	w.background(throughDay)
	var all []item
	for _, items := range w.ahead {
		for _, it := range items {
			if !it.at.Before(begin) && it.at.Before(begin.Add(t.length)) {
				all = append(all, it)
			}
		}
	}
	r := w.random("through")
	fits := w.campaigns[:0]
	for _, c := range w.campaigns {
		own := of[c]
		slices.SortStableFunc(own, func(a, b item) int { return a.at.Compare(b.at) })
		if own[len(own)-1].at.Sub(own[0].at) > t.length/2 {
			continue
		}
		fits = append(fits, c)
		move := begin.Add(time.Duration(r.Int64N(int64(t.length / 2)))).Sub(own[0].at)
		for _, it := range own {
			it.at = it.at.Add(move)
			all = append(all, it)
		}
	}
	w.campaigns = fits
	slices.SortStableFunc(all, func(a, b item) int { return a.at.Compare(b.at) })
	return w, all
}

// run sends the calls, and returns what became of the campaigns.
func (t through) run(ctx context.Context, progress io.Writer) (*run, error) {
	w, all := t.calls()
	api := &simulated{items: all}
	upstream := httptest.NewServer(api)
	defer upstream.Close()
	g, err := startGateway(ctx, w, upstream.URL)
	if err != nil {
		return nil, err
	}
	defer g.stop()
	start := time.Now()
	if err := g.send(ctx, all, t.speed); err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "seed %d, through the gateway: %d calls in %v, %v of the world\n", t.seed, len(all), time.Since(start).Round(time.Second), t.length)
	events, found, err := g.judged(ctx, len(all))
	if err != nil {
		return nil, err
	}
	if err := g.stop(); err != nil {
		return nil, fmt.Errorf("stopping the gateway: %w", err)
	}
	return attribute(w, all, events, found)
}

// attribute gives each event to its campaign, by the number of its call, and
// the campaigns the times at which it really was.
func attribute(w *world, all []item, events []*event.Event, found []keptFinding) (*run, error) {
	r := newRun(w)
	actors := map[string]bool{}
	for _, c := range w.campaigns {
		slices.SortFunc(c.trace, func(a, b trace) int { return slices.Compare(a.id[:], b.id[:]) })
	}
	for _, e := range events {
		if e.What == nil {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(e.What.Query, "call="))
		if err != nil || n < 0 || n >= len(all) {
			return nil, fmt.Errorf("an event is of no call: %s", e.What.Query)
		}
		it := all[n]
		if e.Outcome.Status != it.e.Outcome.Status {
			return nil, fmt.Errorf("%s %s was answered with %d (%s), and should be with %d", e.Operation.Method, e.What.Path, e.Outcome.Status, e.Outcome.Error, it.e.Outcome.Status)
		}
		if it.c == nil {
			r.events++
			actors[actorOf(e)] = true
			continue
		}
		r.of[e.ID] = it.c
		i, _ := slices.BinarySearchFunc(it.c.trace, it.e.ID, func(t trace, id event.ID) int { return slices.Compare(t.id[:], id[:]) })
		if it.c.breach.Equal(it.c.trace[i].at) && !it.c.breach.IsZero() {
			it.c.breach = detect.Time(e)
		}
		it.c.trace[i].at = detect.Time(e)
	}
	r.actorDays = len(actors)
	for _, f := range found {
		r.take([]detect.Finding{f.Finding})
		r.delays = append(r.delays, f.Found.Sub(f.Finding.At).Seconds())
	}
	for _, i := range r.incidents {
		i.alike = r.alike(i)
	}
	return r, nil
}

// simulated is the API behind the gateway: it answers each call as its event
// says.
type simulated struct{ items []item }

func (a *simulated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/openapi.json" {
		_ = json.NewEncoder(w).Encode(document())
		return
	}
	n, err := strconv.Atoi(r.URL.Query().Get("call"))
	if err != nil || n < 0 || n >= len(a.items) {
		http.NotFound(w, r)
		return
	}
	e := a.items[n].e
	w.WriteHeader(e.Outcome.Status)
	if e.Outcome.Status >= 400 || e.Records == 0 {
		_, _ = io.WriteString(w, "{}")
		return
	}
	given := e.What.Objects[e.What.Asked:]
	records := make([]map[string]string, e.Records)
	for i := range records {
		records[i] = record(e, i)
		if i < len(given) {
			records[i]["id"] = given[i].ID
		}
	}
	if e.Records == 1 {
		if e.What.Asked > 0 {
			records[0]["id"] = e.What.Objects[e.What.Asked-1].ID
		}
		_ = json.NewEncoder(w).Encode(records[0])
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": records})
}

// record is one record of an answer, with the classes of data that it has.
func record(e *event.Event, i int) map[string]string {
	o := map[string]string{"id": fmt.Sprintf("x%d", i)}
	for _, d := range e.Data {
		switch d.Class {
		case "email":
			o["email"] = fmt.Sprintf("person%d@example.org", i)
		case "name":
			o["name"] = "Ada Byron"
		case "phone":
			o["phone"] = fmt.Sprintf("+49 30 9018%05d", i)
		case "birthdate":
			o["birthdate"] = "1980-04-17"
		case "address":
			o["address"] = "1 Example Street, 10115 Berlin"
		case "iban":
			o["iban"] = "DE89370400440532013000"
		}
	}
	return o
}

// gatewayOf is a Gatebook that serves, in this process.
type gatewayOf struct {
	w        *world
	dir      string
	url, ops string
	token    string
	issuer   *issuer
	client   *http.Client
	cancel   context.CancelFunc
	done     chan error
	once     sync.Once
	ended    error
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// startGateway starts a Gatebook before the API of all tenants of a world.
func startGateway(ctx context.Context, w *world, upstream string) (_ *gatewayOf, err error) {
	g := &gatewayOf{w: w, done: make(chan error, 1)}
	defer func() {
		if err != nil {
			_ = g.stop()
		}
	}()
	if g.dir, err = os.MkdirTemp("", "gatebook-sim-"); err != nil {
		return nil, err
	}
	if g.issuer, err = newIssuer(); err != nil {
		return nil, err
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}
	g.url, g.ops = "http://"+listen, "http://"+ops
	g.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	var routes strings.Builder
	for _, s := range w.sites {
		fmt.Fprintf(&routes, "    - {name: %s, hosts: [%s], path: /, upstream: %q, api: {path: /openapi.json, learn: false, actions: [%s]}}\n", s.tenant, s.host, upstream, actions())
	}
	config := filepath.Join(g.dir, "gatebook.yaml")
	text := fmt.Sprintf("data: %q\nops: {listen: %q}\nindex: {mode: off}\nlog: {level: warn}\ngateway:\n  listeners:\n    - {name: sim, address: %q, trusted_proxies: [127.0.0.0/8]}\n  routes:\n%sidentity:\n  oidc:\n    - {name: sim, issuer: %q, audiences: [sim], algorithms: [ES256], tenant: tenant}\n",
		filepath.Join(g.dir, "data"), ops, listen, routes.String(), g.issuer.url())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	ctx, g.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		g.done <- app.Serve(ctx, app.ServeOptions{ConfigFlags: app.ConfigFlags{File: config}, Version: "sim", Stdout: io.Discard, Stderr: os.Stderr})
	}()
	for {
		if res, err := http.Get(g.ops + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-g.done:
			g.done <- nil
			return nil, fmt.Errorf("the gateway ended before it was ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	token, err := os.ReadFile(filepath.Join(g.dir, "data", "keys", "ops.token"))
	g.token = strings.TrimSpace(string(token))
	return g, err
}

func (g *gatewayOf) stop() error {
	g.once.Do(func() {
		if g.cancel != nil {
			g.cancel()
			g.ended = <-g.done
		}
		if g.issuer != nil {
			g.issuer.close()
		}
		_ = os.RemoveAll(g.dir)
	})
	return g.ended
}

// senders is how many call at the same time. The calls of one credential, or of
// one address without, are sent by one of them, in their order.
const senders = 32

// send sends the calls at their times.
func (g *gatewayOf) send(ctx context.Context, all []item, speed float64) error {
	queues := make([]chan int, senders)
	failed := make(chan error, senders)
	var wg sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan int, len(all))
		wg.Go(func() {
			for n := range queues[i] {
				if err := g.call(ctx, n, all[n].e); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	start := time.Now()
	for n, it := range all {
		due := start.Add(time.Duration(float64(it.at.Sub(all[0].at)) / speed))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		key := it.e.Credential.Fingerprint
		if key == "" {
			key = it.e.Who.Address
		}
		queues[sender(key)] <- n
	}
	for _, q := range queues {
		close(q)
	}
	wg.Wait()
	close(failed)
	return errors.Join(ctx.Err(), <-failed)
}

func sender(key string) int {
	h := uint32(2166136261)
	for _, b := range []byte(key) {
		h = (h ^ uint32(b)) * 16777619
	}
	return int(h % senders)
}

// call makes the call of an event.
func (g *gatewayOf) call(ctx context.Context, n int, e *event.Event) error {
	req, err := http.NewRequestWithContext(ctx, e.Operation.Method, g.url+pathOf(e)+"?call="+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	req.Host = e.Operation.Host
	req.Header.Set("X-Forwarded-For", e.Who.Address)
	req.Header.Set("User-Agent", e.Who.UserAgent)
	if e.Principal.ID != "" {
		token, err := g.issuer.token(e)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// keptFinding is a finding as the program keeps it.
type keptFinding struct {
	Found   time.Time      `json:"found"`
	Finding detect.Finding `json:"finding"`
}

// judged waits until the gateway has recorded and judged n calls, and returns
// their events and what was found.
func (g *gatewayOf) judged(ctx context.Context, n int) (events []*event.Event, found []keptFinding, err error) {
	for len(events) < n {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		metrics, err := g.ask("/metrics")
		if err != nil {
			return nil, nil, err
		}
		if !strings.Contains(metrics, "\ngatebook_detect_behind_records 0\n") {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		text, err := g.ask("/api/v1/export")
		if err != nil {
			return nil, nil, err
		}
		events = events[:0]
		for line := range strings.Lines(text) {
			e, _, err := detect.ParseLine([]byte(line))
			if err != nil {
				return nil, nil, err
			}
			if e.Kind == event.Access {
				events = append(events, e)
			}
		}
		if len(events) < n {
			time.Sleep(100 * time.Millisecond)
		}
	}
	for cursor := ""; ; {
		text, err := g.ask("/api/v1/findings?order=oldest&limit=1000&cursor=" + cursor)
		if err != nil {
			return nil, nil, err
		}
		var page struct {
			Findings []keptFinding `json:"findings"`
			Next     string        `json:"next"`
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			return nil, nil, err
		}
		found = append(found, page.Findings...)
		if cursor = page.Next; cursor == "" {
			return events, found, nil
		}
	}
}

func (g *gatewayOf) ask(path string) (string, error) {
	req, err := http.NewRequest("GET", g.ops+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, res.Status, b)
	}
	return string(b), err
}
