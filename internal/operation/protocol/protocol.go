package protocol

import (
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/operation/grpc"
	"github.com/gatebook/gatebook/internal/operation/llm"
	"github.com/gatebook/gatebook/internal/operation/multipart"
	"github.com/gatebook/gatebook/internal/operation/soap"
)

// Config says what is known beforehand.
type Config struct {
	// Schema returns what is known of the gRPC services behind a configured
	// route; nil: nothing. It must not wait. A nil Schema knows nothing.
	Schema func(route string) *grpc.Schema
	// Session returns the keyed hash of a session's id. Required.
	Session func(id string) string
}

// MaxBody is how much of a JSON, GraphQL or SOAP request is kept to be read at
// the end of the call.
const MaxBody = 256 << 10

// Observer observes calls. It is safe for concurrent use.
type Observer struct{ cfg Config }

var _ capture.Observer = (*Observer)(nil)

// New returns an observer.
func New(cfg Config) *Observer { return &Observer{cfg} }

// Observe implements [capture.Observer].
func (o *Observer) Observe(c *capture.Call) capture.Observation {
	media := mediaType(c.Header)
	switch {
	case c.HTTP2 && strings.HasPrefix(media, "application/grpc"):
		return o.grpc(c)
	case soap.Is(media, len(c.Header["Soapaction"]) > 0):
		return &soapCall{call: c, body: buffer{limit: MaxBody}}
	case strings.HasPrefix(media, "multipart/"):
		if r := multipart.New(c.Header.Get("Content-Type")); r != nil {
			return &upload{reader: r}
		}
	case strings.EqualFold(c.Header.Get("Upgrade"), "websocket"):
		return new(socket)
	case c.Method == http.MethodPost && isJSON(media):
		if api := llm.Of(c.Path); api != "" {
			return &modelCall{api: api, body: buffer{limit: maxPrompt}}
		}
		return &jsonCall{o: o, call: c, media: media, body: buffer{limit: MaxBody}}
	case c.Method == http.MethodPost && media == "application/graphql":
		return &jsonCall{o: o, call: c, media: media, body: buffer{limit: MaxBody}}
	case c.Method == http.MethodGet && isGraphQL(c.Path) && c.Query != "":
		return &jsonCall{o: o, call: c}
	case strings.Contains(c.Header.Get("Accept"), "text/event-stream"):
		return new(events)
	}
	return nil
}

// isGraphQL reports whether a path is one at which GraphQL is usually served.
func isGraphQL(path string) bool {
	path = strings.ToLower(strings.TrimSuffix(path, "/"))
	last := path[strings.LastIndexByte(path, '/')+1:]
	return last == "graphql" || last == "gql" || last == "query" && strings.Contains(path, "graphql")
}

func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json") || media == "application/json-rpc"
}

// buffer keeps the beginning of what passes.
type buffer struct {
	limit int
	b     []byte
	cut   bool
}

func (b *buffer) add(p []byte) {
	if room := b.limit - len(b.b); len(p) > room {
		p, b.cut = p[:room], true
	}
	b.b = append(b.b, p...)
}
