package otlp

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/redact"
)

func config(t testing.TB) Config {
	t.Helper()
	r, err := redact.New(redact.Config{Key: redact.Key(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	o, err := operation.New(operation.Config{APIs: []operation.API{{Route: Label("shop")}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := capture.NewDescriber(o, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Source: "shop", Redactor: r, Describer: d, Pseudonym: func(issuer, subject string) string { return "p(" + issuer + " " + subject + ")" }}
}

// attributesOf writes "name=value" as attributes; values of digits are numbers.
func attributesOf(list string) string {
	var out []string
	for pair := range strings.FieldsSeq(list) {
		name, v, _ := strings.Cut(pair, "=")
		value := fmt.Sprintf(`{"stringValue":%q}`, v)
		if strings.Trim(v, "0123456789") == "" {
			value = fmt.Sprintf(`{"intValue":"%s"}`, v)
		}
		out = append(out, fmt.Sprintf(`{"key":%q,"value":%s}`, name, value))
	}
	return "[" + strings.Join(out, ",") + "]"
}

// span is a request in JSON as the specification of OTLP writes it, with one
// span.
func span(attributes, members string) string {
	return `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}}]},"scopeSpans":[{"scope":{"name":"x"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"GET","kind":2,` +
		`"startTimeUnixNano":"1795777200000000000","endTimeUnixNano":"1795777200250000000","attributes":` + attributesOf(attributes) + members + `}]}]}]}`
}

// both reads a message as JSON and as protobuf, which must come to the same.
func both(t *testing.T, signal, text string) []*event.Event {
	t.Helper()
	cfg := config(t)
	fromJSON, skipped, err := Read(signal, JSON, []byte(text), cfg)
	if err != nil || skipped.Count > 0 {
		t.Fatalf("%s\n%v, %+v", text, err, skipped)
	}
	// The ids of OTLP's JSON are those of protobuf's, in hex in place of base64.
	var m proto.Message = new(tracev1.TracesData)
	if signal == "logs" {
		m = new(logsv1.LogsData)
	}
	for hex, base64 := range map[string]string{"5b8efff798038103d269b633813fc60c": "W47/95gDgQPSabYzgT/GDA==", "eee19b7ec3c1b174": "7uGbfsPBsXQ=", "eee19b7ec3c1b173": "7uGbfsPBsXM="} {
		text = strings.ReplaceAll(text, `"`+hex+`"`, `"`+base64+`"`)
	}
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	fromProtobuf, _, err := Read(signal, Protobuf, b, cfg)
	if err != nil || len(fromProtobuf) != len(fromJSON) {
		t.Fatalf("%s\ngot %d events from protobuf, %d from JSON, %v", text, len(fromProtobuf), len(fromJSON), err)
	}
	for i, e := range fromJSON {
		if e.Trace != fromProtobuf[i].Trace || signal == "traces" && e.ID != fromProtobuf[i].ID {
			t.Errorf("%s\ngot %s %v from JSON, %s %v from protobuf", text, e.ID, e.Trace, fromProtobuf[i].ID, fromProtobuf[i].Trace)
		}
		if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
			t.Fatalf("%s\nan event cannot be sealed: %v", text, err)
		}
	}
	return fromJSON
}

const stable = "http.request.method=GET url.path=/customers/4711 url.query=x=1 http.route=/customers/:id http.response.status_code=200 server.address=api.example.org network.protocol.version=1.1 client.address=192.0.2.7 network.peer.address=10.0.0.1 network.peer.port=4711 user_agent.original=curl/8"

// TestSpan says what becomes of the attributes that matter.
func TestSpan(t *testing.T) {
	for _, test := range []struct {
		name, attributes, members string
		got                       func(*event.Event) any
		want                      string
	}{
		{"a call", stable, "", func(e *event.Event) any {
			o := e.Operation
			return []any{o.Protocol, o.Method, o.Host, o.Route, o.Basis, o.Action, e.What.Path, e.What.Query, e.Outcome.Status}
		}, "[http/1.1 GET api.example.org /customers/{id} router read /customers/4711 x=1 200]"},
		{"its object", stable, "", func(e *event.Event) any { return e.What.Objects }, "[{customer 4711}]"},
		{"times", stable, "", func(e *event.Event) any { return []any{e.Arrived.Format("15:04:05"), e.Duration()} }, "[11:00:00 250ms]"},
		{"addresses", stable, "", func(e *event.Event) any { return []any{e.Who.Address, e.Who.Peer, e.Who.Forwarded, e.Who.UserAgent} }, "[10.0.0.1 10.0.0.1:4711 [192.0.2.7] curl/8]"},
		{"the names before 1.23", "http.method=POST http.target=/a?b=1 http.status_code=201 http.host=a.example.org:8080 http.flavor=2.0 net.sock.peer.addr=192.0.2.7 http.user_agent=x http.request_content_length=7 http.response_content_length=9", "",
			func(e *event.Event) any {
				return []any{e.Operation.Protocol, e.Operation.Method, e.Operation.Host, e.What.Path, e.What.Query, e.Outcome.Status, e.Who.Address, e.Request.Bytes, e.Response.Bytes}
			}, "[h2 POST a.example.org /a b=1 201 192.0.2.7 7 9]"},
		{"a whole URL", "http.request.method=GET url.full=https://a.example.org/b?c=1", "", func(e *event.Event) any { return []any{e.What.Path, e.What.Query, e.Operation.Route} }, "[/b c=1 ]"},
		{"gRPC", "rpc.system=grpc rpc.service=shop.Orders rpc.method=Get rpc.grpc.status_code=7", "", func(e *event.Event) any {
			return []any{e.Operation.Protocol, e.Operation.Name, e.Operation.Basis, e.Outcome.RPCStatus}
		}, "[grpc shop.Orders/Get protocol PERMISSION_DENIED]"},
		{"nobody", stable, "", func(e *event.Event) any { return e.Principal }, "{unknown   0 not-logged}"},
		{"a user", stable + " enduser.id=ann enduser.role=admin enduser.scope=b,a", "", func(e *event.Event) any {
			return []any{e.Principal, e.Who.Subject, e.Who.Groups, e.Credential.Scopes}
		}, "[{user p(otlp:shop ann) otlp:shop 2 otlp} ann [admin] [a b]]"},
		{"a user who was refused", "http.request.method=GET url.path=/a http.response.status_code=401 user.id=ann", "", func(e *event.Event) any { return []any{e.Principal.Level, e.Who.Subject} }, "[0 ]"},
		{"the trace", stable, "", func(e *event.Event) any { return e.Trace }, "{5b8efff798038103d269b633813fc60c eee19b7ec3c1b173}"},
		{"where from", stable, "", func(e *event.Event) any { return []any{e.Capture, e.Edge} }, "[{import otlp:shop  } otlp:shop/orders]"},
		{"headers", stable + " http.request.header.content_type=application/json http.response.header.content-type=text/csv", "", func(e *event.Event) any { return []any{e.Request.Type, e.Response.Type} }, "[application/json text/csv]"},
	} {
		all := both(t, "traces", span(test.attributes, test.members))
		if len(all) != 1 {
			t.Errorf("%s: got %d events", test.name, len(all))
			continue
		}
		if got := fmt.Sprint(test.got(all[0])); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
	for name, text := range map[string]string{
		"a client's":      strings.Replace(span(stable, ""), `"kind":2`, `"kind":3`, 1),
		"of no call":      span("db.system=postgresql", ""),
		"nothing at all":  `{}`,
		"another version": `{"resourceSpans":[{"scopeSpans":[{"spans":[],"unknown":1}]}]}`,
	} {
		if all, skipped, err := Read("traces", JSON, []byte(text), config(t)); err != nil || len(all) != 0 || skipped.Count != 0 {
			t.Errorf("a span that is %s: got %d events, %+v, %v", name, len(all), skipped, err)
		}
	}
}

// TestLog reads log records, of which those of calls count.
func TestLog(t *testing.T) {
	log := func(attributes, members string) string {
		return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795777200000000000","attributes":` + attributesOf(attributes) + members + `},{"timeUnixNano":"1795777200000000000","body":{"stringValue":"started"}}]}]}]}`
	}
	all := both(t, "logs", log(stable, `,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"`))
	if len(all) != 1 || all[0].What.Path != "/customers/4711" || all[0].Trace.ID != "5b8efff798038103d269b633813fc60c" || all[0].Arrived.Format("15:04:05") != "11:00:00" {
		t.Fatalf("got %+v", all)
	}
	again, other := both(t, "logs", log(stable, "")), both(t, "logs", log(stable+" user.id=x", ""))
	if len(again) != 1 || again[0].ID != both(t, "logs", log(stable, ""))[0].ID || again[0].ID == other[0].ID {
		t.Error("the same record is not the same event, or another one is")
	}
}

// TestSecrets has secrets in all attributes that can have them.
func TestSecrets(t *testing.T) {
	all := both(t, "traces", span("http.request.method=GET url.path=/a url.query=access_token=s3cr3t-one url.full=https://u:s3cr3t-five@a/a?access_token=s3cr3t-one http.request.header.authorization=Bears3cr3t-two http.request.header.x-api-key=s3cr3t-three http.request.header.cookie=sid=s3cr3t-four", ""))
	sealed, err := all[0].Seal(new([event.Classes]event.Salt))
	if err != nil {
		t.Fatal(err)
	}
	text := string(sealed.Header)
	for _, x := range sealed.Envelopes {
		if x != nil {
			text += string(x.Data)
		}
	}
	if strings.Contains(text, "s3cr3t") || !strings.Contains(all[0].What.Query, "access_token=fp:") {
		t.Errorf("a secret is kept in %s", text)
	}
}

// TestBad says what cannot be read.
func TestBad(t *testing.T) {
	bad := span(stable, "")
	for _, test := range []struct{ signal, media, body, want string }{
		{"traces", JSON, "hello", "it is no message of OTLP"},
		{"traces", Protobuf, "hello", "it is no message of OTLP"},
		{"metrics", JSON, "{}", `there is no signal "metrics"`},
	} {
		if _, _, err := Read(test.signal, test.media, []byte(test.body), config(t)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.body, err, test.want)
		}
	}
	for _, test := range []struct{ body, want string }{
		{strings.Replace(bad, `"traceId":"5b8efff798038103d269b633813fc60c",`, "", 1), "trace_id, span_id: want 16 and 8 bytes"},
		{strings.Replace(bad, "1795777200000000000", "0", 1), "start_time_unix_nano: 0 is no time"},
		{strings.Replace(bad, "1795777200250000000", "18446744073709551615", 1), "end_time_unix_nano: 18446744073709551615 is no time"},
	} {
		all, skipped, err := Read("traces", JSON, []byte(test.body), config(t))
		if err != nil || len(all) != 0 || skipped.Count != 1 || !strings.Contains(skipped.Problems[0].Reason, test.want) {
			t.Errorf("got %d events, %+v, %v, want %q", len(all), skipped, err, test.want)
		}
	}
}

// TestAnswer says what was not taken, as OTLP does.
func TestAnswer(t *testing.T) {
	var skipped ingest.Skipped
	if got := string(Answer("traces", JSON, skipped)) + string(Answer("traces", Protobuf, skipped)); got != "{}" {
		t.Errorf("got %q, want an empty message", got)
	}
	skipped.Add(1, fmt.Errorf("it is %q", "bad"))
	if got, want := string(Answer("logs", JSON, skipped)), `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"it is \"bad\""}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(Answer("traces", Protobuf, skipped)), "\n\x0f\x08\x01\x12\vit is \"bad\""; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(span(stable, "")))
	f.Add([]byte("\n\x02\x12\x00"))
	cfg := config(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, signal := range []string{"traces", "logs"} {
			for _, media := range []string{JSON, Protobuf} {
				all, _, _ := Read(signal, media, body, cfg)
				for _, e := range all {
					if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
						t.Errorf("an event cannot be sealed: %v", err)
					}
				}
			}
		}
	})
}
