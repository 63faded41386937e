package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/gatebook/gatebook/examples/shop/api"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/examples/shop/store"
)

// shop is an API with its issuer, for one test.
type shop struct {
	t   *testing.T
	iss *issuer.Issuer
	url string
}

func open(t *testing.T, trust bool) *shop {
	t.Helper()
	iss, err := issuer.Start(issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { iss.Close() })
	st := store.New(1)
	st.SetUser(store.User{ID: "u-71c4", Name: "Alice Moreau", Roles: []string{"support"}})
	s, err := api.New(api.Config{Store: st, Issuer: iss.URL, TrustGateway: trust})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	t.Cleanup(s.Close)
	return &shop{t: t, iss: iss, url: srv.URL}
}

// token logs a person in at the console.
func (s *shop) token(user string) string {
	s.t.Helper()
	tok, err := s.iss.UserToken(s.t.Context(), user, "shop-web")
	if err != nil {
		s.t.Fatal(err)
	}
	return tok.Access
}

// call sends one request; body is JSON, an io.Reader, or nil. Headers are
// given as pairs.
func (s *shop) call(method, path, token string, body any, headers ...string) (*http.Response, string) {
	s.t.Helper()
	var in io.Reader
	contentType := ""
	switch b := body.(type) {
	case nil:
	case io.Reader:
		in = b
	case string:
		in, contentType = strings.NewReader(b), "application/json"
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(out)
}

func TestStatuses(t *testing.T) {
	s := open(t, false)
	alice, grace, erin := s.token("alice"), s.token("grace"), s.token("erin")
	foreign, err := s.iss.ServiceToken(t.Context(), "hr-sync")
	if err != nil {
		t.Fatal(err)
	}
	login, err := s.iss.UserToken(t.Context(), "alice", "shop-web")
	if err != nil {
		t.Fatal(err)
	}
	order := `{"customer":"cus_000007","lines":[{"product":"prd_000001","quantity":1}]}`
	for _, c := range []struct {
		method, path, token, body string
		want                      int
	}{
		{"GET", "/v1/products", "", "", 200},
		{"GET", "/v1/products/prd_000001", "", "", 200},
		{"GET", "/v1/products/prd_999999", "", "", 404},
		{"GET", "/v1/customers", "", "", 401},
		{"GET", "/v1/customers", "not.a.token", "", 401},
		{"GET", "/v1/customers", foreign.Access, "", 401},
		{"GET", "/v1/customers", login.ID, "", 401},
		{"GET", "/v1/customers", alice, "", 200},
		{"GET", "/v1/customers?limit=0", alice, "", 400},
		{"GET", "/v1/customers?cursor=***", alice, "", 400},
		{"GET", "/v1/customers/cus_000007", alice, "", 200},
		{"GET", "/v1/customers/cus_000007/orders", alice, "", 200},
		{"GET", "/v1/customers/nobody/orders", alice, "", 404},
		{"PATCH", "/v1/customers/cus_000007", alice, `{"phone":"+44 7700 900123"}`, 200},
		{"PATCH", "/v1/customers/cus_000007", erin, `{"phone":"+44 7700 900123"}`, 403},
		{"PATCH", "/v1/customers/cus_000007", alice, `{"id":"cus_1"}`, 400},
		{"PATCH", "/v1/customers/cus_000007", alice, `{"segment":"king"}`, 400},
		{"POST", "/v1/customers", alice, `{"name":"Ada","email":"ada@example.com","address":{"city":"Rome"}}`, 201},
		{"POST", "/v1/customers", alice, `{"name":"Ada","email":"ADA@example.com"}`, 409},
		{"POST", "/v1/customers", alice, `{"name":"Ada","email":"nowhere"}`, 400},
		{"POST", "/v1/orders", alice, order, 201},
		{"POST", "/v1/orders", alice, `{"customer":"cus_000007","lines":[{"product":"prd_000001","quantity":0}]}`, 400},
		{"POST", "/v1/orders", alice, `{"customer":"nobody","lines":[{"product":"prd_000001","quantity":1}]}`, 404},
		{"POST", "/v1/orders", alice, `{"customer":"cus_000007","lines":[` + strings.Repeat(`{"product":"prd_000001","quantity":1000},`, 6) + `{"product":"prd_000001","quantity":1000}]}`, 409},
		{"POST", "/v1/orders/ord_009001/cancel", alice, "", 200},
		{"POST", "/v1/orders/ord_009001/cancel", alice, "", 409},
		{"GET", "/v1/orders?status=odd", alice, "", 400},
		{"PUT", "/v1/products/prd_000001/stock", s.token("frank"), `{"stock":5}`, 200},
		{"PUT", "/v1/products/prd_000001/stock", alice, `{"stock":5}`, 403},
		{"GET", "/v1/search?q=ada", alice, "", 200},
		{"GET", "/v1/search?q=a", alice, "", 400},
		{"GET", "/v1/export/customers", alice, "", 403},
		{"GET", "/v1/export/people", erin, "", 404},
		{"GET", "/v1/export/orders?format=xml", erin, "", 400},
		{"GET", "/v1/me", alice, "", 200},
		{"GET", "/v1/admin/users", alice, "", 403},
		{"GET", "/v1/admin/users", grace, "", 200},
		{"PUT", "/v1/admin/users/u-71c4/roles", grace, `{"roles":["support","sales"]}`, 200},
		{"PUT", "/v1/admin/users/nobody/roles", grace, `{"roles":[]}`, 404},
		{"PATCH", "/v1/admin/settings", grace, `{"maintenance":"on"}`, 200},
		{"PATCH", "/v1/admin/settings", grace, `{"colour":"red"}`, 404},
		{"POST", "/v1/admin/refunds", grace, `{"order":"ord_009001","amount":1,"reason":"broken"}`, 409},
		{"POST", "/v1/admin/refunds", grace, `{"order":"ord_009001","amount":0,"reason":"broken"}`, 400},
		{"GET", "/nothing", "", "", 404},
		{"DELETE", "/v1/orders", alice, "", 405},
		{"GET", "/healthz", "", "", 200},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		resp, out := s.call(c.method, c.path, c.token, body)
		if resp.StatusCode != c.want {
			t.Errorf("%s %s %s: got %d %s, want %d", c.method, c.path, c.body, resp.StatusCode, out, c.want)
		}
		if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: error of type %s", c.method, c.path, resp.Header.Get("Content-Type"))
		}
	}
}

func TestDeleteKeepsCustomersWithOpenOrders(t *testing.T) {
	s := open(t, false)
	alice := s.token("alice")
	s.call("POST", "/v1/customers", alice, `{"name":"Ada","email":"ada@example.com"}`)
	s.call("POST", "/v1/orders", alice, `{"customer":"cus_003001","lines":[{"product":"prd_000001","quantity":1}]}`)
	if resp, _ := s.call("DELETE", "/v1/customers/cus_003001", alice, nil); resp.StatusCode != 409 {
		t.Errorf("with an open order: got %d, want 409", resp.StatusCode)
	}
	s.call("POST", "/v1/orders/ord_009001/cancel", alice, nil)
	if resp, _ := s.call("DELETE", "/v1/customers/cus_003001", alice, nil); resp.StatusCode != 204 {
		t.Errorf("without: got %d, want 204", resp.StatusCode)
	}
	if resp, _ := s.call("GET", "/v1/customers/cus_003001", alice, nil); resp.StatusCode != 404 {
		t.Errorf("afterwards: got %d, want 404", resp.StatusCode)
	}
}

func TestGatewayIsTrustedOnlyIfToldTo(t *testing.T) {
	for _, trust := range []bool{false, true} {
		s := open(t, trust)
		want := map[bool]int{false: 401, true: 200}[trust]
		for _, header := range []string{"X-API-Key", "X-Forwarded-Client-Cert"} {
			if resp, _ := s.call("GET", "/v1/orders", "", nil, header, "anything"); resp.StatusCode != want {
				t.Errorf("trust %v, %s: got %d, want %d", trust, header, resp.StatusCode, want)
			}
		}
		if resp, _ := s.call("GET", "/v1/orders", "forged", nil, "X-API-Key", "anything"); resp.StatusCode != 401 {
			t.Errorf("trust %v: a bad token passed with a key beside it: %d", trust, resp.StatusCode)
		}
		if resp, _ := s.call("GET", "/v1/orders", "", nil); resp.StatusCode != 401 {
			t.Errorf("trust %v: no credential: got %d, want 401", trust, resp.StatusCode)
		}
	}
}

func TestPagesMeetEachCustomerOnce(t *testing.T) {
	s := open(t, false)
	alice := s.token("alice")
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		_, out := s.call("GET", "/v1/customers?limit=170&country=FR&cursor="+cursor, alice, nil)
		var p struct {
			Items []store.Customer `json:"items"`
			Next  string           `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(out), &p); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Items {
			if seen[c.ID] || c.Address.Country != "FR" {
				t.Fatalf("%s twice or not in France", c.ID)
			}
			seen[c.ID] = true
		}
		if cursor = p.Next; cursor == "" || pages > 50 {
			break
		}
	}
	if len(seen) < 500 || len(seen) > 1000 {
		t.Errorf("met %d customers, want about 750", len(seen))
	}
}

func TestExportHasEverybody(t *testing.T) {
	s := open(t, false)
	erin := s.token("erin")
	for format, want := range map[string]int{"ndjson": store.Customers, "csv": store.Customers + 1} {
		resp, out := s.call("GET", "/v1/export/customers?format="+format, erin, nil)
		if got := strings.Count(out, "\n"); got != want || resp.StatusCode != 200 {
			t.Errorf("%s: %d lines, status %d; want %d", format, got, resp.StatusCode, want)
		}
	}
}

// form makes a multipart body with one file.
func form(field, name string, content []byte) (io.Reader, string) {
	var buf bytes.Buffer
	m := multipart.NewWriter(&buf)
	part, _ := m.CreateFormFile(field, name) // a bytes.Buffer does not fail
	_, _ = part.Write(content)
	m.Close()
	return &buf, m.FormDataContentType()
}

func TestFiles(t *testing.T) {
	s := open(t, false)
	alice := s.token("alice")
	up := func(field string, content []byte) (int, store.File) {
		body, contentType := form(field, "note.txt", content)
		resp, out := s.call("POST", "/v1/files", alice, body, "Content-Type", contentType)
		var f store.File
		_ = json.Unmarshal([]byte(out), &f) // an error answer has no file
		return resp.StatusCode, f
	}
	status, small := up("file", []byte("hello, shop"))
	if status != 201 || !small.Stored || small.By != "u-71c4" || small.Size != 11 {
		t.Fatalf("upload: got %d %+v", status, small)
	}
	if _, out := s.call("GET", "/v1/files/"+small.ID+"/content", alice, nil); out != "hello, shop" {
		t.Errorf("download: got %q", out)
	}
	if resp, out := s.call("GET", "/v1/files/"+small.ID+"/content", alice, nil, "Range", "bytes=7-"); out != "shop" || resp.StatusCode != 206 {
		t.Errorf("range: got %d %q", resp.StatusCode, out)
	}
	status, large := up("file", make([]byte, store.KeptSize+1))
	if status != 201 || large.Stored || large.Size != store.KeptSize+1 {
		t.Errorf("large upload: got %d %+v", status, large)
	}
	if resp, _ := s.call("GET", "/v1/files/"+large.ID+"/content", alice, nil); resp.StatusCode != 410 {
		t.Errorf("content that was not kept: got %d, want 410", resp.StatusCode)
	}
	if status, _ := up("other", []byte("x")); status != 400 {
		t.Errorf("form without file: got %d, want 400", status)
	}
	if resp, _ := s.call("POST", "/v1/files", alice, `{}`); resp.StatusCode != 415 {
		t.Errorf("JSON: got %d, want 415", resp.StatusCode)
	}
	resp, out := s.call("GET", "/v1/files/fil_000001/content", alice, nil, "Range", "bytes=1073741820-")
	if resp.StatusCode != 206 || len(out) != 4 {
		t.Errorf("end of the archive: got %d, %d bytes", resp.StatusCode, len(out))
	}
	if resp, _ := s.call("DELETE", "/v1/files/fil_000001", alice, nil); resp.StatusCode != 409 {
		t.Errorf("deleting the archive: got %d, want 409", resp.StatusCode)
	}
	if resp, _ := s.call("DELETE", "/v1/files/"+small.ID, alice, nil); resp.StatusCode != 204 {
		t.Errorf("deleting a file: got %d, want 204", resp.StatusCode)
	}
}

func TestFeedTellsOfOrdersAndOfThoseMissed(t *testing.T) {
	s := open(t, false)
	alice := s.token("alice")
	place := func() {
		resp, out := s.call("POST", "/v1/orders", alice, `{"customer":"cus_000001","lines":[{"product":"prd_000002","quantity":1}]}`)
		if resp.StatusCode != 201 {
			t.Fatalf("placing: %s", out)
		}
	}
	follow := func(after string) *bufio.Scanner {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/events/orders", nil)
		req.Header.Set("Authorization", "Bearer "+alice)
		if after != "" {
			req.Header.Set("Last-Event-ID", after)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return bufio.NewScanner(resp.Body)
	}
	expect := func(lines *bufio.Scanner, want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("the feed ended without %q", want)
	}
	live := follow("")
	expect(live, "retry: 2000")
	place()
	expect(live, "id: 1")
	expect(live, "event: order.placed")
	place()
	expect(live, "id: 2")
	expect(follow("1"), "id: 2")
}

func TestWebSocketEchoesAndNotifies(t *testing.T) {
	s := open(t, false)
	alice := s.token("alice")
	at := "ws" + strings.TrimPrefix(s.url, "http") + "/v1/notifications"
	if _, _, err := websocket.Dial(t.Context(), at, nil); err == nil {
		t.Fatal("connected without a token")
	}
	conn, _, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + alice}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	expect := func(want string) {
		t.Helper()
		var m struct {
			Type string `json:"type"`
			Data any    `json:"data"`
		}
		if err := wsjson.Read(t.Context(), conn, &m); err != nil || m.Type != want {
			t.Fatalf("got %+v, %v; want %s", m, err, want)
		}
	}
	if err := wsjson.Write(t.Context(), conn, map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	expect("echo")
	s.call("POST", "/v1/orders", alice, `{"customer":"cus_000001","lines":[{"product":"prd_000002","quantity":1}]}`)
	expect("order.placed")
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestDocumentNamesEachRoute(t *testing.T) {
	s := open(t, false)
	_, out := s.call("GET", "/openapi.json", "", nil)
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
		Comp    struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %q", doc.OpenAPI)
	}
	for path, item := range doc.Paths {
		for method := range item {
			at := strings.NewReplacer("{id}", "x", "{kind}", "x").Replace(path)
			resp, _ := s.call(strings.ToUpper(method), at, "", nil)
			if resp.StatusCode == http.StatusMethodNotAllowed {
				t.Errorf("%s %s: in the document, not served", method, path)
			}
		}
	}
	// Each reference must lead to a schema.
	for _, part := range strings.Split(out, `"$ref": "#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := doc.Comp.Schemas[name]; !ok {
			t.Errorf("schema %s is missing", name)
		}
	}
	for _, want := range []string{"Customer", "CustomerPage", "OrderPage", "Problem", "Upload"} {
		if _, ok := doc.Comp.Schemas[want]; !ok {
			t.Errorf("no schema %s among %v", want, fmt.Sprint(len(doc.Comp.Schemas)))
		}
	}
}

func TestIssuerMayStartLater(t *testing.T) {
	s, err := api.New(api.Config{Store: store.New(1), Issuer: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/v1/orders", nil)
	r.Header.Set("Authorization", "Bearer x")
	s.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("issuer down: got %d, want 503", w.Code)
	}
}
