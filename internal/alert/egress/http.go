package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// HTTPConfig says how a receiver is reached over HTTP.
type HTTPConfig struct {
	// URL is where the messages go. It can be a secret.
	URL *url.URL

	AllowPrivate bool           // see [NewGuard]
	CA           *x509.CertPool // who is believed; nil: the system's authorities
	Proxy        *url.URL       // http or https; nil: none, whatever the environment says
	Agent        string         // of the User-Agent header; empty: Gatebook
	MaxAnswer    int64          // how much of an answer's body is read, in bytes; 0: 4 KiB
}

// Client sends to one receiver. It is safe for concurrent use.
type Client struct {
	cfg   HTTPConfig
	guard Guard
	http  *http.Client
}

// NewClient returns a client. The error is of an address that is never allowed.
func NewClient(c HTTPConfig) (*Client, error) {
	g := NewGuard(c.URL.Hostname(), c.AllowPrivate)
	if err := g.CheckHost(c.URL.Hostname()); err != nil {
		return nil, err
	}
	if c.Agent == "" {
		c.Agent = "Gatebook"
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = maxAnswer
	}
	dialer := g.Dialer()
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: c.CA, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if c.Proxy != nil {
		t.Proxy = http.ProxyURL(c.Proxy)
		dialer = NewGuard(c.Proxy.Hostname(), true).Dialer()
	}
	t.DialContext = dialer.DialContext
	return &Client{cfg: c, guard: g, http: &http.Client{
		Transport: t,
		// A redirect would take the message, and with it what is in its
		// headers, to a host that nobody wrote.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answer is what a receiver said to a message that it took.
type Answer struct {
	Status int    // 2xx
	Text   string // the beginning of the body, printable; can hold what was sent
	Body   []byte // the beginning of the body
}

// String is the status, for people.
func (a Answer) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
}

// Bounds of what is read of an answer.
const (
	maxAnswer = 4 << 10
	maxText   = 300
)

// maxAfter bounds how long a receiver can ask to be left alone.
const maxAfter = time.Hour

// Send makes one request with a body of JSON, or as the header says, and returns
// the answer, if its status is 2xx. Any other outcome is an error of type
// *[Error], with the answer if there was one. The path is
// added to the URL; with an empty one the URL is used as it is.
func (c *Client) Send(ctx context.Context, method, path string, query url.Values, body []byte, header http.Header) (Answer, error) {
	u := *c.cfg.URL
	if path != "" {
		u = *u.JoinPath(path)
	}
	if query != nil {
		u.RawQuery = query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, &Error{Reason: "the URL cannot be used"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.cfg.Agent)
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, Wrap(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, c.cfg.MaxAnswer))
	a := Answer{Status: res.StatusCode, Text: printable(b), Body: b}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return a, nil // taken, also if the rest of the answer got lost
	}
	if err == nil {
		io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be kept
	}
	return a, refusal(res, a)
}

// refusal is the error of a status that is not 2xx. What says that the message
// is wrong is permanent. What says that the receiver, the URL or the key is
// wrong is not: that can be put right, and the message is wanted then.
func refusal(res *http.Response, a Answer) *Error {
	e := &Error{Reason: "the receiver answered " + a.String(), Answer: a.Text, After: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	switch {
	case a.Status >= 300 && a.Status < 400:
		e.Reason += ": redirects are not followed, correct the URL"
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		e.Reason += ": check the key, or the URL if the key is in it"
	case a.Status == http.StatusNotFound, a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusGone:
		e.Reason += ": check the URL"
	case a.Status == http.StatusBadRequest, a.Status == http.StatusRequestEntityTooLarge, a.Status == http.StatusUnsupportedMediaType, a.Status == http.StatusUnprocessableEntity:
		e.Permanent = true
	}
	return e
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
// What cannot be read counts as 0.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(text); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxAfter)
}

// printable returns the beginning of b as one line without control characters.
func printable(b []byte) string {
	s := strings.ToValidUTF8(string(b), "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > maxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
