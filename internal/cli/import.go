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
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/cloudtrail"
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
	c.AddCommand(p.importCloudTrailCmd())
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
			return p.convert(c.Context(), files, events)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		for _, name := range files {
			if err := p.importFile(c.Context(), api, name); err != nil {
				return err
			}
		}
		return nil
	}
	return c
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

func (p *Program) importFile(ctx context.Context, api *client, name string) error {
	f, err := p.openLog(name)
	if err != nil {
		return err
	}
	defer f.Close()
	res, err := api.send(ctx, http.MethodPost, "/api/v1/imports/cloudtrail", nil, f)
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
	_, err = fmt.Fprintln(p.Stdout, line)
	return err
}

// convert writes files as events, as gatebook export does.
func (p *Program) convert(ctx context.Context, files []string, to string) (err error) {
	out := p.Stdout
	if to != "-" {
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("the events cannot be written: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	key := make(redact.Key, 32)
	rand.Read(key)
	redactor, err := redact.New(redact.Config{Key: key})
	if err != nil {
		return err
	}
	cfg := cloudtrail.Config{
		Pseudonym: func(issuer, subject string) string { return identity.Pseudonym(key, issuer, subject) },
		Redact: func(text []byte) []byte {
			kept, _ := redactor.Call().Body("application/json", text, false)
			return kept
		},
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
		r, err := cloudtrail.NewReader(f, cfg)
		if err == nil {
			_, err = ingest.Import(ctx, write, r)
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, errors.Join(err, w.Flush()))
		}
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
