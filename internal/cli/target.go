package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// target says whose record is read.
type target struct {
	data, server, tokenFile, reason string
}

func (t *target) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.data, "data", "./gatebook-data", "the data `directory` to read")
	f.StringVar(&t.server, "server", "", "the `URL` of a server's operations listener, instead of --data")
	f.StringVar(&t.tokenFile, "token-file", "", "a `file` with your bearer token; without it GATEBOOK_TOKEN; without that, with --data, the administrator's")
	f.StringVar(&t.reason, "reason", "", "why you look, for the record")
}

// Names of what serve leaves in the data directory for the other verbs.
const (
	opsFile   = "ops.json"       // {"url": …}: where the operations listener is
	tokenFile = "keys/ops.token" // the administrator's bearer token
)

// connect finds the API.
func (p *Program) connect(ctx context.Context, t *target) (*client, error) {
	if t.server == "" {
		return p.connectData(ctx, t)
	}
	u, err := url.Parse(t.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--server %q is not a URL like http://127.0.0.1:8401", t.server)
	}
	token, err := p.ownToken(t)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, errors.New("there is no token for the server: name a file with --token-file, or set GATEBOOK_TOKEN")
	}
	return newClient(u, token, t.reason, http.DefaultTransport, nil), nil
}

// ownToken returns the token of the reader who runs the verb; empty if none was
// named.
func (p *Program) ownToken(t *target) (string, error) {
	if t.tokenFile != "" {
		return readToken(t.tokenFile)
	}
	return p.Getenv("GATEBOOK_TOKEN"), nil
}

// connectData finds the server that runs on the data directory, or opens the
// directory in this process.
func (p *Program) connectData(ctx context.Context, t *target) (*client, error) {
	if info, err := os.Stat(t.data); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no data directory %s: name one with --data, or a server with --server; gatebook serve makes one", t.data)
	}
	own, err := p.ownToken(t)
	if err != nil {
		return nil, err
	}
	if c := runningServer(ctx, t, own); c != nil {
		return c, nil
	}
	if p.Local == nil {
		return nil, fmt.Errorf("no server runs on %s: start gatebook serve --data %s, or name a server with --server", t.data, t.data)
	}
	h, token, end, err := p.Local(ctx, t.data)
	if err != nil {
		return nil, err
	}
	if own != "" {
		token = own
	}
	u := &url.URL{Scheme: "http", Host: "gatebook.localhost"}
	return newClient(u, token, t.reason, inProcess{h}, end), nil
}

// runningServer returns the client of the server on the data directory, or nil.
// With an empty token it takes the administrator's.
func runningServer(ctx context.Context, t *target, token string) *client {
	b, err := os.ReadFile(filepath.Join(t.data, opsFile))
	if err != nil {
		return nil
	}
	var ops struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(b, &ops) != nil {
		return nil
	}
	u, err := url.Parse(ops.URL)
	if err != nil || u.Host == "" {
		return nil
	}
	if token == "" {
		if token, err = readToken(filepath.Join(t.data, filepath.FromSlash(tokenFile))); err != nil {
			return nil
		}
	}
	// The file outlives a server that was killed.
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil
	}
	conn.Close()
	return newClient(u, token, t.reason, http.DefaultTransport, nil)
}

func readToken(name string) (string, error) {
	b, err := os.ReadFile(name)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return "", fmt.Errorf("the token file %s cannot be read: %w", name, pe.Err)
	}
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsAny(token, " \n\r\t") {
		return "", fmt.Errorf("the token file %s does not hold one token", name)
	}
	return token, nil
}
