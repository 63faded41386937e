package protocol

import (
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation/grpc"
)

// grpcCall follows a gRPC call.
type grpcCall struct {
	name     string // "pkg.Service/Method"
	method   *grpc.Method
	in, out  grpc.Frames
	answered bool
}

func (o *Observer) grpc(c *capture.Call) capture.Observation {
	g := &grpcCall{name: strings.TrimPrefix(c.Path, "/")}
	if o.cfg.Schema != nil {
		g.method = o.cfg.Schema(c.Route).Method(g.name)
	}
	g.in.Gzip = c.Header.Get("Grpc-Encoding") == "gzip"
	return g
}

func (g *grpcCall) Request(p []byte) { g.in.Write(p) }

func (g *grpcCall) Answer(_ int, h http.Header) {
	g.out = grpc.Frames{Gzip: h.Get("Grpc-Encoding") == "gzip"}
	g.answered = strings.HasPrefix(mediaType(h), "application/grpc")
}

func (g *grpcCall) Response(p []byte) {
	if g.answered {
		g.out.Write(p)
	}
}

func (g *grpcCall) End(f *capture.Facts) {
	f.Operation.Basis, f.Operation.Type = event.BasisProtocol, "unary"
	f.Operation.Action = action(g.name)
	f.RequestMessages, f.ResponseMessages = g.in.Count(), g.out.Count()
	m := g.method
	if m == nil {
		if g.in.Count() > 1 || g.out.Count() > 1 {
			f.Operation.Type = "stream"
		}
		return
	}
	switch {
	case m.ClientStream && m.ServerStream:
		f.Operation.Type = "bidirectional-stream"
	case m.ClientStream:
		f.Operation.Type = "client-stream"
	case m.ServerStream:
		f.Operation.Type = "server-stream"
	}
	if m.HasNoSideEffect {
		f.Operation.Action = event.ActionRead
	}
	messages, partial := g.in.Messages()
	c := m.Request(messages)
	f.RequestText = capture.Rendered{From: "protobuf", Text: c.JSON, Cut: c.Cut || partial}
	service := g.name[:strings.LastIndexByte(g.name, '/')]
	owner := g.name[len(service)+1:]
	for _, field := range c.Fields {
		addObject(f, owner, field.Path, field.Value)
		addResource(f, field.Path, field.Value)
	}
	messages, partial = g.out.Messages()
	c = m.Response(messages)
	f.ResponseText = capture.Rendered{From: "protobuf", Text: c.JSON, Cut: c.Cut || partial}
	if c.Items > 0 {
		f.Records = c.Items
	}
}

// addResource adds the objects of a resource name, as Google's APIs have them:
// "projects/p1/instances/i2" (AIP-122).
func addResource(f *capture.Facts, path, value string) {
	if last := path[strings.LastIndexByte(path, '.')+1:]; last != "name" && last != "parent" && last != "resource" {
		return
	}
	parts := strings.Split(value, "/")
	if len(parts)%2 != 0 || len(parts) > 12 {
		return
	}
	for i := 0; i < len(parts); i += 2 {
		addObject(f, "", parts[i]+"_id", parts[i+1])
	}
}
