package cli

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/accesslog"
	"github.com/gatebook/gatebook/internal/operation"
)

// logForm says how access logs are read.
type logForm struct {
	server, lines, source, api, zone string
	checked                          bool
	proxies                          []string
}

func (p *Program) importAccessLogCmd() *cobra.Command {
	var t target
	var form logForm
	var events string
	c := &cobra.Command{
		Use:   "accesslog FILE...",
		Short: "Import access logs of nginx, Apache httpd, Caddy, Traefik, HAProxy and Envoy",
		Long: "Import access logs: of nginx and Apache httpd in common and combined format, also with times and forwarded-for at the end, and as JSON; of Caddy; of Traefik, as text and JSON; of HAProxy (option httplog and httpslog, also with a header of syslog); of Envoy and Istio, as text and JSON. " +
			"The form is detected by the first lines, and said. FILE may be compressed with gzip, and is - for the standard input.\n\n" +
			"For a format of your own give --lines: the text of nginx's log_format, Apache's LogFormat or Envoy's format string, or the whole directive.\n\n" +
			"A line that cannot be read is left out; the first of them are said with their number, the field and why, and the exit code is then 2. " +
			"The same line of the same source is the same event, so that it does no harm to import a file again that has grown or was rotated; equal lines in a file are as many events. Name the source if you import from several machines.\n\n" +
			"What a log says is not verified. A user's name is a claim (level 1), and asserted (level 2) where the server logs only names that it has checked (Apache httpd, Caddy, Traefik) or --checked says that it did. docs/import.md says what becomes of each field.\n\n" +
			"With --events, nothing is sent to a server: the events are written to a file, for gatebook rules run. Their pseudonyms are made under a key that is thrown away.",
		Example: "  gatebook import accesslog /var/log/nginx/access.log --source edge\n" +
			"  zcat access.log.*.gz | gatebook import accesslog - --format apache\n" +
			"  gatebook import accesslog api.log --lines '$remote_addr [$time_iso8601] \"$request\" $status $request_time' --api shop\n" +
			"  gatebook import accesslog access.log --events events.jsonl && gatebook rules run events.jsonl",
		Args: cobra.MinimumNArgs(1),
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&events, "events", "", "write the events to a `file` (-: standard output) instead of importing them")
	f.StringVar(&form.server, "format", "", "the `server` that wrote it: "+strings.Join(accesslog.Formats, ", ")+"; without: it is detected")
	f.StringVar(&form.lines, "lines", "", "the form of the lines, as the server's `configuration` has it")
	f.StringVar(&form.source, "source", "", "a `name` for where it was written, which is part of capture.source")
	f.StringVar(&form.api, "api", "", "the configured `route` whose API it is the log of, so that its templates apply; without: they are learned for the source")
	f.BoolVar(&form.checked, "checked", false, "the server checked the names of users that it logged")
	f.StringVar(&form.zone, "zone", "", "the `zone` of times that are logged without one, as HAProxy does, such as Europe/Berlin (UTC)")
	f.StringSliceVar(&form.proxies, "trusted-proxy", nil, "an address or range of proxies whose X-Forwarded-For is believed; may be repeated")
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, name := range args {
			if info, err := os.Stat(name); name != "-" && err == nil && info.IsDir() {
				return fmt.Errorf("%s is a directory: name the files", name)
			}
		}
		if events != "" {
			return p.convert(c.Context(), args, events, form.reader)
		}
		return p.importFiles(c.Context(), &t, args, "accesslog", form.query())
	}
	return c
}

// query is what a server is told.
func (l *logForm) query() url.Values {
	q := make(url.Values)
	for name, v := range map[string]string{"server": l.server, "lines": l.lines, "source": l.source, "api": l.api, "zone": l.zone, "trusted_proxies": strings.Join(l.proxies, ",")} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if l.checked {
		q.Set("checked", strconv.FormatBool(true))
	}
	return q
}

// reader reads a file here.
func (l *logForm) reader(in io.Reader, with *local) (ingest.Reader, error) {
	c := accesslog.Config{Format: l.server, Lines: l.lines, Source: l.source, API: l.api, Checked: l.checked, Redactor: with.redactor, Pseudonym: with.pseudonym}
	proxies, err := accesslog.Prefixes(l.proxies)
	if err != nil {
		return nil, fmt.Errorf("--trusted-proxy: %w", err)
	}
	if l.zone != "" {
		if c.Zone, err = time.LoadLocation(l.zone); err != nil {
			return nil, fmt.Errorf("--zone: %q is not known: want a name such as Europe/Berlin", l.zone)
		}
	}
	name := l.api
	if name == "" {
		name = accesslog.Label(l.source)
	}
	if with.operations == nil {
		with.operations, err = operation.New(operation.Config{APIs: []operation.API{{Route: name}}})
		if err != nil {
			return nil, err
		}
	}
	if c.Describer, err = capture.NewDescriber(with.operations, nil, proxies); err != nil {
		return nil, err
	}
	return accesslog.NewReader(in, c)
}
