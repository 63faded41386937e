package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/internal/saved"
	"github.com/gatebook/gatebook/internal/storage"
)

// Config is what the API serves. Room and Tokens are required.
type Config struct {
	Room    *reading.Room
	Tokens  []Token
	Keeper  *erasure.Keeper // nil: nothing can be erased, held or expire
	Act     *act.Keeper     // nil: nothing can be blocked
	Revoke  *revoke.Desk    // nil: nothing can be taken back at providers
	Alerts  *alert.Book     // nil: there is no detection here
	Keys    Keys            // nil: keys cannot be managed
	Readers Readers         // lets in more readers; nil: there are none, and none can be made

	Import Import // takes in files of others; nil: nothing can be imported
	Edges  Edges  // takes the events of programs with the middleware; nil: none are taken
	Send   Send   // takes in what programs send; nil: nothing can be sent

	// Searches are those that people saved; nil: none are.
	Searches *saved.Store

	// Deliveries is where alerts go; nil: nowhere.
	Deliveries Deliveries

	// Templates are the route templates; nil: they are not kept here.
	Templates Templates

	// Setup tells how calls come in; nil: there is no gateway here.
	Setup SetupFunc
	// Sources tells how the logs are that are followed; nil: none are here.
	Sources func() []SourceState
	// Storage tells what the disk holds, nil before that is known; nil: it is not
	// measured here.
	Storage func() *storage.Usage

	// Privileged are the patterns of privileged operations, for reports; nil:
	// those of [report.DefaultPrivileged].
	Privileged []string

	// Hosts are the names under which the listener may be reached, beside
	// those of loopback and addresses. Origins are the origins of web pages
	// that may use the API, beside its own.
	Hosts, Origins []string

	PublicTiles   bool // checkpoint and tiles need no token
	PublicMetrics bool // /metrics needs no token

	Checks   func() []Check  // of /readyz and /healthz; nil: none
	Draining func() bool     // the process is stopping; nil: never
	Metrics  func() []Metric // of /metrics; nil: only the API's own
	Version  string          // of the program, for the OpenAPI document
	Now      func() time.Time
	Log      *slog.Logger // nil: nothing is logged

	// People sign in to the console; nil: nobody does, and there are only tokens.
	People *people.People

	// OIDC is where people sign in to the console, too; nil: nowhere. It needs
	// People and PublicURL.
	OIDC     *oidc.Provider
	OIDCName string // what to call it

	// LoggedOut is told that somebody has logged out of the provider, by their
	// subject there. nil: nobody is.
	LoggedOut func(ctx context.Context, subject string, at time.Time) error

	// Console is what is served where the API is not; nil: nothing.
	Console http.Handler

	// PublicURL is where browsers reach this listener, for links; nil: there is
	// no listener, so that links lead nowhere.
	PublicURL *url.URL
}

// Token lets in whoever shows it.
type Token struct {
	Value  string         // the secret; at least 16 bytes
	Reader reading.Reader // who that is: Name and Role
}

// Server is the API. Make one with [New]. It is safe for concurrent use.
type Server struct {
	cfg     Config
	tokens  []hashed
	mux     *http.ServeMux
	counts  counts
	reports reports
	logouts logouts

	searches, streams chan struct{} // a slot for each that may run at a time
}

type hashed struct {
	sum    [sha256.Size]byte
	reader reading.Reader
}

// Limits of what runs at a time. What comes on top waits up to slotWait, then
// gets 429.
const (
	maxSearches = 16
	maxStreams  = 64
	slotWait    = 5 * time.Second
	maxBody     = 256 << 10
)

// New returns the API as a handler.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), searches: make(chan struct{}, maxSearches), streams: make(chan struct{}, maxStreams)}
	for _, t := range cfg.Tokens {
		if len(t.Value) >= 16 {
			s.tokens = append(s.tokens, hashed{sha256.Sum256([]byte(t.Value)), t.Reader})
		}
	}
	for _, rt := range routes() {
		s.mux.Handle(rt.method+" "+rt.path, s.serve(rt))
	}
	s.mux.Handle("/", s.serve(route{path: "/", handle: nothing, public: true, page: true}))
	return s
}

// nothing answers what no route does.
func nothing(c *call) error {
	if c.isPage() {
		c.cfg.Console.ServeHTTP(c.w, c.r)
		return nil
	}
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		if _, pattern := c.mux.Handler(&http.Request{Method: m, URL: c.r.URL, Host: c.r.Host}); pattern != "/" && pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		return &Problem{Status: http.StatusNotFound, Type: "not-found", Detail: "there is nothing at " + clip(c.r.URL.Path, 200), Help: "GET /api/v1/openapi.json describes the API"}
	}
	list := strings.Join(allowed, ", ")
	c.w.Header().Set("Allow", list)
	return &Problem{Status: http.StatusMethodNotAllowed, Type: "method", Detail: c.r.Method + " is not for this path", Help: "use " + list}
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// call is one request on its way through a handler.
type call struct {
	*Server
	w      *answer
	r      *http.Request
	reader reading.Reader // zero if the route is public and no token was shown

	session *people.Session // of who signed in; nil: they showed a token, or nothing
}

// answer remembers what was sent.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// serve puts what all routes have in common around the handler of rt.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w}
		c := &call{Server: s, w: a, r: r}
		err := c.admit(&rt)
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(rt.maxBody, maxBody))
			err = c.run(&rt)
		}
		if err != nil {
			c.refused(err)
			c.fail(err)
		}
		s.counts.add(rt.path, a.status)
	})
}

// admit checks where the request comes from and who makes it.
func (c *call) admit(rt *route) error {
	if err := c.checkURL(); err != nil {
		return err
	}
	if !rt.anyHost {
		if err := c.checkHost(); err != nil {
			return err
		}
	}
	if rt.blind {
		return nil
	}
	if page := rt.navigated || rt.page && c.isPage(); !page && !rt.anyHost {
		if err := c.checkOrigin(); err != nil {
			return err
		}
	}
	if c.r.Header.Get("Authorization") == "" {
		if ok, err := c.admitSession(rt); ok || err != nil {
			return err
		}
	}
	token, given := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	reader, err := c.who(token)
	public := rt.public || rt.tiles && c.cfg.PublicTiles || rt.metrics && c.cfg.PublicMetrics
	if err != nil && (!public || given) {
		p := &Problem{Status: http.StatusUnauthorized, Type: "token", Detail: "the request has no bearer token", Help: "send the header Authorization: Bearer TOKEN; gatebook serve prints where the token is"}
		if given {
			p.Detail, p.Help = "the bearer token is not a valid one", "compare it with the token file that gatebook serve names"
		}
		switch {
		case errors.Is(err, ErrRevoked):
			p.Detail, p.Help = "the bearer token was revoked", "ask an administrator for another: gatebook readers add"
		case errors.Is(err, ErrExpired):
			p.Detail, p.Help = "the bearer token has expired", "ask an administrator for another: gatebook readers add"
		}
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="gatebook"`)
		c.reader = reader
		return &refusal{p, err}
	}
	if err != nil {
		reader = reading.Reader{}
	}
	c.reader = reader
	return nil
}

// errNoToken is the error of a token that nobody has.
var errNoToken = errors.New("the token is not known")

// who returns the reader that a token stands for. It takes the same time for
// all tokens that are not readers'. With an error the reader has no name.
func (c *call) who(token string) (reading.Reader, error) {
	sum := sha256.Sum256([]byte(token))
	var r reading.Reader
	err := errNoToken
	for i := range c.tokens {
		if subtle.ConstantTimeCompare(sum[:], c.tokens[i].sum[:]) == 1 {
			r, err = c.tokens[i].reader, nil
		}
	}
	if err != nil && c.cfg.Readers != nil && token != "" {
		if r, err = c.cfg.Readers.Find(token); err != nil {
			r.Name, r.Role = "", ""
		}
	}
	c.from(&r)
	return r, err
}

// from adds to a reader where and with what they ask.
func (c *call) from(r *reading.Reader) {
	r.Address, _, _ = net.SplitHostPort(c.r.RemoteAddr)
	r.Agent = c.r.UserAgent()
	r.Reason = c.r.Header.Get("Gatebook-Reason")
	switch r.Tool = c.r.Header.Get(toolHeader); {
	case r.Session:
		r.Tool = toolConsole
	case r.Tool != "cli" && r.Tool != toolConsole:
		r.Tool = "api"
	}
}

// toolHeader names the tool that asks. A page of another origin cannot set it
// without being asked first, so that with a session it also tells that a request
// that changes something was made by the console.
const (
	toolHeader  = "Gatebook-Tool"
	toolConsole = "console"
)

// run runs the handler in one of the slots of its kind.
func (c *call) run(rt *route) error {
	var slots chan struct{}
	switch {
	case rt.stream:
		slots = c.streams
		if c.session != nil {
			ctx, release := c.cfg.People.Bind(c.r.Context(), c.session)
			defer release()
			c.r = c.r.WithContext(ctx)
		}
	case rt.heavy:
		slots = c.searches
	default:
		return rt.handle(c)
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), slotWait)
	defer cancel()
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
		return rt.handle(c)
	case <-ctx.Done():
		c.w.Header().Set("Retry-After", "5")
		return &Problem{Status: http.StatusTooManyRequests, Type: "busy", Detail: "too many requests of this kind run already", Help: "try again in a few seconds"}
	}
}

// drainBody reads what is left of a small body, so that the connection can be
// kept.
func (c *call) drainBody() { io.CopyN(io.Discard, c.r.Body, 4096) }
