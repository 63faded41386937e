package protocols

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
)

// TestGRPC runs grpc-go's interoperability cases through the gateway, which
// learns the services by reflection, and looks at what it recorded.
func TestGRPC(t *testing.T) {
	l := listen(t)
	server := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	reflection.Register(server)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	g := before(t, "h2c://"+l.Addr().String(), "      api:\n        grpc_reflection: true\n")

	conn, err := grpc.NewClient(g.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer conn.Close()
	client := testgrpc.NewTestServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	g.await("the services are known", func(r *record) bool { return r.Payload.Response.Rendered == "protobuf" }, func() {
		_, err := client.EmptyCall(ctx, &testgrpc.Empty{})
		must(t, err)
	})
	for _, c := range []struct {
		name string
		run  func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)
	}{
		{"empty_unary", interop.DoEmptyUnaryCall}, {"large_unary", interop.DoLargeUnaryCall}, {"client_streaming", interop.DoClientStreaming},
		{"server_streaming", interop.DoServerStreaming}, {"ping_pong", interop.DoPingPong}, {"empty_stream", interop.DoEmptyStream},
		{"custom_metadata", interop.DoCustomMetadata}, {"status_code_and_message", interop.DoStatusCodeAndMessage},
		{"special_status_message", interop.DoSpecialStatusMessage}, {"timeout_on_sleeping_server", interop.DoTimeoutOnSleepingServer},
		{"cancel_after_begin", interop.DoCancelAfterBegin}, {"cancel_after_first_response", interop.DoCancelAfterFirstResponse},
	} {
		t.Log(c.name)
		c.run(ctx, client) // ends the process if it fails
	}

	is := func(name, kind string) func(*record) bool {
		return func(r *record) bool {
			return r.Header.Operation.Name == "grpc.testing.TestService/"+name && r.Header.Operation.Type == kind
		}
	}
	e := g.find("server streaming", is("StreamingOutputCall", "server-stream"))
	if e.Header.Request.Messages != 1 || e.Header.Response.Messages != 4 || e.Payload.Request.Rendered != "protobuf" {
		t.Errorf("server streaming: got %d and %d messages, %q", e.Header.Request.Messages, e.Header.Response.Messages, e.Payload.Request.Rendered)
	}
	if want := `{"response_parameters":[{"size":31415},{"size":9},{"size":2653},{"size":58979}]}`; e.Payload.Request.Body != want {
		t.Errorf("server streaming: got the request %s, want %s", e.Payload.Request.Body, want)
	}
	e = g.find("client streaming", is("StreamingInputCall", "client-stream"))
	if e.Header.Request.Messages != 4 || e.Payload.Response.Body != `{"aggregated_payload_size":74922}` {
		t.Errorf("client streaming: got %d messages and %s", e.Header.Request.Messages, e.Payload.Response.Body)
	}
	e = g.find("ping pong", is("FullDuplexCall", "bidirectional-stream"))
	e = g.find("a failed call", func(r *record) bool { return r.Header.Outcome.RPCStatus == "UNKNOWN" })
	if e.Header.Operation.Protocol != "grpc" || e.Header.Operation.Basis != "protocol" {
		t.Errorf("a failed call: got %+v", e.Header.Operation)
	}
}
