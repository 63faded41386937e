package kubernetes

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

func config(t testing.TB) Config {
	t.Helper()
	r, err := redact.New(redact.Config{Key: redact.Key(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	d, err := capture.NewDescriber(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Source: "prod", Redactor: r, Describer: d, Pseudonym: func(issuer, subject string) string { return "p(" + issuer + " " + subject + ")" }}
}

// readAll reads a log to its end. Each event must be one that can be sealed.
func readAll(t testing.TB, log string) ([]*event.Event, skippedRecords) {
	t.Helper()
	r, err := NewReader(strings.NewReader(log), config(t))
	if err != nil {
		t.Fatal(err)
	}
	var all []*event.Event
	for {
		e, err := r.Next()
		if err == io.EOF {
			s := r.Skipped()
			return all, skippedRecords{int(s.Count), fmt.Sprint(s.Problems)}
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
			t.Fatalf("an event cannot be sealed: %v", err)
		}
		all = append(all, e)
	}
}

type skippedRecords struct {
	n   int
	why string
}

// call is a record with members added or replaced.
func call(members string) string {
	base := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "7c5e8a52-1d0d-4a8e-8a43-000000000001", "stage": "ResponseComplete", "verb": "get",
		"requestURI": "/api/v1/namespaces/shop/secrets/db", "user": map[string]any{"username": "ann@example.org", "groups": []string{"dev", "system:authenticated"}}, "sourceIPs": []string{"192.0.2.7"}, "userAgent": "kubectl/v1.34",
		"objectRef":                map[string]any{"resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1"},
		"responseStatus":           map[string]any{"code": 200},
		"requestReceivedTimestamp": "2026-11-27T12:00:00.000000Z", "stageTimestamp": "2026-11-27T12:00:00.250000Z",
	}
	if err := json.Unmarshal([]byte("{"+members+"}"), &base); err != nil {
		panic(err)
	}
	b, _ := json.Marshal(base)
	return string(b)
}

// TestConvert says what becomes of the fields that matter.
func TestConvert(t *testing.T) {
	for _, test := range []struct {
		name, members string
		got           func(*event.Event) any
		want          string
	}{
		{"a user", ``, func(e *event.Event) any { return e.Principal }, "{user p(kubernetes:prod ann@example.org) kubernetes:prod 2 kubernetes}"},
		{"groups", ``, func(e *event.Event) any { return e.Who.Groups }, "[dev system:authenticated]"},
		{"a service account", `"user":{"username":"system:serviceaccount:shop:api"}`, func(e *event.Event) any { return e.Principal.Kind }, "service"},
		{"a node", `"user":{"username":"system:node:n1"}`, func(e *event.Event) any { return e.Principal.Kind }, "machine"},
		{"nobody", `"user":{"username":"system:anonymous"}`, func(e *event.Event) any { return []any{e.Principal, e.Who.Subject, e.Credential.Method} }, "[{anonymous   0 no-credential}  none]"},
		{"impersonation", `"impersonatedUser":{"username":"system:serviceaccount:shop:api","groups":["g"]}`, func(e *event.Event) any {
			return []any{e.Who.Subject, e.Who.Groups, e.Who.Chain, e.Credential.Delegation, e.Principal.Kind}
		}, "[system:serviceaccount:shop:api [g] [ann@example.org] [{p(kubernetes:prod ann@example.org) kubernetes:prod}] service]"},
		{"a certificate", `"user":{"username":"a","extra":{"authentication.kubernetes.io/credential-id":["X509SHA256=00ff"]}}`, func(e *event.Event) any { return []any{e.Credential.Method, e.Credential.Fingerprint} }, "[mtls sha256:00ff]"},
		{"a token", `"user":{"username":"a","extra":{"authentication.kubernetes.io/credential-id":["JTI=7ee5"]}}`, func(e *event.Event) any { return []any{e.Credential.Method, e.Credential.KeyID} }, "[jwt 7ee5]"},
		{"times", ``, func(e *event.Event) any { return []any{e.Arrived.Format("15:04:05.000"), e.Duration()} }, "[12:00:00.000 250ms]"},
		{"a panic", `"stage":"Panic","responseStatus":{"code":500}`, func(e *event.Event) any { return []any{e.Outcome.Error, e.Completed.IsZero(), e.Duration()} }, "[handler-panic true 250ms]"},
		{"addresses", `"sourceIPs":["203.0.113.9","10.0.0.1"]`, func(e *event.Event) any { return []any{e.Who.Address, e.Who.Peer, e.Who.Forwarded} }, "[10.0.0.1 10.0.0.1 [203.0.113.9]]"},
		{"reading a secret", ``, func(e *event.Event) any {
			return []any{e.Operation.Name, e.Operation.Action, e.What.Objects, e.Objects, e.Data}
		}, "[secrets:get read [{secret shop/db}] [secret] [{secret 1}]]"},
		{"a secret that was refused", `"responseStatus":{"code":403,"status":"Failure","reason":"Forbidden"}`, func(e *event.Event) any { return []any{e.Outcome.Status, e.Outcome.RPCStatus, e.Data} }, "[403 Forbidden []]"},
		{"listing secrets", `"verb":"list","objectRef":{"resource":"secrets"},"responseObject":{"kind":"SecretList","items":[{"metadata":{"name":"a","namespace":"x"}},{"metadata":{"name":"b","namespace":"y"}}]}`,
			func(e *event.Event) any {
				return []any{e.What.Objects, e.What.Asked, e.Records, e.Counts, e.Data, e.Partial}
			}, "[[{secret x/a} {secret y/b}] 0 2 [2] [{secret 2}] false]"},
		{"listing secrets, without what was listed", `"verb":"list","objectRef":{"resource":"secrets"}`, func(e *event.Event) any { return []any{e.What.Objects, e.Data, e.Partial} }, "[[] [{secret 1}] true]"},
		{"making a secret", `"verb":"create","responseStatus":{"code":201}`, func(e *event.Event) any { return []any{e.Operation.Action, e.Data, e.Received} }, "[create [] [{secret 1}]]"},
		{"a token for a service account", `"verb":"create","objectRef":{"resource":"serviceaccounts","subresource":"token","namespace":"shop","name":"api"},"responseStatus":{"code":201}`,
			func(e *event.Event) any { return []any{e.Operation.Name, e.Operation.Action, e.Data} }, "[serviceaccounts/token:create authenticate [{secret 1}]]"},
		{"a command in a pod", `"verb":"create","objectRef":{"resource":"pods","subresource":"exec","namespace":"shop","name":"p"},"requestURI":"/api/v1/namespaces/shop/pods/p/exec?command=cat&command=%2Fetc%2Fshadow"`,
			func(e *event.Event) any { return []any{e.Operation.Name, e.Operation.Action, e.What.Query} }, "[pods/exec:create update command=cat&command=%2Fetc%2Fshadow]"},
		{"rights", `"verb":"create","objectRef":{"resource":"clusterrolebindings","apiGroup":"rbac.authorization.k8s.io","name":"x"}`,
			func(e *event.Event) any { return []any{e.Operation.Name, e.Operation.Action, e.What.Objects} }, "[rbac.authorization.k8s.io/clusterrolebindings:create grant [{clusterrolebinding x}]]"},
		{"a setting", `"verb":"patch","objectRef":{"resource":"validatingwebhookconfigurations","name":"x"}`, func(e *event.Event) any { return e.Operation.Action }, "administer"},
		{"a question", `"verb":"create","objectRef":{"resource":"selfsubjectaccessreviews"}`, func(e *event.Event) any { return e.Operation.Action }, "read"},
		{"a name that the server made", `"verb":"create","objectRef":{"resource":"pods","namespace":"shop"},"responseObject":{"metadata":{"name":"p-7x2"}}`, func(e *event.Event) any { return e.What.Objects }, "[{pod shop/p-7x2}]"},
		{"no resource", `"objectRef":null,"requestURI":"/healthz?x=1"`, func(e *event.Event) any {
			return []any{e.Operation.Name, e.Operation.Action, e.What.Path, e.What.Query}
		}, "[nonresource:get read /healthz x=1]"},
		{"where from", ``, func(e *event.Event) any { return []any{e.Capture, e.Edge, e.Operation.Protocol} }, "[{import kubernetes:prod  } kubernetes:prod kubernetes]"},
	} {
		all, skipped := readAll(t, call(test.members))
		if len(all) != 1 {
			t.Errorf("%s: got %d events, %v", test.name, len(all), skipped)
			continue
		}
		if got := fmt.Sprint(test.got(all[0])); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// TestForms reads the same two calls in each form that people have them in.
func TestForms(t *testing.T) {
	one, two := call(`"auditID":"a1"`), call(`"auditID":"a2"`)
	text := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, one+"\n"+two+"\n")
	z.Close()
	for name, log := range map[string]string{
		"a log":                one + "\n" + two + "\n",
		"gzip":                 packed.String(),
		"what a webhook sends": `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + one + `,` + two + `]}`,
		"all stages":           call(`"auditID":"a1","stage":"RequestReceived"`) + "\n" + one + "\n" + call(`"auditID":"a2","stage":"ResponseStarted"`) + "\n" + two,
		"Azure":                `{"category":"kube-audit","properties":{"log":` + text(one) + `}}` + "\n" + `{"category":"kube-audit-admin","properties":{"log":` + text(two) + `}}`,
	} {
		all, skipped := readAll(t, log)
		if len(all) != 2 || skipped.n != 0 {
			t.Errorf("%s: got %d events, %v, want 2", name, len(all), skipped)
			continue
		}
		again, _ := readAll(t, log)
		if all[0].ID == all[1].ID || all[0].ID != again[0].ID || all[0].ID.Time() != all[0].Arrived {
			t.Errorf("%s: ids %s and %s, then %s", name, all[0].ID, all[1].ID, again[0].ID)
		}
	}
}

// TestBadRecords says what is wrong, and goes on.
func TestBadRecords(t *testing.T) {
	for _, test := range []struct{ record, want string }{
		{`hello`, "it is no JSON"},
		{`{"kind":"Pod"}`, `kind is "Pod", want Event`},
		{`{"kind":"Event"}`, "it has no auditID"},
		{call(`"verb":""`), "it has no verb"},
		{call(`"requestReceivedTimestamp":"yesterday"`), `requestReceivedTimestamp "yesterday": want a time`},
		{call(`"stageTimestamp":"9999-01-01T00:00:00Z"`), "lies outside"},
		{call(`"stage":"Later"`), `stage is "Later"`},
		{call(`"user":"ann"`), "user is a string, want another type"},
		{call(`"verb":"` + strings.Repeat("x", 300) + `"`), "verb is longer than 256 bytes"},
	} {
		all, skipped := readAll(t, call(``)+"\n"+test.record+"\n"+call(`"auditID":"b"`))
		if len(all) != 2 || skipped.n != 1 || !strings.Contains(skipped.why, test.want) || !strings.HasPrefix(skipped.why, "[{2 ") {
			t.Errorf("%s: got %d events, %v, want one with %q", clip(test.record), len(all), skipped, test.want)
		}
	}
}

// TestSecrets has the contents of Secrets in all places in which an audit policy
// can have logged them.
func TestSecrets(t *testing.T) {
	for _, record := range []string{
		call(`"responseObject":{"kind":"Secret","metadata":{"name":"db","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"x\":\"czNjcjN0\"}}"}},"data":{"x":"czNjcjN0"},"stringData":{"y":"s3cr3t"}}`),
		call(`"verb":"list","responseObject":{"kind":"SecretList","items":[{"metadata":{"name":"db","managedFields":[{"v":"s3cr3t"}]},"data":{"x":"czNjcjN0"}}]}`),
		call(`"verb":"patch","requestObject":[{"op":"replace","path":"/data/x","value":"czNjcjN0"}]`),
		call(`"verb":"patch","requestObject":{"data":{"x":"czNjcjN0"}},"responseObject":"s3cr3t"`),
		call(`"objectRef":{"resource":"pods","name":"p"},"requestObject":{"spec":{"containers":[{"env":[{"name":"DB_PASSWORD","value":"s3cr3t"}]}]}}`),
		call(`"objectRef":{"resource":"things","name":"p"},"requestObject":{"template":{"kind":"Secret","metadata":{"name":"q"},"data":{"x":"czNjcjN0"}}}`),
		call(`"objectRef":{"resource":"configmaps","name":"p"},"requestObject":{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"password\":\"s3cr3t\"}"}}}`),
		call(`"objectRef":{"resource":"serviceaccounts","subresource":"token","name":"p"},"responseObject":{"kind":"TokenRequest","status":{"token":"s3cr3t"}}`),
		call(`"requestURI":"/api/v1/x?token=s3cr3t"`),
	} {
		all, _ := readAll(t, record)
		if len(all) != 1 {
			t.Fatalf("%s: got %d events", record, len(all))
		}
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
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "czNjcjN0") {
			t.Errorf("a secret is kept of\n%s\nin\n%s", record, text)
		}
		if !strings.Contains(text, "ann@example.org") || !strings.Contains(all[0].Payload.Original, "auditID") {
			t.Errorf("what is no secret is gone: %s", text)
		}
	}
}

// TestPanther reads the records that the rules of Panther are tested with, which
// lack ids and times.
func TestPanther(t *testing.T) {
	f, err := os.Open("../../../../shared/data/audit-events-panther/events.jsonl.gz")
	if err != nil {
		t.Skip("the data set is not here: ", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	n := 0
	s := bufio.NewScanner(z)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var line struct{ Log map[string]any }
		if json.Unmarshal(s.Bytes(), &line) != nil {
			continue
		}
		if props, ok := line.Log["properties"].(map[string]any); ok {
			text, _ := props["log"].(string)
			var inside map[string]any
			if line.Log["category"] != "kube-audit" || json.Unmarshal([]byte(text), &inside) != nil {
				continue
			}
			line.Log = inside
		}
		if v, _ := line.Log["apiVersion"].(string); !strings.HasPrefix(v, "audit.k8s.io/") || line.Log["verb"] == nil {
			continue
		}
		n++
		line.Log["auditID"], line.Log["requestReceivedTimestamp"] = fmt.Sprint("id-", n), "2026-11-27T12:00:00Z"
		line.Log["stage"] = "ResponseComplete"
		b, _ := json.Marshal(line.Log)
		log.Write(append(b, '\n'))
	}
	all, skipped := readAll(t, log.String())
	actions, kinds, secrets := make(map[event.Action]int), make(map[event.PrincipalKind]int), 0
	for _, e := range all {
		actions[e.Operation.Action]++
		kinds[e.Principal.Kind]++
		if len(e.Data) > 0 {
			secrets++
		}
	}
	t.Logf("%d records: %v, %v, %d with secrets", n, actions, kinds, secrets)
	if len(all) != n || skipped.n != 0 || n < 30 || actions[""] != 0 {
		t.Errorf("got %d events of %d records, %v, %v", len(all), n, skipped, actions)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(call(`"requestObject":{"a":[[{"name":"TOKEN","value":"x"}]]}`))
	f.Add(`{"kind":"EventList","items":[{"kind":"Event","auditID":"a","verb":"get","requestReceivedTimestamp":"2026-11-27T12:00:00Z","responseStatus":{"code":-1}}]}`)
	f.Fuzz(func(t *testing.T, log string) { readAll(t, log) })
}
