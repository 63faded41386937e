package gateway

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
)

// route is a Route made ready.
type route struct {
	Route
	to      carrier
	options []capture.Options // by listener
	base    string            // path before that of the call, without final slash
	host    string            // of the API
	answer  time.Duration
	idle    time.Duration
	client  time.Duration
}

// routeSet finds routes. It is immutable.
type routeSet struct {
	exact    map[string][]*route // by host
	wildcard map[string][]*route // by what follows "*."
	any      []*route
	none     []capture.Options // for calls without route, by listener
	carriers map[carrierKey]carrier
}

func newRouteSet(routes []*route, listeners []string, carriers map[carrierKey]carrier) *routeSet {
	s := &routeSet{exact: map[string][]*route{}, wildcard: map[string][]*route{}, carriers: carriers}
	for _, r := range routes {
		for _, l := range listeners {
			o := r.Capture
			o.Source, o.Route = l, r.Name
			r.options = append(r.options, o)
		}
		for _, h := range r.Hosts {
			h = strings.ToLower(h)
			if parent, ok := strings.CutPrefix(h, "*."); ok {
				s.wildcard[parent] = append(s.wildcard[parent], r)
			} else {
				s.exact[h] = append(s.exact[h], r)
			}
		}
		if len(r.Hosts) == 0 {
			s.any = append(s.any, r)
		}
	}
	for _, l := range listeners {
		s.none = append(s.none, capture.Options{Source: l})
	}
	sortRoutes(s.any)
	for _, m := range []map[string][]*route{s.exact, s.wildcard} {
		for _, list := range m {
			sortRoutes(list)
		}
	}
	return s
}

// sortRoutes puts what is more exact first.
func sortRoutes(list []*route) {
	slices.SortStableFunc(list, func(a, b *route) int {
		return cmp.Or(cmp.Compare(len(strings.TrimSuffix(b.Path, "/")), len(strings.TrimSuffix(a.Path, "/"))), cmp.Compare(min(len(b.Methods), 1), min(len(a.Methods), 1)))
	})
}

// find returns the route of a call, or nil. Ambiguous says that other readers
// of the same path could come to another route.
func (s *routeSet) find(r *http.Request) (found *route, ambiguous bool) {
	host := capture.HostName(r.Host)
	found = s.match(host, r.URL.Path, r.Method)
	if r.URL.RawPath == "" && plainPath(r.URL.Path) {
		return found, false
	}
	for _, other := range []string{r.URL.EscapedPath(), r.URL.Path, strings.ReplaceAll(r.URL.Path, `\`, "/")} {
		if s.match(host, other, r.Method) != found || s.match(host, path.Clean("/"+other), r.Method) != found {
			return nil, true
		}
	}
	return found, false
}

// plainPath reports whether a path has one reading.
func plainPath(p string) bool {
	return !strings.Contains(p, "//") && !strings.Contains(p, "/.") && strings.IndexByte(p, '\\') < 0
}

func (s *routeSet) match(host, path, method string) *route {
	if r := first(s.exact[host], path, method); r != nil {
		return r
	}
	if _, parent, ok := strings.Cut(host, "."); ok && len(s.wildcard) > 0 {
		if r := first(s.wildcard[parent], path, method); r != nil {
			return r
		}
	}
	return first(s.any, path, method)
}

func first(list []*route, path, method string) *route {
	for _, r := range list {
		if under(path, r.Path) && (len(r.Methods) == 0 || slices.Contains(r.Methods, method)) {
			return r
		}
	}
	return nil
}

// under reports whether path is prefix or lies below it.
func under(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/' || prefix == "")
}
