package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func (l *loader) checkRoutes() {
	c := l.cfg
	switch {
	case !c.Gateway.Enabled && len(c.Gateway.Routes)+len(c.Gateway.Listeners) > 0:
		l.complain("gateway.enabled", "is false, and there are routes or listeners, remove them or turn it on")
	case c.Gateway.Enabled && len(c.Gateway.Routes) == 0 && len(c.Sources) == 0:
		l.complain("gateway.routes", "is empty, add a route with an upstream, or use --upstream URL; without a gateway, for programs with the middleware: --no-gateway")
	}
	var listeners []string
	for _, ln := range c.Gateway.Listeners {
		listeners = append(listeners, ln.Name)
	}
	names := map[string]string{}
	for i, r := range c.Gateway.Routes {
		path := fmt.Sprintf("gateway.routes[%d]", i)
		l.uniqueName(path+".name", r.Name, names)
		for j, name := range r.Listeners {
			if !slices.Contains(listeners, name) {
				l.complain(fmt.Sprintf("%s.listeners[%d]", path, j), "%q is not the name of a listener%s", shorten(name), suggestName(name, listeners))
			}
		}
		l.checkMatch(path, r)
		l.checkUpstream(path, r)
		l.checkRouteIdentity(path, r)
		l.checkAPI(path+".api", r.API)
	}
	l.checkShadows()
}

// suggestName ends the sentence about an unknown name.
func suggestName(name string, known []string) string {
	if s := didYouMean(name, known); s != "" {
		return s
	}
	if len(known) == 0 {
		return ", there is none"
	}
	return ", there are: " + strings.Join(known, ", ")
}

var method = regexp.MustCompile(`^[A-Z][A-Z0-9_-]*$`)

// checkMatch checks the parts of a route that say which calls it takes.
func (l *loader) checkMatch(path string, r Route) {
	for i, host := range r.Hosts {
		at := fmt.Sprintf("%s.hosts[%d]", path, i)
		switch name := strings.TrimPrefix(host, "*."); {
		case host != strings.ToLower(host):
			l.complain(at, "%q has upper-case letters, write %s", shorten(host), shorten(strings.ToLower(host)))
		case !hostName.MatchString(name) && !isIP(name):
			l.complain(at, "%q is not a host name, write one without scheme and port, such as api.example.com or *.example.com", shorten(host))
		}
	}
	switch u, err := url.Parse(r.Path); {
	case !strings.HasPrefix(r.Path, "/"):
		l.complain(path+".path", "%q does not begin with a slash, write /%s", shorten(r.Path), shorten(r.Path))
	case err != nil || u.Path != r.Path || strings.Contains(r.Path, "//") || slices.ContainsFunc(strings.Split(r.Path, "/"), isDots):
		l.complain(path+".path", "%q is not a plain path, write it without query, percent signs, empty segments and dots", shorten(r.Path))
	}
	for i, m := range r.Methods {
		if !method.MatchString(m) {
			l.complain(fmt.Sprintf("%s.methods[%d]", path, i), "%q is not a method, write it in upper case, such as %s", shorten(m), "GET")
		}
	}
}

// checkAPI checks what is said of the API behind a route.
func (l *loader) checkAPI(path string, a API) {
	given := 0
	for _, set := range []bool{a.File != "", a.URL != nil, a.Path != ""} {
		if set {
			given++
		}
	}
	if given > 1 {
		l.complain(path, "has more than one of file, url and path, keep the one where the document is")
	}
	if a.GRPCDescriptors != "" && a.GRPCReflection {
		l.complain(path, "has both grpc_descriptors and grpc_reflection, keep one")
	}
	for key, v := range map[string]string{"path": a.Path, "base": a.Base} {
		if v != "" && !strings.HasPrefix(v, "/") {
			l.complain(path+"."+key, "%q does not begin with a slash, write /%s", shorten(v), shorten(v))
		}
	}
	for i, act := range a.Actions {
		at := fmt.Sprintf("%s.actions[%d]", path, i)
		fields := strings.Fields(act.Match)
		if len(fields) == 0 || len(fields) > 2 || !strings.HasPrefix(fields[len(fields)-1], "/") {
			l.complain(at+".match", "%q is no match, write a path such as /reports/*, or a method and a path", shorten(act.Match))
		}
		if act.Action == "" {
			l.complain(at+".action", "is missing, write read, create, update, delete, export, administer, grant or authenticate")
		}
	}
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

func (l *loader) checkUpstream(path string, r Route) {
	if r.Upstream == nil {
		l.complain(path+".upstream", "is missing, write the URL of the API such as http://127.0.0.1:3000")
		return
	}
	if r.Upstream.RawQuery != "" {
		l.complain(path+".upstream", "%q has a query, remove the ? and what follows", shorten(r.Upstream.Redacted()))
	}
	l.checkKeyPair(path+".upstream_tls", r.UpstreamTLS.Certificate, r.UpstreamTLS.Key)
	l.checkCA(path+".upstream_tls.ca", r.UpstreamTLS.CA)
	if r.UpstreamTLS != (UpstreamTLS{}) && r.Upstream.Scheme != "https" {
		l.complain(path+".upstream_tls", "has no use for an upstream of scheme %s, write https or remove it", r.Upstream.Scheme)
	}
}

func (l *loader) checkRouteIdentity(path string, r Route) {
	configured := l.cfg.Identities()
	seen := map[string]bool{}
	for i, name := range r.Identity {
		at := fmt.Sprintf("%s.identity[%d]", path, i)
		switch hint := builtinIdentity[name]; {
		case seen[name]:
			l.complain(at, "%q is in the list twice, keep one", shorten(name))
		case slices.Contains(configured, name):
		case hint != "":
			l.complain(at, "%q is not configured, set %s or remove it", name, hint)
		default:
			l.complain(at, "%q is not a way to recognise callers%s", shorten(name), suggestName(name, configured))
		}
		seen[name] = true
	}
	if r.RequireLevel > 0 && len(configured) == 0 {
		l.complain(path+".require_level", "%d refuses every call, as no identity is configured: configure one, or write 0", r.RequireLevel)
	}
}

// checkShadows reports routes that no call can reach. The most exact route
// takes a call, so only one as exact can stand before another: with the same
// host and path, for all of its listeners and methods, and earlier in the file.
func (l *loader) checkShadows() {
	routes := l.cfg.Gateway.Routes
	for i, r := range routes {
		path := fmt.Sprintf("gateway.routes[%d]", i)
		if len(r.Hosts) == 0 {
			l.checkShadow(path, i, func(before Route) bool { return len(before.Hosts) == 0 })
		}
		for k, host := range r.Hosts {
			l.checkShadow(fmt.Sprintf("%s.hosts[%d]", path, k), i, func(before Route) bool { return slices.Contains(before.Hosts, host) })
		}
	}
}

// checkShadow reports the first route before the route i that has sameHost and
// takes all of its calls there.
func (l *loader) checkShadow(path string, i int, sameHost func(Route) bool) {
	r := l.cfg.Gateway.Routes[i]
	for j, before := range l.cfg.Gateway.Routes[:i] {
		if sameHost(before) && covers(before, r) && !l.broken(i) && !l.broken(j) {
			l.complain(path, "cannot be reached, gateway.routes[%d] (%s) has the same host and path and takes all its calls: remove one, or make them differ", j, shorten(before.Name))
			return
		}
	}
}

// broken reports whether there is a problem with what decides which calls the
// route i takes, so that nothing can be said about it.
func (l *loader) broken(i int) bool {
	return slices.ContainsFunc(l.problems, func(p Problem) bool {
		key, ok := strings.CutPrefix(p.Key, fmt.Sprintf("gateway.routes[%d].", i))
		return ok && (key == "path" || strings.HasPrefix(key, "hosts") || strings.HasPrefix(key, "methods") || strings.HasPrefix(key, "listeners"))
	})
}

// covers reports whether a, which comes first, takes every call that b takes on
// the hosts that they share. Named methods come before unnamed ones.
func covers(a, b Route) bool {
	return strings.TrimSuffix(a.Path, "/") == strings.TrimSuffix(b.Path, "/") &&
		(len(a.Listeners) == 0 || len(b.Listeners) > 0 && contains(a.Listeners, b.Listeners)) &&
		(len(a.Methods) == 0) == (len(b.Methods) == 0) && contains(a.Methods, b.Methods)
}

// contains reports whether every one of sub is in list.
func contains(list, sub []string) bool {
	return !slices.ContainsFunc(sub, func(s string) bool { return !slices.Contains(list, s) })
}
