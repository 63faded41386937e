package api

import (
	"context"
	"io"
	"net/http"
	"reflect"

	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/reading"
)

// Send takes in what a program sends of its log, under the name of a source;
// empty: there is none. What was sent before is left out. It is safe for
// concurrent use.
type Send func(ctx context.Context, format, source string, body io.Reader) (ingest.Result, error)

// maxSent bounds what is sent at once.
const maxSent = 256 << 20

func webhookRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/webhooks/{format}", id: "send", summary: "Send what a program logs: an EventList of Kubernetes' audit webhook. The source is the name of the token. What was sent before is left out, so that it can be sent again.",
		params: reflect.TypeFor[sendParams](), result: reflect.TypeFor[ingest.Result](), stream: true, maxBody: maxSent, handle: withParams(send),
	}}
}

type sendParams struct {
	Format  string `path:"format" doc:"Format of the body." oneof:"kubernetes"`
	Timeout string `query:"timeout" doc:"As Kubernetes sends it; it has no meaning here."`
}

func send(c *call, p sendParams) error {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSend); err != nil {
		return err
	}
	if c.cfg.Send == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "import", Detail: "nothing can be sent here"}
	}
	source := ""
	if c.reader.Role == reading.Sender {
		source = c.reader.Name
	}
	res, err := c.cfg.Send(c.r.Context(), p.Format, source, c.r.Body)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, res)
}
