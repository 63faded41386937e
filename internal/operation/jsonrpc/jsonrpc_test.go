package jsonrpc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(body string, want ...Call) {
		t.Helper()
		got, err := Parse([]byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", body, got, err, want)
		}
	}
	f(`{"jsonrpc":"2.0","id":1,"method":"subtract","params":[42,23]}`, Call{Method: "subtract", Arguments: []Argument{{"0", "42"}, {"1", "23"}}})
	f(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, Call{Method: "notifications/initialized", Notification: true})
	f(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read_customer","arguments":{"id":"cus_1","with":{"orders":true}}}}`,
		Call{Method: "tools/call", Target: "read_customer", Arguments: []Argument{{"id", "cus_1"}, {"with.orders", "true"}}})
	f(`{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///etc/hosts"}}`, Call{Method: "resources/read", Resource: "file:///etc/hosts"})
	f(`[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b","params":{"x":null}}]`, Call{Method: "a"}, Call{Method: "b", Notification: true})
	f(`{"jsonrpc":"2.0","id":1,"result":{}}`) // an answer to the server
	f(`{"jsonrpc":"2.0","id":1,"method":"write to <alice@example.com>"}`, Call{})
}

func TestParseRefuses(t *testing.T) {
	for _, body := range []string{``, `{}`, `[]`, `{"method":"a","id":1}`, `{"jsonrpc":"1.0","method":"a"}`, `{"jsonrpc":"2.0","method":`,
		`[` + strings.Repeat(`{"jsonrpc":"2.0","method":"a"},`, MaxBatch) + `{"jsonrpc":"2.0","method":"a"}]`} {
		if got, err := Parse([]byte(body)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%.50s: got %+v, %v; want ErrSyntax", body, got, err)
		}
	}
}

func TestCallName(t *testing.T) {
	c := Call{Method: "tools/call", Target: "search"}
	if got, want := c.Name(), "tools/call search"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseAnswer(t *testing.T) {
	f := func(contentType, body string, want Answer) {
		t.Helper()
		if got := ParseAnswer(contentType, []byte(body)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", body, got, want)
		}
	}
	f("application/json", `{"jsonrpc":"2.0","id":1,"result":19}`, Answer{Results: 1})
	f("application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}`, Answer{Errors: 1, Code: "-32601"})
	f("application/json", `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}],"isError":true}}`, Answer{Errors: 1, Contents: 1})
	f("application/json", `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}`, Answer{Results: 1, Listed: []string{"a", "b"}})
	f("text/event-stream", "event: message\r\nid: 1\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\"}\r\n\r\n"+
		": ping\n\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{\"contents\":[{},{}]}}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"res",
		Answer{Results: 1, Contents: 2, Asked: []string{"sampling/createMessage"}})
	f("text/html", `<html>`, Answer{})
}

func FuzzParse(f *testing.F) {
	f.Add("application/json", []byte(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"t","arguments":{"a":[1,{"b":"c"}]}}}`))
	f.Add("text/event-stream", []byte("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"}]}}\n\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		ParseAnswer(contentType, body)
		calls, err := Parse(body)
		if err != nil && !errors.Is(err, ErrSyntax) {
			t.Errorf("error %v is no ErrSyntax", err)
		}
		for _, c := range calls {
			if len(c.Arguments) > maxArguments || word(c.Method) != c.Method || word(c.Target) != c.Target {
				t.Errorf("out of bounds: %+v", c)
			}
		}
	})
}
