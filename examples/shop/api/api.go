// Package api serves the sample shop over HTTP: a JSON API of the usual kind,
// with paging, uploads, a bulk export, a feed of server-sent events and a
// WebSocket, described by the OpenAPI 3.1 document at /openapi.json, which is
// generated from the same table as the routes.
//
// Errors are application/problem+json (RFC 9457): 400 for what cannot be
// understood, 401 without a valid credential, 403 without the scope, 404, 409
// when the state forbids it, 410 for contents that were not kept.
//
// Access tokens are verified here, by signature, issuer, audience and time.
// API keys and client certificates are not: see Config.TrustGateway.
package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/examples/shop/store"
)

// maxBody bounds a JSON request body, in bytes.
const maxBody = 1 << 20

// Config says what the API serves and whom it believes.
type Config struct {
	// Store is the shop's data; required.
	Store *store.Store
	// Issuer is the URL of the OIDC issuer whose tokens are accepted; empty
	// means that no token is. It is asked for its keys at the first token, so
	// it may start later.
	Issuer string
	// Audience is what tokens must be for; empty means "shop-api".
	Audience string
	// TrustGateway says that a gateway stands before the shop and lets through
	// only what it knows: then any X-API-Key counts as a valid key and any
	// X-Forwarded-Client-Cert as a verified certificate, both with all scopes
	// but admin. Without it both are ignored. Tokens are verified either way.
	TrustGateway bool
	// Log receives what went wrong inside; nil means slog.Default.
	Log *slog.Logger
}

// A Server is the shop's API, an http.Handler.
type Server struct {
	store *store.Store
	auth  *authenticator
	log   *slog.Logger
	mux   *http.ServeMux
	done  chan struct{} // closed by Close: long answers end
}

// New makes the API.
func New(cfg Config) (*Server, error) {
	if cfg.Store == nil {
		return nil, errors.New("making the shop's API: Config.Store is missing")
	}
	if cfg.Audience == "" {
		cfg.Audience = "shop-api"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	s := &Server{
		store: cfg.Store,
		auth:  &authenticator{issuer: strings.TrimSuffix(cfg.Issuer, "/"), audience: cfg.Audience, trust: cfg.TrustGateway},
		log:   cfg.Log, mux: http.NewServeMux(), done: make(chan struct{}),
	}
	routes := s.routes()
	document, err := json.MarshalIndent(openAPI(routes), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	for _, rt := range routes {
		s.mux.Handle(rt.method+" "+rt.path, s.guard(rt))
	}
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // the client has gone: nobody to tell
	})
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern == "" {
		s.unmatched(w, r, h)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unmatched answers 404 or 405 in the API's own form. h is what the mux would
// do: it knows the Allow header.
func (s *Server) unmatched(w http.ResponseWriter, r *http.Request, h http.Handler) {
	probe := &headerOnly{header: w.Header()}
	h.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		s.fail(w, r, problem{status: probe.status, detail: "use one of " + w.Header().Get("Allow")})
		return
	}
	s.fail(w, r, problem{status: http.StatusNotFound, detail: "no such path: see /openapi.json"})
}

// headerOnly keeps an answer's status and headers and drops its body.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }
func (h *headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// Close ends feeds and WebSockets, so that an http.Server can shut down. Call
// it once.
func (s *Server) Close() { close(s.done) }

// problem is an error with its HTTP status; detail is for the client's eyes.
type problem struct {
	status int
	detail string
}

func (p problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.detail) }

// badRequest says what cannot be understood.
func badRequest(format string, args ...any) error {
	return problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// fail writes an error. This is where errors become statuses.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problem{status: http.StatusInternalServerError, detail: "the shop could not do this"}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooLarge):
		p = problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have %d bytes", tooLarge.Limit)}
	case errors.Is(err, store.ErrNotFound):
		p = problem{http.StatusNotFound, err.Error()}
	case errors.Is(err, store.ErrConflict):
		p = problem{http.StatusConflict, err.Error()}
	case errors.Is(err, store.ErrGone):
		p = problem{http.StatusGone, err.Error()}
	case r.Context().Err() != nil:
		return // the client has gone
	default:
		s.log.Error("request", "path", r.URL.Path, "err", err)
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(Problem{Title: http.StatusText(p.status), Status: p.status, Detail: p.detail})
}

// Problem is the body of an error answer.
type Problem struct {
	// Title is the name of the status.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says what was wrong with this call.
	Detail string `json:"detail"`
}

// write sends a JSON answer.
func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone: nobody to tell
}

// read takes a JSON request body apart. Unknown fields are refused.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		return problem{http.StatusUnsupportedMediaType, "send application/json"}
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return badRequest("body: %v", err)
	}
	return nil
}
