package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/cloudtrail"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/redact"
)

func (p *Program) importCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Take in what others have logged",
		Long:  "Take in what others have logged: each record becomes an event, is sealed, can be found, and is judged by the rules of detection. What was imported before is left out.",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.importAccessLogCmd(), p.importCloudTrailCmd(), p.importKubernetesCmd())
	return c
}

func (p *Program) importCloudTrailCmd() *cobra.Command {
	var t target
	var events string
	c := &cobra.Command{
		Use:   "cloudtrail FILE|DIRECTORY...",
		Short: "Import what AWS CloudTrail logged",
		Long: "Import what AWS CloudTrail logged: log files from S3, answers of aws cloudtrail lookup-events, events of EventBridge, or records one after the other; each also compressed with gzip. FILE is - for the standard input. " +
			"Of a directory, all files below it whose names end in .json, .jsonl or .gz are taken, in the order of their names.\n\n" +
			"AWS has verified who made the calls, and Gatebook has not: they are identities that were asserted (level 2). Secrets are taken out of the records before they are kept. " +
			"An event that is in the ledger already, from this file or another, is left out, so that it does no harm to import again. docs/import.md says what becomes of each field.\n\n" +
			"With --events, nothing is sent to a server: the events are written to a file, for gatebook rules run. Their pseudonyms are made under a key that is thrown away.",
		Example: "  gatebook import cloudtrail AWSLogs/123456789012/CloudTrail/\n" +
			"  aws cloudtrail lookup-events --output json | gatebook import cloudtrail -\n" +
			"  gatebook import cloudtrail trail.json.gz --events events.jsonl && gatebook rules run events.jsonl",
		Args: cobra.MinimumNArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&events, "events", "", "write the events to a `file` (-: standard output) instead of importing them")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		files, err := logFiles(args)
		if err != nil {
			return err
		}
		if events != "" {
			return p.convert(c.Context(), files, events, func(in io.Reader, l *local) (ingest.Reader, error) {
				return cloudtrail.NewReader(in, cloudtrail.Config{Pseudonym: l.pseudonym, Redact: l.json})
			})
		}
		return p.importFiles(c.Context(), &t, files, "cloudtrail", nil)
	}
	return c
}

// importFiles sends files to a server, one after the other.
func (p *Program) importFiles(ctx context.Context, t *target, files []string, format string, as url.Values) (err error) {
	api, err := p.connect(ctx, t)
	if err != nil {
		return err
	}
	defer api.close(&err)
	for _, name := range files {
		if err := p.importFile(ctx, api, name, format, as); err != nil {
			return err
		}
	}
	return nil
}

// logFiles lists the files that are meant.
func logFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		if arg == "-" {
			files = append(files, arg)
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("the log cannot be read: %w", err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && slices.Contains([]string{".json", ".jsonl", ".gz"}, filepath.Ext(name)) && !strings.Contains(name, "CloudTrail-Digest") {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("the log cannot be read: %w", err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: there is no file below it whose name ends in .json, .jsonl or .gz", arg)
		}
	}
	return files, nil
}

func (p *Program) openLog(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the log cannot be read: %w", err)
	}
	return f, nil
}

func (p *Program) importFile(ctx context.Context, api *client, name, format string, as url.Values) error {
	f, err := p.openLog(name)
	if err != nil {
		return err
	}
	defer f.Close()
	res, err := api.send(ctx, http.MethodPost, "/api/v1/imports/"+format, as, f)
	if err != nil {
		var failed *failure
		if errors.As(err, &failed) {
			failed.Detail = name + ": " + failed.Detail
		}
		return err
	}
	defer res.Body.Close()
	var done ingest.Result
	if err := decode(res.Body, &done); err != nil {
		return err
	}
	line := fmt.Sprintf("%s: %d events imported", clean(name), done.Events)
	if done.Known > 0 {
		line += fmt.Sprintf(", %d were known", done.Known)
	}
	if !done.First.IsZero() {
		line += fmt.Sprintf(", from %s to %s", done.First.Format("2006-01-02T15:04:05Z"), done.Last.Format("2006-01-02T15:04:05Z"))
	}
	if done.Form != "" {
		line += "; form: " + done.Form
	}
	_, err = fmt.Fprintln(p.Stdout, line)
	p.skipped(name, &done)
	return err
}

// skipped says which lines were left out. The exit code says that there are
// some.
func (p *Program) skipped(name string, done *ingest.Result) {
	if done.Skipped == 0 {
		return
	}
	p.code = ExitError
	fmt.Fprintf(p.Stderr, "%s: %d lines could not be read, and were left out\n", clean(name), done.Skipped)
	for _, x := range done.Problems {
		fmt.Fprintf(p.Stderr, "%s:%d: %s\n", clean(name), x.Line, clean(x.Reason))
	}
	if n := done.Skipped - uint64(len(done.Problems)); n > 0 {
		fmt.Fprintf(p.Stderr, "%s: and %d more\n", clean(name), n)
	}
}

// local is what events are made with where there is no server: its key is
// thrown away.
type local struct {
	key        redact.Key
	redactor   *redact.Redactor
	operations *operation.Tracker // nil: not made yet
}

func newLocal() (*local, error) {
	l := &local{key: make(redact.Key, 32)}
	rand.Read(l.key)
	var err error
	l.redactor, err = redact.New(redact.Config{Key: l.key})
	return l, err
}

func (l *local) pseudonym(issuer, subject string) string {
	return identity.Pseudonym(l.key, issuer, subject)
}

// json takes the secrets out of a JSON text.
func (l *local) json(text []byte) []byte {
	kept, _ := l.redactor.Call().Body("application/json", text, false)
	return kept
}

// convert writes files as events, as gatebook export does.
func (p *Program) convert(ctx context.Context, files []string, to string, open func(io.Reader, *local) (ingest.Reader, error)) (err error) {
	out := p.Stdout
	if to != "-" {
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("the events cannot be written: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	l, err := newLocal()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	write := ingest.Config{Record: func(_ context.Context, events []*event.Event) error {
		for _, e := range events {
			if err := writeEvent(w, e); err != nil {
				return err
			}
		}
		return nil
	}}
	for _, name := range files {
		f, err := p.openLog(name)
		if err != nil {
			return err
		}
		var done ingest.Result
		r, err := open(f, l)
		if err == nil {
			done, err = ingest.Import(ctx, write, r)
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, errors.Join(err, w.Flush()))
		}
		p.skipped(name, &done)
	}
	return w.Flush()
}

// writeEvent writes one line of the form that gatebook export has.
func writeEvent(w io.Writer, e *event.Event) error {
	s, err := e.Seal(new([event.Classes]event.Salt))
	if err != nil {
		return err
	}
	line := map[string]json.RawMessage{"header": s.Header}
	for c, env := range s.Envelopes {
		if env != nil {
			line[event.Class(c).String()] = env.Data
		}
	}
	return lines(w).Encode(line)
}
