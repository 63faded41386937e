package llm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	f := func(path string, want API) {
		t.Helper()
		if got := Of(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	f("/v1/chat/completions", Chat)
	f("/openai/deployments/gpt/completions/", Completions)
	f("/v1/responses", Responses)
	f("/v1/embeddings", Embeddings)
	f("/v1/messages", Messages)
	f("/v1/messages/4711", "")
	f("/v1/customers", "")
}

func TestParseRequest(t *testing.T) {
	f := func(api API, body string, want Request) {
		t.Helper()
		want.API = api
		got, err := ParseRequest(api, []byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", body, got, err, want)
		}
	}
	f(Chat, `{"model":"gpt-5","stream":true,"messages":[{"role":"system","content":"x"},{"role":"user","content":"y"}],"tools":[{"type":"function","function":{"name":"search"}},{"type":"function","function":{"name":"add"}}],"max_completion_tokens":100,"user":"u-1"}`,
		Request{Model: "gpt-5", Stream: true, Messages: 2, Tools: []string{"add", "search"}, Limit: 100, User: "u-1"})
	f(Messages, `{"model":"claude","max_tokens":1024,"system":"be brief","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"get_customer","input_schema":{}}],"metadata":{"user_id":"u-2"}}`,
		Request{Model: "claude", Messages: 2, Tools: []string{"get_customer"}, Limit: 1024, User: "u-2"})
	f(Responses, `{"model":"gpt-5","input":"hi","tools":[{"type":"web_search"},{"type":"function","name":"f"}]}`, Request{Model: "gpt-5", Messages: 1, Tools: []string{"f", "web_search"}})
	f(Embeddings, `{"model":"e","input":["a","b"]}`, Request{Model: "e", Messages: 1})
	f(Completions, `{"model":"m","prompt":"once"}`, Request{Model: "m", Messages: 1})
	f(Chat, `{"model":"ask <alice@example.com>","messages":[{}]}`, Request{Messages: 1})
	for _, body := range []string{``, `{}`, `{"model":"m"}`, `{"messages":[{}]}`, `{"model":"m","messages":[{}]`} {
		if _, err := ParseRequest(Chat, []byte(body)); !errors.Is(err, ErrShape) {
			t.Errorf("%s: got %v, want ErrShape", body, err)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	f := func(body string, want Answer) {
		t.Helper()
		got, ok := ParseAnswer([]byte(body))
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", body, got, ok, want)
		}
	}
	f(`{"model":"gpt-5-2026","choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"search","arguments":"{\"q\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}}`,
		Answer{Model: "gpt-5-2026", Input: 12, Cached: 8, Output: 3, Called: []string{"search"}, Stop: "tool_calls", Calls: []Call{{"search", `{"q":1}`}}})
	f(`{"model":"claude","type":"message","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"get","input":{"id":7}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"cache_read_input_tokens":20,"output_tokens":9}}`,
		Answer{Model: "claude", Input: 25, Cached: 20, Output: 9, Called: []string{"get"}, Stop: "tool_use", Text: "Hi", Calls: []Call{{"get", `{"id":7}`}}})
	f(`{"model":"gpt-5","status":"completed","output":[{"type":"reasoning"},{"type":"web_search_call"},{"type":"message","content":[{"type":"output_text","text":"Yes"}]},{"type":"function_call","name":"f","arguments":"{}"}],"usage":{"input_tokens":4,"output_tokens":2}}`,
		Answer{Model: "gpt-5", Input: 4, Output: 2, Called: []string{"web_search", "f"}, Text: "Yes", Calls: []Call{{"web_search", ""}, {"f", "{}"}}})
	if a, ok := ParseAnswer([]byte(`{"error":{"message":"no"}}`)); ok {
		t.Errorf("an error: got %+v", a)
	}
}

// TestStream reads recorded shapes of streams, in every cut.
func TestStream(t *testing.T) {
	want := map[string]Answer{
		"openai-chat": {Model: "gpt-5-2026", Input: 11, Output: 6, Called: []string{"search"}, Stop: "tool_calls", Text: "Let me see.", Calls: []Call{{"search", `{"q":"x"}`}}},
		"anthropic":   {Model: "claude-x", Input: 30, Cached: 5, Output: 17, Called: []string{"get_customer"}, Stop: "tool_use", Text: "Looking.", Calls: []Call{{"get_customer", `{"id":"cus_1"}`}}},
		"responses":   {Model: "gpt-5-2026", Input: 8, Output: 4, Called: []string{"f"}, Stop: "completed", Text: "Hello", Calls: []Call{{"f", `{"a":1}`}}},
	}
	for name, want := range want {
		b, err := os.ReadFile(filepath.Join("testdata", name+".sse"))
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range []int{len(b), 1, 7, 100} {
			var s Stream
			for rest := b; len(rest) > 0; {
				n := min(piece, len(rest))
				s.Write(rest[:n])
				rest = rest[n:]
			}
			if got := s.Answer(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s in pieces of %d:\n got %+v\nwant %+v", name, piece, got, want)
			}
		}
	}
}

func TestStreamIsBounded(t *testing.T) {
	var s Stream
	for range 3000 {
		fmt.Fprintf(&s, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", strings.Repeat("x", 100))
	}
	for i := range 200 {
		fmt.Fprintf(&s, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%d,\"function\":{\"name\":\"t%d\",\"arguments\":\"{}\"}}]}}]}\n\n", i, i)
	}
	fmt.Fprintf(&s, "data: %s\n\n", strings.Repeat("y", 2*MaxLine))
	fmt.Fprintf(&s, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n")
	a := s.Answer()
	if len(a.Text) != MaxText || len(a.Calls) != maxCalls || len(a.Called) != maxTools || !a.Cut || a.Output != 2 {
		t.Errorf("got %d bytes of text, %d calls, %d tools, cut %v, %d tokens made", len(a.Text), len(a.Calls), len(a.Called), a.Cut, a.Output)
	}
}

func FuzzStream(f *testing.F) {
	for _, name := range []string{"openai-chat", "anthropic", "responses"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".sse"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 5)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		ParseAnswer(b)
		var whole, parts Stream
		whole.Write(b)
		if cut = max(cut%64, 1); true {
			for rest := b; len(rest) > 0; {
				n := min(cut, len(rest))
				parts.Write(rest[:n])
				rest = rest[n:]
			}
		}
		if a, b := whole.Answer(), parts.Answer(); !reflect.DeepEqual(a, b) {
			t.Errorf("in pieces of %d: got %+v, whole %+v", cut, b, a)
		}
	})
}
