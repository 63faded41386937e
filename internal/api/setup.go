package api

import (
	"context"
	"net/http"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/storage"
)

// Setup says how calls come in, for people who wait for the first one.
type Setup struct {
	Listeners []SetupListener `json:"listeners"` // of the gateway
	Routes    []SetupRoute    `json:"routes"`
	Identity  []string        `json:"identity"` // what can prove who calls: "oidc ISSUER", "api_keys", "mtls", "basic", "trusted_headers"
}

// SetupListener is a listener of the gateway.
type SetupListener struct {
	Name string `json:"name"`
	URL  string `json:"url"` // where this machine reaches it
}

// SetupRoute is a route and whether its upstream can be reached now.
type SetupRoute struct {
	Name      string   `json:"name"`
	Listeners []string `json:"listeners,omitempty"` // absent: all
	Hosts     []string `json:"hosts,omitempty"`     // absent: all
	Path      string   `json:"path"`
	Upstream  string   `json:"upstream"`        // URL, without a password
	Reachable bool     `json:"reachable"`       // a connection was made a moment ago
	Fault     string   `json:"fault,omitempty"` // why not
	Fix       string   `json:"fix,omitempty"`   // what to do
}

// setupRoutes are what the console needs beside the record.
func setupRoutes() []route {
	return []route{
		get("/api/v1/setup", "setup", "How calls come in: listeners, routes, and whether the upstreams can be reached.", setup),
		get("/api/v1/sources", "sources", "The logs that are followed: how many events, what could not be read, and how far behind.", sources),
		get("/api/v1/storage", "storage", "What is on the disk, how fast it grows, and when the disk is full.", storageUsage),
	}
}

func setup(c *call, _ none) (*Setup, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSetup); err != nil {
		return nil, err
	}
	if c.cfg.Setup == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "setup", Detail: "this Gatebook has no gateway that it could tell of"}
	}
	return c.cfg.Setup(c.r.Context()), nil
}

func storageUsage(c *call, _ none) (*storage.Usage, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSetup); err != nil {
		return nil, err
	}
	if c.cfg.Storage == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "storage", Detail: "this Gatebook does not measure its storage"}
	}
	u := c.cfg.Storage()
	if u == nil {
		return nil, &Problem{Status: http.StatusServiceUnavailable, Type: "storage", Detail: "the storage is being measured for the first time", Help: "ask again in a moment"}
	}
	return u, nil
}

// SetupFunc tells how calls come in. It may ask the upstreams, so it may take
// some seconds.
type SetupFunc func(ctx context.Context) *Setup
