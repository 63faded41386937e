package edge

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestConfig: what is wrong is said by the name of the field, before anything
// is asked for.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		says string
	}{
		{"nothing", Config{}, "Server: is empty"},
		{"no URL", Config{Server: "127.0.0.1:8401", Token: "x"}, "Server:"},
		{"another scheme", Config{Server: "ftp://example.com", Token: "x"}, "want a URL with http or https"},
		{"no token", Config{Server: "http://127.0.0.1:1"}, "readers add NAME --role edge"},
		{"in clear", Config{Server: "http://gatebook.example.com:8401", Token: "x"}, "use https"},
		{"a password in no URL", Config{Server: "http://u:geheim@[x", Token: "x"}, "it is no URL"},
		{"a password with another scheme", Config{Server: "ftp://u:geheim@example.com", Token: "x"}, "want a URL with http or https"},
		{"a password in the URL", Config{Server: "http://u:geheim@gatebook.example.com", Token: "x"}, "use https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cfg.Log = quiet()
			_, err := Open(t.Context(), c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// TestNoGatebook: a server that is another program, or none, is named as such,
// and not asked for ever.
func TestNoGatebook(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	_, err := Open(t.Context(), Config{Server: other.URL, Token: "gbr_geheim", Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "it is no Gatebook") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = Open(ctx, Config{Server: gone.URL, Token: "gbr_geheim", Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "not to be had") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	for range 2 { // the folder is free again after a failure
		if _, err := Open(t.Context(), Config{Server: other.URL, Token: "x", Spool: dir, Log: quiet()}); err == nil || !strings.Contains(err.Error(), "it is no Gatebook") {
			t.Errorf("got %v", err)
		}
	}
}
