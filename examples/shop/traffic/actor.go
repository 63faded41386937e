package traffic

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds what is kept of an answer, in bytes; the rest is read and
// thrown away.
const maxAnswer = 256 << 10

// Kinds of callers, the keys of Report.ByKind.
const (
	People   = "people"
	Services = "services"
	Apps     = "apps"
	Machines = "machines"
	Strange  = "strangers"
)

// call is one request of a visit.
type call struct {
	method, path string // {} in the path is what keep took from an earlier answer
	body         string
	media        string // of the body
	bearer       string // replaces the caller's own credential
	// keep takes a value from the answer for the following calls; nil keeps
	// the value that is there. An empty value ends the visit.
	keep func([]byte) string
}

// visit is a few calls that belong together. A batch is made without pause.
type visit struct {
	calls []call
	batch bool
}

// actor is one caller. What follows wake belongs to the goroutine of run.
type actor struct {
	name, kind string
	share      float64 // of all calls, relative to the other actors
	steady     bool    // calls at fixed times instead of when woken
	period     time.Duration
	target     string
	agent      string
	client     *http.Client
	counts     *counts
	plan       func(*rand.Rand) visit
	headers    map[string]string
	traced     bool // its program sends a traceparent: each visit is a trace

	wake chan struct{}

	rand  *rand.Rand
	creds *credential // nil without a token
	todo  visit
	trace string // id of the visit's; empty: it is not traced
	value string // for {} in paths
	owed  int    // calls of a batch that were made ahead of time
}

// run makes a call each time the actor is woken, until the context ends.
func (a *actor) run(ctx context.Context) {
	defer a.client.CloseIdleConnections()
	var tick <-chan time.Time
	if a.steady {
		t := time.NewTicker(a.period)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-tick:
		case <-a.wake:
		case <-ctx.Done():
			return
		}
		if a.owed > 0 {
			a.owed--
			continue
		}
		a.step(ctx)
		for a.todo.batch && len(a.todo.calls) > 0 && ctx.Err() == nil {
			a.step(ctx)
			a.owed++
		}
	}
}

// step makes the next call of the visit, or of a new one.
func (a *actor) step(ctx context.Context) {
	if len(a.todo.calls) == 0 {
		a.todo, a.value = a.plan(a.rand), ""
		if a.traced {
			a.trace = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()|1)
		}
	}
	c := a.todo.calls[0]
	a.todo.calls = a.todo.calls[1:]
	answer, ok := a.do(ctx, c)
	if !ok {
		a.todo.calls = nil
		return
	}
	if c.keep != nil {
		if a.value = c.keep(answer); a.value == "" {
			a.todo.calls = nil
		}
	}
}

// do makes one call and counts it. It returns the beginning of the answer and
// whether the visit can go on.
func (a *actor) do(ctx context.Context, c call) ([]byte, bool) {
	req, err := http.NewRequestWithContext(ctx, c.method, a.target+strings.ReplaceAll(c.path, "{}", a.value),
		strings.NewReader(strings.ReplaceAll(c.body, "{}", a.value)))
	if err != nil {
		a.counts.failed(ctx)
		return nil, false
	}
	if c.body != "" {
		req.Header.Set("Content-Type", c.media)
	}
	if a.trace != "" {
		req.Header.Set("Traceparent", fmt.Sprintf("00-%s-%016x-01", a.trace, rand.Uint64()|1))
	}
	if !a.authorize(ctx, req, c.bearer) {
		return nil, false
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.counts.failed(ctx)
		return nil, false
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	_, err = io.Copy(&answer, io.LimitReader(resp.Body, maxAnswer))
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil {
		a.counts.failed(ctx)
		return nil, false
	}
	a.counts.add(a.kind, resp.StatusCode)
	if resp.StatusCode == http.StatusUnauthorized && a.creds != nil && c.bearer == "" {
		a.creds.refused()
	}
	return answer.Bytes(), resp.StatusCode < 300
}

// authorize puts the caller's headers and credential into a request. It
// reports false if the issuer gave no token.
func (a *actor) authorize(ctx context.Context, req *http.Request, bearer string) bool {
	req.Header.Set("User-Agent", a.agent)
	req.Header.Set("Accept", "application/json")
	for k, v := range a.headers {
		req.Header.Set(k, v)
	}
	if bearer == "" && a.creds != nil {
		token, err := a.creds.token(ctx)
		if err != nil {
			a.counts.failed(ctx)
			return false
		}
		bearer = token
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return true
}
