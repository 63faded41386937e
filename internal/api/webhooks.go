package api

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"

	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/otlp"
	"github.com/gatebook/gatebook/internal/reading"
)

// Send takes in what a program sends of its log. What was sent before is left
// out. An error that is an [ImportError] is the body's. It is safe for
// concurrent use.
type Send func(ctx context.Context, as SentAs, body io.Reader) (ingest.Result, error)

// SentAs says what is sent.
type SentAs struct {
	Format string // "kubernetes" or "otlp"
	Source string // the name of who sends; empty: an administrator does
	Signal string // of OTLP: "traces" or "logs"
	Media  string // of OTLP: "application/json" or "application/x-protobuf"
}

// maxSent bounds what is sent at once.
const maxSent = 256 << 20

func webhookRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/webhooks/{format}", id: "send", summary: "Send what a program logs: an EventList of Kubernetes' audit webhook. The source is the name of the token. What was sent before is left out, so that it can be sent again.",
		params: reflect.TypeFor[sendParams](), result: reflect.TypeFor[ingest.Result](), stream: true, maxBody: maxSent, handle: withParams(send),
	}, {
		method: http.MethodPost, path: "/api/v1/otlp/v1/{signal}", id: "otlp", summary: "Send traces or logs by OTLP/HTTP, as JSON or protobuf, also compressed with gzip: spans of servers and log records that are of calls become events. The source is the name of the token.",
		params: reflect.TypeFor[otlpParams](), result: reflect.TypeFor[otlpAnswer](), stream: true, maxBody: maxSent, handle: withParams(sendOTLP),
	}}
}

type otlpParams struct {
	Signal string `path:"signal" doc:"What is sent." oneof:"traces,logs"`
}

// otlpAnswer is what OTLP answers in JSON.
type otlpAnswer struct {
	PartialSuccess *struct {
		RejectedSpans      string `json:"rejectedSpans,omitempty"`
		RejectedLogRecords string `json:"rejectedLogRecords,omitempty"`
		ErrorMessage       string `json:"errorMessage,omitempty"`
	} `json:"partialSuccess,omitempty"` // absent: all was taken
}

// sendOTLP takes what an exporter or a collector of OpenTelemetry sends.
func sendOTLP(c *call, p otlpParams) error {
	media := otlp.MediaType(c.r.Header.Get("Content-Type"))
	if media == "" {
		return &Problem{Status: http.StatusUnsupportedMediaType, Type: "argument", Detail: "Content-Type must be application/x-protobuf or application/json"}
	}
	body := io.Reader(c.r.Body)
	switch encoding := c.r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return &Problem{Status: http.StatusBadRequest, Type: "argument", Detail: "the body is not compressed with gzip"}
		}
		body = io.LimitReader(z, maxSent)
	default:
		return &Problem{Status: http.StatusUnsupportedMediaType, Type: "argument", Detail: "Content-Encoding must be gzip, or absent"}
	}
	res, err := c.take(SentAs{Format: "otlp", Signal: p.Signal, Media: media}, body)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", media)
	_, err = c.w.Write(otlp.Answer(p.Signal, media, ingest.Skipped{Count: res.Skipped, Problems: res.Problems}))
	return err
}

type sendParams struct {
	Format  string `path:"format" doc:"Format of the body." oneof:"kubernetes"`
	Timeout string `query:"timeout" doc:"As Kubernetes sends it; it has no meaning here."`
}

func send(c *call, p sendParams) error {
	res, err := c.take(SentAs{Format: p.Format}, c.r.Body)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, res)
}

// take hands over what a sender sends.
func (c *call) take(as SentAs, body io.Reader) (ingest.Result, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSend); err != nil {
		return ingest.Result{}, err
	}
	if c.cfg.Send == nil {
		return ingest.Result{}, &Problem{Status: http.StatusNotImplemented, Type: "import", Detail: "nothing can be sent here"}
	}
	if c.reader.Role == reading.Sender {
		as.Source = c.reader.Name
	}
	res, err := c.cfg.Send(c.r.Context(), as, body)
	var bad *ImportError
	if errors.As(err, &bad) {
		err = &Problem{Status: http.StatusBadRequest, Type: "import", Detail: bad.Error()}
	}
	return res, err
}
