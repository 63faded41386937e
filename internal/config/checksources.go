package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/accesslog"
)

// checkSources reports logs that could not be followed.
func (l *loader) checkSources() {
	names, files := map[string]string{}, map[string]string{}
	for i := range l.cfg.Sources {
		s, path := &l.cfg.Sources[i], fmt.Sprintf("sources[%d]", i)
		l.uniqueName(path+".name", s.Name, names)
		if s.File == "" {
			l.complain(path+".file", "is missing, write the path of the log")
		} else if first, twice := files[s.File]; twice {
			l.complain(path+".file", "%s is followed by %s already: remove one", s.File, first)
		} else {
			files[s.File] = path
		}
		if s.Format == "kubernetes" {
			l.checkAuditLog(path, s)
			continue
		}
		if _, err := accesslog.NewParser(accesslog.Config{Format: s.Format, Lines: s.Lines, Source: s.Name}); err != nil {
			l.complain(path, "cannot be read: %s", err)
		}
		if s.API != "" && !slices.ContainsFunc(l.cfg.Gateway.Routes, func(r Route) bool { return r.Name == s.API }) {
			l.complain(path+".api", "%q is the name of no route in gateway.routes", shorten(s.API))
		}
		if _, err := time.LoadLocation(s.Zone); err != nil {
			l.complain(path+".zone", "%q is not known, write a name such as Europe/Berlin", shorten(s.Zone))
		}
	}
}

// checkAuditLog reports what an audit log of Kubernetes cannot have.
func (l *loader) checkAuditLog(path string, s *Source) {
	if s.Name != "" && !ingest.IsSource(s.Name) {
		l.complain(path+".name", "%q: write letters, digits, points, hyphens and underscores, at most 64", shorten(s.Name))
	}
	for _, k := range []struct {
		key   string
		given bool
	}{{"lines", s.Lines != ""}, {"api", s.API != ""}, {"checked", s.Checked}, {"zone", s.Zone != ""}, {"trusted_proxies", len(s.TrustedProxies) > 0}} {
		if k.given {
			l.complain(path+"."+k.key, "is for access logs, and this is an audit log of Kubernetes: remove it")
		}
	}
}
