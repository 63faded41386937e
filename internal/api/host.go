package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// secretParams are parameters of URLs that tools use for what must not be in
// one.
var secretParams = []string{"token", "access_token", "id_token", "refresh_token", "api_key", "apikey", "key", "password", "bearer", "authorization"}

// checkURL refuses requests with a secret in their URL.
func (c *call) checkURL() error {
	query, _ := url.ParseQuery(c.r.URL.RawQuery)
	for name := range query {
		if slices.Contains(secretParams, strings.ToLower(name)) {
			return &Problem{
				Status: http.StatusBadRequest, Type: "token-in-url", Detail: "the URL has a parameter " + clip(strings.ToLower(name), 20) + ": secrets in URLs end up in logs and histories, so it was not looked at",
				Help: "send the header Authorization: Bearer TOKEN; if the URL held a real token, revoke it and make another",
			}
		}
	}
	return nil
}

// checkHost refuses requests that a web page of somebody else may have made
// under a name of its own that it made resolve to this machine.
func (c *call) checkHost() error {
	host := hostname(c.r.Host)
	if !loopbackName(host) && !isAddress(host) && !slices.Contains(c.cfg.Hosts, host) {
		return &Problem{
			Status: http.StatusForbidden, Type: "host", Detail: "the API is not to be reached as " + clip(host, 100),
			Help: "use its address or localhost, or add the name to the configured hosts",
		}
	}
	return nil
}

// checkOrigin refuses requests that a web page of another origin made.
func (c *call) checkOrigin() error {
	origin := c.r.Header.Get("Origin")
	site := c.r.Header.Get("Sec-Fetch-Site")
	if origin == "" && site != "cross-site" && site != "same-site" || slices.Contains(c.cfg.Origins, origin) {
		return nil
	}
	if c.ownOrigin() && (site == "" || site == "same-origin") {
		return nil
	}
	return &Problem{Status: http.StatusForbidden, Type: "origin", Detail: "a web page of another origin may not use the API", Help: "add the origin to the configured origins"}
}

// ownOrigin reports whether the request names an origin that is this listener's.
func (c *call) ownOrigin() bool {
	u, err := url.Parse(c.r.Header.Get("Origin"))
	return err == nil && u.Host != "" && u.Host == c.r.Host
}

// hostname returns the host of a Host header in lower case, without the port.
func hostname(s string) string {
	if h, _, err := net.SplitHostPort(s); err == nil {
		s = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(s, "[]"), "."))
}

func loopbackName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isAddress reports whether host is an IP address. No one can rebind that.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "")
}
