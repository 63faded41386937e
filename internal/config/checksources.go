package config

import (
	"fmt"
	"slices"
	"time"

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
