package protocols

import (
	"context"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"net/http"
)

type customer struct {
	CustomerID string `json:"customer_id" jsonschema:"the customer"`
}

// TestMCP runs the official client against the official server through the
// gateway.
func TestMCP(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "shop", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "read_customer", Description: "Reads a customer."}, func(_ context.Context, _ *mcp.CallToolRequest, in customer) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "Alice " + in.CustomerID}}}, nil, nil
	})
	server.AddResource(&mcp.Resource{URI: "shop://terms", Name: "terms"}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: "shop://terms", Text: "be kind"}}}, nil
	})
	upstream := serveHTTP(t, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	g := before(t, "http://"+upstream, "")

	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: "http://" + g.addr + "/mcp"}, nil)
	must(t, err)
	tools, err := session.ListTools(t.Context(), nil)
	must(t, err)
	if len(tools.Tools) != 1 {
		t.Fatalf("got %d tools", len(tools.Tools))
	}
	res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "read_customer", Arguments: map[string]any{"customer_id": "cus_1"}})
	must(t, err)
	if text := res.Content[0].(*mcp.TextContent).Text; text != "Alice cus_1" {
		t.Errorf("got %q", text)
	}
	_, err = session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "shop://terms"})
	must(t, err)
	session.Close()

	call := g.find("the call of the tool", func(r *record) bool { return r.Header.Operation.Name == "read_customer" })
	op := call.Header.Operation
	if op.Protocol != "mcp" || op.Type != "tools/call" || op.Action != "read" || call.Header.Outcome.RPCStatus != "ok" {
		t.Errorf("the tool: got %+v, %s", op, call.Header.Outcome.RPCStatus)
	}
	if o := call.What.Objects; len(o) == 0 || o[0].Type != "customer" || o[0].ID != "cus_1" {
		t.Errorf("the tool: got the objects %+v", o)
	}
	resource := g.find("the reading of the resource", func(r *record) bool { return r.Header.Operation.Name == "resources/read" })
	if o := resource.What.Objects; len(o) == 0 || o[0].Type != "resource" || o[0].ID != "shop://terms" {
		t.Errorf("the resource: got the objects %+v", o)
	}
	if op.Session != "" && resource.Header.Operation.Session != op.Session {
		t.Errorf("calls of one session have the sessions %q and %q", op.Session, resource.Header.Operation.Session)
	}
}
