package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// builtinIdentity holds the ways to recognise callers that have a fixed name,
// with what switches each of them on.
var builtinIdentity = map[string]string{
	"mtls":            "identity.mtls.enabled",
	"api_keys":        "identity.api_keys.enabled",
	"basic":           "identity.basic.users_file",
	"trusted_headers": "identity.trusted_headers.peers",
}

// Identities returns the names of the ways to recognise callers that are
// configured, in their default order: mtls, the OIDC issuers in the order of
// the file, api_keys, basic, trusted_headers.
func (c *Config) Identities() []string {
	var names []string
	if c.Identity.MTLS.Enabled {
		names = append(names, "mtls")
	}
	for _, o := range c.Identity.OIDC {
		names = append(names, o.Name)
	}
	if c.Identity.APIKeys.Enabled {
		names = append(names, "api_keys")
	}
	if c.Identity.Basic.UsersFile != "" {
		names = append(names, "basic")
	}
	if len(c.Identity.TrustedHeaders.Peers) > 0 {
		names = append(names, "trusted_headers")
	}
	return names
}

func (l *loader) checkIdentity() {
	id := l.cfg.Identity
	asks := func(ln Listener) bool { return ln.TLS.ClientAuth != ClientAuthNone }
	if id.MTLS.Enabled && !slices.ContainsFunc(l.cfg.Gateway.Listeners, asks) {
		l.complain("identity.mtls.enabled", "has no use, no listener asks for client certificates: set tls.client_auth and tls.client_ca of a listener")
	}
	names := map[string]string{}
	for i, o := range id.OIDC {
		l.checkOIDC(fmt.Sprintf("identity.oidc[%d]", i), o, names)
	}
	l.checkHeaderNames("identity.api_keys.headers", id.APIKeys.Headers)
	for i, name := range id.APIKeys.Headers {
		if strings.EqualFold(name, "Authorization") {
			l.complain(fmt.Sprintf("identity.api_keys.headers[%d]", i), "%q is always looked at for keys that begin with gbk_, and holds the tokens of others too: remove it", name)
		}
	}
	l.checkTrustedHeaders(id.TrustedHeaders)
}

func (l *loader) checkTrustedHeaders(t TrustedHeaders) {
	const path = "identity.trusted_headers"
	if t.User == "" {
		l.complain(path+".user", "is empty, name the header with the user's id")
	}
	d := Default().Identity.TrustedHeaders
	for _, h := range []struct{ key, name, def string }{{"user", t.User, d.User}, {"email", t.Email, d.Email}, {"groups", t.Groups, d.Groups}, {"tenant", t.Tenant, d.Tenant}} {
		if h.name != "" && !headerName.MatchString(h.name) {
			l.complain(path+"."+h.key, "%q is not the name of a header, write one such as X-Forwarded-User", shorten(h.name))
		}
		if len(t.Peers) == 0 && h.name != h.def {
			l.complain(path+".peers", "is empty, so that the headers are believed from nobody: name the networks of the proxies")
		}
	}
	for i, p := range t.Peers {
		if p.IsValid() && p.Bits() == 0 {
			l.complain(fmt.Sprintf("%s.peers[%d]", path, i), "%s is everybody, so that anyone could be anyone: name the networks of the proxies", p)
		}
	}
}

func (l *loader) checkOIDC(path string, o OIDC, names map[string]string) {
	l.uniqueName(path+".name", o.Name, names)
	if builtinIdentity[o.Name] != "" {
		l.complain(path+".name", "%q is the name of a built-in way to recognise callers, choose another", o.Name)
	}
	if o.Issuer == nil {
		l.complain(path+".issuer", "is missing, write the iss of its tokens, such as https://login.example.com")
	} else if o.Issuer.RawQuery != "" {
		l.complain(path+".issuer", "%q has a query, which no issuer has, remove the ? and what follows", shorten(o.Issuer.Redacted()))
	}
	for _, u := range []struct {
		key string
		url *url.URL
	}{{"issuer", o.Issuer}, {"jwks_url", o.JWKSURL}, {"introspection.url", o.Introspection.URL}} {
		if u.url != nil && u.url.Scheme == "http" && !isLoopback(u.url.Hostname()) {
			l.complain(path+"."+u.key, "%q is without TLS, so that anyone between could forge tokens: write https", shorten(u.url.Redacted()))
		}
	}
	if len(o.Audiences) == 0 {
		l.complain(path+".audiences", "is empty, so that tokens for any other API would do: name the audience of this one")
	}
	if len(o.Algorithms) == 0 {
		l.complain(path+".algorithms", "is empty, so that no token can be verified: remove the key for the default, or name some")
	}
	l.checkCA(path+".ca", o.CA)
	l.checkIntrospection(path, o)
}

func (l *loader) checkIntrospection(path string, o OIDC) {
	in := o.Introspection
	switch {
	case in.ClientID == "":
		if in.ClientSecretFile != "" || in.URL != nil {
			l.complain(path+".introspection.client_id", "is missing, issuers answer clients only: write the client that may ask")
		}
	case in.ClientSecretFile == "":
		l.complain(path+".introspection.client_secret_file", "is missing: write the name of a file with the secret of the client")
	case in.URL == nil && o.JWKSURL != nil:
		l.complain(path+".introspection.url", "is missing, and with jwks_url nothing is discovered: write the address")
	}
}

// isLoopback reports whether host cannot leave this machine.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
