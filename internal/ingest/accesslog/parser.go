package accesslog

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/redact"
)

// MaxLine bounds a line in bytes. Servers' own limits are smaller.
const MaxLine = 64 << 10

// Config is what a [Parser] needs to know. Redactor, Describer and Pseudonym
// are required.
type Config struct {
	Format string // one of [Formats]; empty: it is detected
	Lines  string // a log_format of nginx, a LogFormat of Apache httpd or a format string of Envoy; empty: the server's own forms
	Source string // where the log was written, in people's words; empty: nobody says
	API    string // the configured route whose API it is the log of; empty: none

	// Checked says that the server checked the names of users that it logged,
	// where its format alone does not say so.
	Checked bool
	// Zone is that of times which are logged without one; nil: UTC.
	Zone *time.Location

	Redactor  *redact.Redactor
	Describer *capture.Describer
	Pseudonym func(issuer, subject string) string // names a principal in headers of events
}

// Label returns what stands in an event's capture.source for a source.
func Label(source string) string {
	if source == "" {
		return "accesslog"
	}
	return "accesslog:" + source
}

// Prefixes reads addresses and ranges of addresses.
func Prefixes(list []string) (out []netip.Prefix, err error) {
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if a, bare := netip.ParseAddr(s); bare == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q: want an address or a range such as 10.0.0.0/8", clip(s))
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Parser makes events of lines. It is not safe for concurrent use. Make one
// with [NewParser].
type Parser struct {
	cfg    Config
	label  string
	issuer string
	format *format // nil: not known yet
	equal  equals
}

// NewParser returns a parser, or an error that says what of the configuration
// cannot be used.
func NewParser(cfg Config) (*Parser, error) {
	if err := ingest.CheckSource(cfg.Source); err != nil {
		return nil, err
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	p := &Parser{cfg: cfg, label: Label(cfg.Source)}
	p.issuer = p.label
	known := cfg.Format == ""
	for _, name := range Formats {
		known = known || name == cfg.Format
	}
	if !known {
		return nil, fmt.Errorf("there is no format %q: want one of %s", clip(cfg.Format), strings.Join(Formats, ", "))
	}
	if cfg.Lines != "" {
		var err error
		if p.format, err = own(cfg.Format, cfg.Lines); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Detect chooses the format by the first lines of a log, if it is not known.
// Empty lines do not count.
func (p *Parser) Detect(lines []string) error {
	if p.format != nil {
		return nil
	}
	bare := make([]string, 0, len(lines))
	for _, line := range lines {
		if line = trim(line); line != "" {
			line, _ = withoutSyslog(line)
			bare = append(bare, line)
		}
	}
	if len(bare) == 0 {
		return nil
	}
	f, err := detect(p.cfg.Format, bare, p.cfg.Zone)
	if err == nil {
		p.choose(f)
	}
	return err
}

// choose takes a form. Apache httpd checks the names that it logs.
func (p *Parser) choose(f *format) {
	if p.format = f; p.cfg.Format == "apache" && !f.checked {
		own := *f
		own.checked = true
		p.format = &own
	}
}

// Known reports whether it is known which form the lines have.
func (p *Parser) Known() bool { return p.format != nil }

// Form says in words which form the lines have; empty: that is not known yet.
func (p *Parser) Form() string {
	switch {
	case p.format == nil:
		return ""
	case p.format.unzoned:
		return p.format.form + ", times read as " + p.cfg.Zone.String()
	}
	return p.format.form
}

// errLong is the error of a line of which only the beginning was read.
var errLong = fmt.Errorf("the line is longer than %d bytes", MaxLine)

// Parse makes an event of a line. An error says which field is wrong and why.
// An empty line is none: nil, without an error. [Parser.Detect] must have chosen
// a format.
func (p *Parser) Parse(line string) (*event.Event, error) {
	line = trim(line)
	if line == "" {
		return nil, nil
	}
	if p.format == nil {
		return nil, errors.New("the format is not known")
	}
	if len(line) > MaxLine {
		return nil, errLong
	}
	bare, zone := withoutSyslog(line)
	if zone == nil {
		zone = p.cfg.Zone
	}
	e := new(entry)
	places, err := p.format.parse(bare, zone, e)
	if err != nil {
		return nil, err
	}
	return p.event(bare, p.format, e, places), nil
}

func trim(line string) string { return strings.TrimRight(line, "\r\n") }

var syslogHeader = regexp.MustCompile(`^(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|(\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))) [^ ]+ [^ \[]+?(?:\[\d+\]:?|:| [^ ]+ [^ ]+ (?:-|\[[^\]]*\])) ?`)

// withoutSyslog takes off the header of syslog (RFC 3164, RFC 5424), and returns
// the zone of its time if it has one.
func withoutSyslog(line string) (string, *time.Location) {
	if line == "" || line[0] == '{' || line[0] == '[' {
		return line, nil
	}
	m := syslogHeader.FindStringSubmatchIndex(line)
	if m == nil {
		return line, nil
	}
	if m[2] >= 0 {
		if t, err := time.Parse(time.RFC3339Nano, line[m[2]:m[3]]); err == nil {
			return line[m[1]:], t.Location()
		}
	}
	return line[m[1]:], nil
}

// equals counts equal lines, by the second that they tell. Lines are forgotten
// that are older than any call lasts.
type equals struct {
	newest int64
	counts map[int64]map[[8]byte]uint32
}

// remembered is how far in seconds a line may lie behind the newest one.
const remembered = 15 * 60

// before returns how many equal lines came before this one.
func (q *equals) before(second int64, hash [8]byte) uint32 {
	if q.counts == nil {
		q.counts = make(map[int64]map[[8]byte]uint32)
	}
	if second > q.newest {
		if len(q.counts) > 2*remembered {
			for s := range q.counts {
				if s < second-remembered {
					delete(q.counts, s)
				}
			}
		}
		q.newest = second
	}
	at := q.counts[second]
	if at == nil {
		at = make(map[[8]byte]uint32)
		q.counts[second] = at
	}
	n := at[hash]
	at[hash] = n + 1
	return n
}
