package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/redact"
)

// client asks the server.
type client struct {
	base  *url.URL
	token redact.Secret
	http  *http.Client
}

func newClient(c *Config) (*client, error) {
	base, err := checkServer(c.Server)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Token) == "" {
		return nil, errors.New("edge: Token: is empty; make one with: gatebook readers add NAME --role edge")
	}
	if base.Scheme == "http" && !loopback(base.Hostname()) {
		return nil, fmt.Errorf("edge: Server: %s would carry the token and the events in clear; use https", base.Redacted())
	}
	own := c.Client
	if own == nil {
		own = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	return &client{base: base, token: redact.Secret(strings.TrimSpace(c.Token)), http: own}, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// refused is an answer that is no success.
type refused struct {
	status       int
	kind, detail string
	line         int // of a delivery that is wrong, from 1; 0: none is
}

func (r *refused) Error() string {
	return fmt.Sprintf("the server answered %d: %s", r.status, r.detail)
}

// maxAnswer bounds an answer. Measures can be many.
const maxAnswer = 16 << 20

// ask sends a request and decodes the answer into v.
func (c *client) ask(ctx context.Context, wait time.Duration, method, path string, query url.Values, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+string(c.token))
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var p struct {
			Type, Detail string
			Line         int
		}
		if json.Unmarshal(answer, &p) != nil || p.Detail == "" {
			p.Detail = "it is no Gatebook, or one that takes no events of edges"
		}
		return &refused{status: res.StatusCode, kind: p.Type, detail: p.Detail, line: p.Line}
	}
	if err := json.Unmarshal(answer, v); err != nil {
		return fmt.Errorf("the server's answer is not understood: %w", err)
	}
	return nil
}

// pause is the time before the next try after failures, doubling up to 15 s and
// never the same for two edges.
func pause(failures int) time.Duration {
	d := min(100*time.Millisecond<<min(failures, 10), 15*time.Second)
	return d/2 + rand.N(d)
}

// settings returns those of the server, or those that the spool has from
// before.
func settings(ctx context.Context, c *Config, server *client) (*delivery.Settings, error) {
	for failures := 0; ; failures++ {
		s := new(delivery.Settings)
		err := server.ask(ctx, 10*time.Second, http.MethodGet, delivery.SettingsPath, nil, nil, s)
		if err == nil {
			return s, keepSettings(c, s)
		}
		var no *refused
		if errors.As(err, &no) && no.status < 500 && no.status != http.StatusTooManyRequests {
			return nil, fmt.Errorf("edge: %w", err)
		}
		if old := keptSettings(c); old != nil {
			c.Log.Warn("gatebook: the server cannot be reached; calls are recorded with the settings from before", "error", err)
			return old, nil
		}
		c.Log.Warn("gatebook: waiting for the server's settings", "server", server.base.Redacted(), "error", err)
		select {
		case <-time.After(pause(failures)):
		case <-ctx.Done():
			return nil, fmt.Errorf("edge: the server's settings, which are needed to recognise callers, were not to be had: %w", err)
		}
	}
}

func keepSettings(c *Config, s *delivery.Settings) error {
	if c.Spool == "" {
		return nil
	}
	b, err := json.Marshal(s)
	if err == nil {
		err = disk.Replace(disk.Dir(c.Spool), ".", settingsFile, b)
	}
	if err != nil {
		return fmt.Errorf("edge: Spool: keeping the settings: %w", err)
	}
	return nil
}

func keptSettings(c *Config) *delivery.Settings {
	if c.Spool == "" {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(c.Spool, settingsFile))
	s := new(delivery.Settings)
	if err != nil || json.Unmarshal(b, s) != nil || s.Edge == "" || len(s.Key) == 0 {
		return nil
	}
	return s
}

// followMeasures keeps the measures as the server has them. While it cannot be
// reached those from before are in force, each until it ends by itself.
func followMeasures(ctx context.Context, server *client, live *policy.Live, log *slog.Logger) error {
	version, failures := "", 0
	for ctx.Err() == nil {
		var m delivery.Measures
		err := server.ask(ctx, time.Minute, http.MethodGet, delivery.MeasuresPath, url.Values{"after": {version}}, nil, &m)
		var set *policy.Set
		if err == nil && m.Version != version {
			if set, err = m.Compile(live.Load()); err == nil {
				live.Store(set)
			}
		}
		if err == nil {
			version, failures = m.Version, 0
			continue
		}
		if failures++; failures == 3 {
			log.Warn("gatebook: what is blocked cannot be asked for; what was blocked stays so", "error", err)
		}
		select {
		case <-time.After(pause(failures)):
		case <-ctx.Done():
		}
	}
	return nil
}

// unreachable reports whether a request cannot have reached the server.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
