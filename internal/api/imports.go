package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/reading"
)

// Import takes in a file of another program's log. An error that is not an
// [ImportError] is none of the file's. It is safe for concurrent use.
type Import func(ctx context.Context, as ImportAs, file io.Reader) (ingest.Result, error)

// ImportAs says what a file is. All but Format and Source is for access logs
// only.
type ImportAs struct {
	Format         string   `path:"format" doc:"Format of the file." oneof:"cloudtrail,accesslog,kubernetes"`
	Server         string   `query:"server" doc:"Access logs: the server that wrote it. Without it the form is detected by the first lines." oneof:"apache,caddy,combined,envoy,haproxy,nginx,traefik"`
	Lines          string   `query:"lines" doc:"Access logs: the form of the lines, as log_format of nginx, LogFormat of Apache httpd or a format string of Envoy."`
	Source         string   `query:"source" doc:"Access logs and audit logs of Kubernetes: a name for where it was written. Equal lines of two sources are different calls."`
	API            string   `query:"api" doc:"Access logs: the configured route whose API it is the log of, so that its templates apply."`
	Checked        bool     `query:"checked" doc:"Access logs: the server checked the names of users that it logged."`
	Zone           string   `query:"zone" doc:"Access logs: the zone of times that are logged without one, such as Europe/Berlin. Without it they are UTC."`
	TrustedProxies []string `query:"trusted_proxies" doc:"Access logs: proxies whose X-Forwarded-For is believed, as addresses or ranges."`
}

// ImportError is the error of a file that cannot be read to its end, or of what
// was said of it.
type ImportError struct{ Err error }

func (e *ImportError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *ImportError) Unwrap() error { return e.Err }

// maxImport bounds a file, as it is sent.
const maxImport = 4 << 30

func importRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/imports/{format}", id: "import", summary: "Import a file of another program's log, which is the body. What was imported before is left out.",
		params: reflect.TypeFor[ImportAs](), result: reflect.TypeFor[ingest.Result](), stream: true, maxBody: maxImport, handle: withParams(importFile),
	}}
}

func importFile(c *call, p ImportAs) error {
	ctx := c.r.Context()
	plain := ImportAs{Format: p.Format}
	if p.Format == "kubernetes" {
		plain.Source = p.Source
	}
	if p.Format != "accesslog" && !reflect.DeepEqual(p, plain) {
		return argument("format", "is "+p.Format+": parameters are given that are for access logs")
	}
	what := []event.Fact{{Name: "format", Value: p.Format}}
	if p.Source != "" {
		what = append(what, event.Fact{Name: "source", Value: clip(p.Source, 64)})
	}
	if err := c.cfg.Room.Admit(c.reader, reading.ActImport); err != nil {
		return err
	}
	if c.cfg.Import == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "import", Detail: "nothing can be imported here"}
	}
	if err := c.cfg.Room.Decide(ctx, c.reader, reading.ActImport, "import-begun", nil, what...); err != nil {
		return err
	}
	sum := sha256.New()
	body := io.TeeReader(c.r.Body, sum)
	res, err := c.cfg.Import(ctx, p, body)
	facts := append(what, event.Fact{Name: "events", Value: strconv.FormatUint(res.Events, 10)}, event.Fact{Name: "known", Value: strconv.FormatUint(res.Known, 10)})
	if res.Skipped > 0 {
		facts = append(facts, event.Fact{Name: "skipped", Value: strconv.FormatUint(res.Skipped, 10)})
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body) // what follows the end of a compressed file
	}
	ended := "imported"
	if err != nil {
		ended = "import-failed"
	} else {
		facts = append(facts, event.Fact{Name: "sha256", Value: hex.EncodeToString(sum.Sum(nil))})
	}
	noted := c.cfg.Room.Decide(context.WithoutCancel(ctx), c.reader, reading.ActImport, ended, nil, facts...)
	var file *ImportError
	switch {
	case errors.As(err, &file):
		return errors.Join(&Problem{Status: http.StatusUnprocessableEntity, Type: "import", Detail: file.Error(), Help: strconv.FormatUint(res.Events, 10) + " events before it were imported; mend the file and import it again"}, noted)
	case err != nil || noted != nil:
		return errors.Join(err, noted)
	}
	return c.json(http.StatusOK, res)
}
