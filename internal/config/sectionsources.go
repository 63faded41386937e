package config

import "net/netip"

// Source is a log that is followed.
type Source struct {
	// A unique name, for the record: the source of its events is "accesslog:"
	// (or "kubernetes:") and this. Equal lines of two sources are different calls, so do not
	// change it.
	Name string `key:"name"`

	// The log. It may be rotated in any way, and need not exist yet.
	File string `key:"file" file:"path"`

	// The server that writes it: apache, caddy, combined, envoy, haproxy, nginx
	// or traefik. Empty: the form is detected by the first lines. For the audit
	// log of a Kubernetes API server write kubernetes.
	Format string `key:"format"`

	// The form of the lines, if it is your own: log_format of nginx, LogFormat
	// of Apache httpd, or a format string of Envoy.
	Lines string `key:"lines"`

	// Where to begin when the log is followed for the first time.
	Begin SourceBegin `key:"begin" default:"beginning"`

	// The route whose API it is the log of, so that its templates apply. Empty:
	// templates are learned for the source.
	API string `key:"api"`

	// The server checked the names of users that it logs. For nginx it need
	// not have.
	Checked bool `key:"checked" default:"false"`

	// The zone of times that are logged without one, such as Europe/Berlin.
	// Empty: UTC.
	Zone string `key:"zone"`

	// Proxies whose X-Forwarded-For header is believed. Empty: nobody's.
	TrustedProxies []netip.Prefix `key:"trusted_proxies"`
}

// SourceBegin says where a log is begun.
type SourceBegin string

// The places where a log can be begun.
const (
	BeginBeginning SourceBegin = "beginning"
	BeginEnd       SourceBegin = "end"
)

func (SourceBegin) values() []string {
	return []string{string(BeginBeginning), string(BeginEnd)}
}
