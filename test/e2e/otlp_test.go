package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/test/freeport"
)

// spans is a request of OTLP in JSON, as the specification writes it. The spans
// are those of a server that answers customers.
func spans(from, to int) string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1%04x","name":"GET","kind":2,"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.path","value":{"stringValue":"/customers/%d"}},{"key":"url.query","value":{"stringValue":"access_token=s3cr3t"}},{"key":"http.response.status_code","value":{"intValue":"200"}},{"key":"enduser.id","value":{"stringValue":"ann"}}]}`,
			i, 1795168800000000000+i*1000000, 1795168800250000000+i*1000000, 4700+i))
	}
	return `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}}]},"scopeSpans":[{"spans":[` + strings.Join(list, ",") + `]}]}]}`
}

// TestOTLP sends traces, some of them twice and over a kill.
func TestOTLP(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, "http://"+freeport.Address(t))
	token := strings.TrimSpace(command(t, gatebook, "readers", "add", "shop", "--role", "sender", "--data", data).stdout)
	send := func(path, media, encoding string, body []byte, status int, want string) {
		t.Helper()
		req, err := http.NewRequest("POST", s.ops+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", media)
		if encoding != "" {
			req.Header.Set("Content-Encoding", encoding)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		if res.StatusCode != status || !strings.Contains(string(b), want) || status == 200 && res.Header.Get("Content-Type") != media {
			t.Errorf("%s: got %d %s of %s, want %d with %s", path, res.StatusCode, b, res.Header.Get("Content-Type"), status, want)
		}
	}
	const traces = "/api/v1/otlp/v1/traces"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, spans(10, 40))
	z.Close()
	send(traces, "application/json", "", []byte(spans(0, 20)), 200, "{}")
	send(traces, "application/json", "gzip", packed.Bytes(), 200, "{}")
	send(traces, "application/x-protobuf", "", nil, 200, "")
	send(traces, "application/json", "", []byte(strings.Replace(spans(0, 1), "1795168800000000000", "0", 1)), 200, `"rejectedSpans":"1"`)
	send(traces, "application/json", "", []byte("hello"), 400, "it is no message of OTLP")
	send(traces, "application/json", "gzip", []byte("hello"), 400, "not compressed with gzip")
	send(traces, "text/plain", "", nil, 415, "Content-Type must be")
	send(traces, "application/json", "br", nil, 415, "Content-Encoding must be")
	send("/api/v1/otlp/v1/metrics", "application/json", "", nil, 400, "want one of traces,logs")
	s.kill()
	s = serve(t, data, "http://"+freeport.Address(t))
	send(traces, "application/json", "", []byte(spans(30, 50)), 200, "{}")

	awaitIndex(t, s)
	hits := s.await(`capture.source:="otlp:shop"`, 50)
	if h := hits[0]; h.Header.Principal.Level != 2 || h.Who.Subject != "ann" || strings.Contains(string(h.Payload), "s3cr3t") || !strings.HasPrefix(h.What.Query, "access_token=fp:") {
		t.Errorf("got %+v", h)
	}
	command(t, gatebook, "object", "customer/4711", "--data", data).says(t, 0, "ann")
	s.stop()
	intact(t, data)
}
