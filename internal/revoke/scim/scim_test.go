package scim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/revoke"
)

// answers is a provider that answers as it is told.
type answers struct {
	find, patch   string // bodies
	found, status int
	asked         []*http.Request
	sent          string // body of the PATCH
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked = append(a.asked, r)
	if r.Method == http.MethodPatch {
		b, _ := io.ReadAll(r.Body)
		a.sent = string(b)
		w.WriteHeader(a.status)
		io.WriteString(w, a.patch)
		return
	}
	w.WriteHeader(a.found)
	io.WriteString(w, a.find)
}

const one = `{"totalResults":1,"Resources":[{"id":"7/x","active":true}]}`

// TestAnswers is what comes of what a provider says. That it works with one that
// others wrote is shown in test/identity.
func TestAnswers(t *testing.T) {
	for _, x := range []struct {
		name, find  string
		found       int
		patch       string
		status      int
		detail, err string // empty: none
		permanent   bool
	}{
		{"as the RFC has it", one, 200, `{"id":"7/x","active":false}`, 200, "", "", false},
		{"no content", one, 200, "", 204, "", "", false},
		{"what is no account", one, 200, "fine", 200, "", "", false},
		{"it was so", `{"totalResults":1,"Resources":[{"id":"7","active":false}]}`, 200, "", 500, "it was so already", "", false},
		{"it does not say how it is", `{"totalResults":1,"Resources":[{"id":"7"}]}`, 200, "", 204, "", "", false},
		{"it only says so", one, 200, `{"active":true}`, 200, "", "did not make it", true},
		{"gone meanwhile", one, 200, "", 404, "", "not there any more", true},
		{"no PATCH", one, 200, "", 501, "", "changes no accounts by PATCH", true},
		{"refused", one, 200, "", 400, "", "400 Bad Request", true},
		{"in trouble", one, 200, "", 503, "", "503", false},
		{"nobody", `{"totalResults":0}`, 200, "", 204, "", "no account with this userName", true},
		{"two", `{"totalResults":2,"Resources":[{"id":"1"},{"id":"2"}]}`, 200, "", 204, "", "2 accounts", true},
		{"two and says one", `{"totalResults":1,"Resources":[{"id":"1"},{"id":"2"}]}`, 200, "", 204, "", "2 accounts", true},
		{"one and says none of it", `{"totalResults":1,"Resources":[]}`, 200, "", 204, "", "does not speak SCIM", false},
		{"without an id", `{"totalResults":1,"Resources":[{}]}`, 200, "", 204, "", "does not speak SCIM", false},
		{"a page", "<html>", 200, "", 204, "", "does not speak SCIM", false},
		{"another list", `{"items":[]}`, 200, "", 204, "", "does not speak SCIM", false},
		{"no such filter", `{"scimType":"invalidFilter"}`, 400, "", 204, "", "set user_attribute", true},
		{"no right", "", 403, "", 204, "", "check the key", false},
	} {
		a := &answers{find: x.find, found: x.found, patch: x.patch, status: x.status}
		detail, err := send(t, a, "userName", "anna")
		var e *egress.Error
		switch {
		case x.err == "":
			if err != nil || detail != x.detail {
				t.Errorf("%s: got %q, %v", x.name, detail, err)
			}
		case !errors.As(err, &e) || !strings.Contains(e.Reason, x.err) || e.Permanent != x.permanent:
			t.Errorf("%s: got %v, want %q, permanent %t", x.name, err, x.err, x.permanent)
		}
	}
}

func send(t *testing.T, a *answers, attribute, user string) (string, error) {
	t.Helper()
	s := httptest.NewServer(a)
	defer s.Close()
	u, err := url.Parse(s.URL + "/scim/v2")
	if err != nil {
		t.Fatal(err)
	}
	client, err := egress.NewClient(egress.HTTPConfig{URL: u, MaxAnswer: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return New(Config{Client: client, Token: "hunter2", Attribute: attribute}).Do(t.Context(), &revoke.Job{Action: revoke.Deactivate, User: user})
}

// TestRequests is what a provider is sent: names are quoted, and widen no search.
func TestRequests(t *testing.T) {
	for attribute, x := range map[string]struct{ user, path, filter string }{
		"userName":     {`o"brien \ co`, "/scim/v2/Users", `userName eq "o\"brien \\ co"`},
		"emails.value": {"a@b", "/scim/v2/Users", `emails.value eq "a@b"`},
		"externalId":   {`x" or userName pr`, "/scim/v2/Users", `externalId eq "x\" or userName pr"`},
		"id":           {"../Groups/1", "/scim/v2/Users/..%2FGroups%2F1", ""},
	} {
		a := &answers{find: one, found: 200, status: 204}
		if attribute == "id" {
			a.find = `{"id":"../Groups/1","active":true}`
		}
		if _, err := send(t, a, attribute, x.user); err != nil {
			t.Errorf("%s: %v", attribute, err)
			continue
		}
		find, patch := a.asked[0], a.asked[1]
		if got := find.URL.Query().Get("filter"); find.URL.EscapedPath() != x.path || got != x.filter || find.Header.Get("Authorization") != "Bearer hunter2" {
			t.Errorf("%s: got %s, filter %q; want %s, %q", attribute, find.URL.EscapedPath(), got, x.path, x.filter)
		}
		var body struct {
			Schemas    []string
			Operations []struct {
				Op, Path string
				Value    bool
			}
		}
		if err := json.Unmarshal([]byte(a.sent), &body); err != nil || len(body.Operations) != 1 || body.Operations[0].Path != "active" || body.Operations[0].Value || body.Schemas[0] != "urn:ietf:params:scim:api:messages:2.0:PatchOp" {
			t.Errorf("%s: got %s, %v", attribute, a.sent, err)
		}
		if attribute != "id" && patch.URL.EscapedPath() != "/scim/v2/Users/7%2Fx" || patch.Header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%s: got %s %s", attribute, patch.URL.EscapedPath(), patch.Header)
		}
	}
}
