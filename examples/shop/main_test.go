package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// begin runs a verb in the background and returns what its first line says.
func begin(t *testing.T, args ...string) ready {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var complaints bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, in, &complaints)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("shop %s: %v %s", args[0], err, &complaints)
		}
	})
	var r ready
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		t.Fatalf("shop %s: no ready line: %v", args[0], err)
	}
	return r
}

// TestPartsWorkTogether starts the issuer, the API and the traffic as make run
// does, without a gateway between.
func TestPartsWorkTogether(t *testing.T) {
	iss := begin(t, "issuer", "--listen", "127.0.0.1:0")
	api := begin(t, "serve", "--listen", "127.0.0.1:0", "--issuer", iss.Issuer, "--trust-gateway")
	resp, err := http.Get(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("OpenAPI document: %s", resp.Status)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("a-key-of-a-machine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, complaints bytes.Buffer
	err = run(ctx, []string{"traffic", "--target", api.API, "--issuer", iss.Issuer, "--rate", "150",
		"--api-key-file", key}, &out, &complaints)
	if err != nil {
		t.Fatal(err, complaints.String())
	}
	for _, want := range []string{"traffic: done", "errors 0", "people", "machines"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("status %q: want %q in it", out.String(), want)
		}
	}
}

func TestAllSaysWhereItIs(t *testing.T) {
	r := begin(t, "all", "--listen", "127.0.0.1:0", "--issuer-listen", "127.0.0.1:0")
	for what, url := range map[string]string{"API": r.API + "/v1/products", "keys": r.JWKS,
		"discovery": r.Issuer + "/.well-known/openid-configuration"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s at %s: %s", what, url, resp.Status)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line  string
		usage bool   // the command line itself is wrong
		want  string // in the message
	}{
		{"", true, "usage"},
		{"sell", true, "usage"},
		{"serve --colour red", true, "colour"},
		{"serve now", true, "now"},
		{"serve", false, "--issuer"},
		{"serve --trust-gateway --listen nowhere:-1", false, "opening the API"},
		{"issuer --listen 0.0.0.0:0", false, "loopback"},
		{"issuer --listen 127.0.0.1:0 --algorithm none", false, "ES256"},
		{"traffic --api-key-file " + empty, false, "one line"},
		{"traffic --client-cert x", false, "--client-key"},
		{"traffic --ca " + empty, false, "no certificate"},
	} {
		var out, complaints bytes.Buffer
		err := run(t.Context(), strings.Fields(c.line), &out, &complaints)
		if err == nil || errors.Is(err, errUsage) != c.usage {
			t.Errorf("shop %s: got %v, want usage error %v", c.line, err, c.usage)
			continue
		}
		if said := err.Error() + complaints.String(); !strings.Contains(said, c.want) {
			t.Errorf("shop %s: said %q, want %q in it", c.line, said, c.want)
		}
	}
}
