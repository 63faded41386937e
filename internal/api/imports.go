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
type Import func(ctx context.Context, format string, file io.Reader) (ingest.Result, error)

// ImportFormats are the formats of files that can be imported.
var ImportFormats = []string{"cloudtrail"}

// ImportError is the error of a file that cannot be read to its end.
type ImportError struct{ Err error }

func (e *ImportError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *ImportError) Unwrap() error { return e.Err }

// maxImport bounds a file, as it is sent.
const maxImport = 4 << 30

func importRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/imports/{format}", id: "import", summary: "Import a file of another program's log, which is the body. What was imported before is left out.",
		params: reflect.TypeFor[importParams](), result: reflect.TypeFor[ingest.Result](), stream: true, maxBody: maxImport, handle: withParams(importFile),
	}}
}

type importParams struct {
	Format string `path:"format" doc:"Format of the file." oneof:"cloudtrail"`
}

func importFile(c *call, p importParams) error {
	ctx := c.r.Context()
	format := event.Fact{Name: "format", Value: p.Format}
	if err := c.cfg.Room.Admit(c.reader, reading.ActImport); err != nil {
		return err
	}
	if c.cfg.Import == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "import", Detail: "nothing can be imported here"}
	}
	if err := c.cfg.Room.Decide(ctx, c.reader, reading.ActImport, "import-begun", nil, format); err != nil {
		return err
	}
	sum := sha256.New()
	body := io.TeeReader(c.r.Body, sum)
	res, err := c.cfg.Import(ctx, p.Format, body)
	facts := []event.Fact{format, {Name: "events", Value: strconv.FormatUint(res.Events, 10)}, {Name: "known", Value: strconv.FormatUint(res.Known, 10)}}
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
