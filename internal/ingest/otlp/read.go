package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"

	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/redact"
)

// The media types of OTLP/HTTP.
const (
	Protobuf = "application/x-protobuf"
	JSON     = "application/json"
)

// MediaType returns the one of them that a Content-Type names; empty: none.
func MediaType(contentType string) string {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil || t != Protobuf && t != JSON {
		return ""
	}
	return t
}

// Config is what is needed to read. All but Source are required.
type Config struct {
	Source    string // who sends, in people's words; empty: nobody says
	Redactor  *redact.Redactor
	Describer *capture.Describer
	Pseudonym func(issuer, subject string) string // names a principal in headers of events
}

// Label returns what stands in an event's capture.source for a source.
func Label(source string) string {
	if source == "" {
		return "otlp"
	}
	return "otlp:" + source
}

// Read returns the events of what was sent: "traces" or "logs", in a media type.
// What cannot be read in it is skipped, and counted; an error says that it is no
// message of OTLP at all.
func Read(signal, media string, body []byte, cfg Config) ([]*event.Event, ingest.Skipped, error) {
	if err := ingest.CheckSource(cfg.Source); err != nil {
		return nil, ingest.Skipped{}, err
	}
	c := &converter{cfg: cfg, label: Label(cfg.Source)}
	switch signal {
	case "traces":
		// The request has the same form as the stored data.
		var m tracev1.TracesData
		if err := decode(media, body, &m); err != nil {
			return nil, c.skipped, err
		}
		for _, r := range m.ResourceSpans {
			resource := attributes(r.GetResource().GetAttributes())
			for _, s := range r.ScopeSpans {
				for _, span := range s.Spans {
					c.take(c.span(span, resource, media == JSON))
				}
			}
		}
	case "logs":
		var m logsv1.LogsData
		if err := decode(media, body, &m); err != nil {
			return nil, c.skipped, err
		}
		for _, r := range m.ResourceLogs {
			resource := attributes(r.GetResource().GetAttributes())
			for _, s := range r.ScopeLogs {
				for _, l := range s.LogRecords {
					c.take(c.log(l, resource, media == JSON))
				}
			}
		}
	default:
		return nil, c.skipped, fmt.Errorf("there is no signal %q: want traces or logs", signal)
	}
	return c.events, c.skipped, nil
}

func decode(media string, body []byte, m proto.Message) error {
	var err error
	if media == JSON {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, m)
	} else {
		err = proto.Unmarshal(body, m)
	}
	if err != nil {
		return fmt.Errorf("it is no message of OTLP: %w", err)
	}
	return nil
}

// idOf returns an id in hex, of so many bytes; empty: there is none. In JSON
// OTLP writes ids in hex, where protobuf's JSON has base64: what was read as
// that is written so again.
func idOf(b []byte, size int, json bool) string {
	if json && len(b) != size {
		text := base64.StdEncoding.EncodeToString(b)
		raw, err := hex.DecodeString(text)
		if err != nil {
			return ""
		}
		b = raw
	}
	if len(b) != size {
		return ""
	}
	return hex.EncodeToString(b)
}

// Answer returns what a sender is answered: how many spans or log records were
// not taken, and why.
func Answer(signal, media string, skipped ingest.Skipped) []byte {
	reason := ""
	if len(skipped.Problems) > 0 {
		reason = skipped.Problems[0].Reason
	}
	if media == JSON {
		if skipped.Count == 0 {
			return []byte("{}")
		}
		name := "rejectedSpans"
		if signal == "logs" {
			name = "rejectedLogRecords"
		}
		return fmt.Appendf(nil, `{"partialSuccess":{"%s":"%d","errorMessage":%s}}`, name, skipped.Count, quoted(reason))
	}
	if skipped.Count == 0 {
		return nil
	}
	var partial []byte // ExportTracePartialSuccess, ExportLogsPartialSuccess
	partial = protowire.AppendTag(partial, 1, protowire.VarintType)
	partial = protowire.AppendVarint(partial, skipped.Count)
	partial = protowire.AppendTag(partial, 2, protowire.BytesType)
	partial = protowire.AppendString(partial, reason)
	out := protowire.AppendTag(nil, 1, protowire.BytesType)
	return protowire.AppendBytes(out, partial)
}
