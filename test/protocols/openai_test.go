package protocols

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// model is a server in the shape of OpenAI's: it answers in pieces, each when
// it is let.
func model(next chan struct{}, pieces ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i, p := range pieces {
			b, _ := json.Marshal(p)
			fmt.Fprintf(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-test-1","choices":[{"index":0,"delta":{"content":%s}}]}`+"\n\n", b)
			w.(http.Flusher).Flush()
			if next != nil && i+1 < len(pieces) {
				<-next
			}
		}
		fmt.Fprint(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-test-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n")
		fmt.Fprint(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-test-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}`+"\n\ndata: [DONE]\n\n")
	})
}

func ask(t *testing.T, addr string, each func(string)) {
	t.Helper()
	client := openai.NewClient(option.WithBaseURL("http://"+addr+"/v1"), option.WithAPIKey("sk-test-0123456789abcdef0123456789abcdef"), option.WithMaxRetries(0))
	stream := client.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
		Model:    "gpt-test",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("what is the mail address of customer 1?")},
	})
	for stream.Next() {
		if c := stream.Current().Choices; len(c) > 0 && c[0].Delta.Content != "" {
			each(c[0].Delta.Content)
		}
	}
	must(t, stream.Err())
}

// TestOpenAI asks with the official client. The server sends each piece only
// after the client has the one before, so a gateway that kept one back would
// hang.
func TestOpenAI(t *testing.T) {
	next := make(chan struct{})
	pieces := []string{"The address is ", "alice@exa", "mple.com", "."}
	g := before(t, "http://"+serveHTTP(t, model(next, pieces...)), "")
	var got []string
	ask(t, g.addr, func(s string) {
		got = append(got, s)
		if len(got) < len(pieces) {
			next <- struct{}{}
		}
	})
	if !slices.Equal(got, pieces) {
		t.Errorf("got %q, want %q", got, pieces)
	}
	e := g.find("a call to a model", func(r *record) bool { return r.Header.Operation.Protocol == "llm" })
	op := e.Header.Operation
	if op.Model != "gpt-test-1" || op.Tokens.In != 9 || op.Tokens.Out != 4 || op.Type != "openai.chat" || e.Header.Outcome.RPCStatus != "stop" {
		t.Errorf("got %+v, %s", op, e.Header.Outcome.RPCStatus)
	}
	if e.Payload.Response.Rendered != "sse" || !strings.Contains(e.Payload.Response.Body, `"text":"The address is alice@example.com."`) {
		t.Errorf("got the answer %q: %s", e.Payload.Response.Rendered, e.Payload.Response.Body)
	}
	if b, _ := json.Marshal(e); strings.Contains(string(b), "sk-test") {
		t.Errorf("the key of the API is in the record: %s", b)
	}
}

// TestFirstByte prints how much later the first piece comes through the
// gateway. What it asserts is in TestOpenAI: nothing is kept back.
func TestFirstByte(t *testing.T) {
	upstream := serveHTTP(t, model(nil, "a"))
	g := before(t, "http://"+upstream, "")
	first := func(addr string) time.Duration {
		began := time.Now()
		var took time.Duration
		ask(t, addr, func(string) { took = time.Since(began) })
		return took
	}
	var direct, through []time.Duration
	for range 60 {
		direct = append(direct, first(upstream))
		through = append(through, first(g.addr))
	}
	slices.Sort(direct)
	slices.Sort(through)
	t.Logf("time to the first token, median of 60: direct %v, through the gateway %v", direct[30], through[30])
}
