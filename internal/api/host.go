package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// checkHost refuses requests that a web page of somebody else may have made: by
// its own origin, or by a name of its own that it made resolve to this machine.
func (c *call) checkHost() error {
	host := hostname(c.r.Host)
	if !loopbackName(host) && !isAddress(host) && !slices.Contains(c.cfg.Hosts, host) {
		return &Problem{
			Status: http.StatusForbidden, Type: "host", Detail: "the API is not to be reached as " + clip(host, 100),
			Help: "use its address or localhost, or add the name to the configured hosts",
		}
	}
	origin := c.r.Header.Get("Origin")
	site := c.r.Header.Get("Sec-Fetch-Site")
	if origin == "" && site != "cross-site" && site != "same-site" || slices.Contains(c.cfg.Origins, origin) {
		return nil
	}
	if u, err := url.Parse(origin); origin != "" && err == nil && u.Host == c.r.Host && (site == "" || site == "same-origin") {
		return nil
	}
	return &Problem{Status: http.StatusForbidden, Type: "origin", Detail: "a web page of another origin may not use the API", Help: "add the origin to the configured origins"}
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
