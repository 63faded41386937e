package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/internal/api"
)

// client speaks the API.
type client struct {
	base          *url.URL
	token, reason string
	http          *http.Client
	end           func() error // nil: nothing ends
}

func newClient(base *url.URL, token, reason string, via http.RoundTripper, end func() error) *client {
	return &client{base, token, reason, &http.Client{Transport: via}, end}
}

// close ends what connect began.
func (c *client) close(err *error) {
	if c.end != nil {
		*err = errors.Join(*err, c.end())
	}
}

// do makes a request. The answer has a status of success, and its body must be
// closed; everything else is an error.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	return c.send(ctx, method, path, query, bytes.NewReader(b))
}

// send is do with the body as it is.
func (c *client) send(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Response, error) {
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Header.Set("Gatebook-Tool", "cli")
	req.Header.Set("User-Agent", "gatebook-cli")
	if c.reason != "" {
		req.Header.Set("Gatebook-Reason", c.reason)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, c.problem(res)
}

// explain says what it means that a server did not answer.
func (c *client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server answers at %s: is gatebook serve running?", c.base)
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s is not known: %s", c.base, dns.Err)
	}
	return fmt.Errorf("asking %s: %w", c.base, err)
}

// failure is a problem that the API answered with.
type failure struct {
	api.Problem
	server string
}

// problem reads an answer that is not one of success.
func (c *client) problem(res *http.Response) error {
	f := &failure{server: c.base.String()}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if media != "application/problem+json" || json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&f.Problem) != nil {
		return fmt.Errorf("%s answered %s: that is not a Gatebook server", c.base, res.Status)
	}
	f.Type = strings.TrimPrefix(f.Type, api.ProblemPrefix)
	return f
}

func (f *failure) Error() string { return f.Problem.Error() }

// code is the exit code.
func (f *failure) code() int {
	if f.Type == "evidence" {
		return ExitEvidence
	}
	return ExitError
}

// text is what people read: the problem, the query with a caret, and what to do.
func (f *failure) text() string {
	var b strings.Builder
	detail := f.Detail
	if f.Type == "token" {
		detail = f.server + " refused the token: " + detail
	}
	fmt.Fprintf(&b, "gatebook: %s\n", clean(detail))
	if f.Query != "" && f.Position > 0 {
		fmt.Fprintf(&b, "  %s\n  %s^\n", clean(f.Query), strings.Repeat(" ", width(clean(firstRunes(f.Query, f.Position-1)))))
	}
	if f.Help != "" {
		fmt.Fprintf(&b, "%s\n", clean(f.Help))
	}
	return b.String()
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// get reads a JSON answer into v.
func (c *client) get(ctx context.Context, path string, query url.Values, v any) error {
	res, err := c.do(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return decode(res.Body, v)
}

// post sends and reads JSON.
func (c *client) post(ctx context.Context, path string, body, v any) error {
	res, err := c.do(ctx, http.MethodPost, path, nil, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return decode(res.Body, v)
}

func decode(r io.Reader, v any) error {
	if err := json.NewDecoder(r).Decode(v); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// inProcess carries requests to a handler in this process.
type inProcess struct{ handler http.Handler }

// RoundTrip runs the handler until its answer was read or ctx ends.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	r = r.Clone(ctx)
	r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	pr, pw := io.Pipe()
	w := &pipeWriter{header: http.Header{}, pipe: pw, begun: make(chan struct{})}
	ended := make(chan struct{})
	res := &http.Response{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Trailer: http.Header{}}
	res.Body = body{pr, func() { cancel(); <-ended }}
	go func() {
		defer close(ended)
		defer func() {
			err := io.EOF
			if v := recover(); v != nil {
				if v != http.ErrAbortHandler {
					panic(v)
				}
				err = io.ErrUnexpectedEOF
			}
			w.WriteHeader(http.StatusOK)
			for _, name := range w.sent.Values("Trailer") {
				res.Trailer[http.CanonicalHeaderKey(name)] = w.header.Values(name)
			}
			pw.CloseWithError(err)
		}()
		t.handler.ServeHTTP(w, r)
	}()
	select {
	case <-w.begun:
		res.StatusCode, res.Header, res.ContentLength = w.status, w.sent, -1
		res.Status = fmt.Sprintf("%d %s", w.status, http.StatusText(w.status))
		return res, nil
	case <-ctx.Done():
		res.Body.Close()
		return nil, ctx.Err()
	}
}

// body ends the handler when it is closed.
type body struct {
	*io.PipeReader
	end func()
}

func (b body) Close() error {
	err := b.PipeReader.Close()
	b.end()
	return err
}

// pipeWriter is the [http.ResponseWriter] of inProcess. The handler owns it
// until begun is closed; then status and sent are the reader's too.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	begun  chan struct{}
	status int
	sent   http.Header // header as it was when the answer began
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	}
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(b)
}

// Flush does nothing: a pipe holds nothing back.
func (w *pipeWriter) Flush() { w.WriteHeader(http.StatusOK) }

// SetWriteDeadline does nothing: the reader is in this process.
func (w *pipeWriter) SetWriteDeadline(time.Time) error { return nil }
