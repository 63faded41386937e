package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/ledger"
)

var (
	start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	end   = start.AddDate(0, 1, 0)
)

// call is an access event; change may make it another.
func call(at time.Time, subject, method, path string, change func(*event.Event)) *event.Event {
	e := &event.Event{
		Header: event.Header{
			Kind: event.Access, Arrived: at, Completed: at.Add(time.Millisecond),
			Principal:  event.Principal{Kind: event.User, ID: "p_" + subject, Issuer: "https://issuer.test", Level: event.LevelVerified, Reason: "signature-verified"},
			Credential: event.Credential{Method: "jwt", Fingerprint: "fp-" + subject, Client: "web"},
			Operation:  event.Operation{Method: method},
			Outcome:    event.Outcome{Status: 200},
			Commit:     event.Commit{Who: event.Hash{1}, What: event.Hash{1}},
		},
		Who:  &event.Who{Subject: subject, Email: subject + "@shop.test", Address: "192.0.2.7"},
		What: &event.What{Path: path},
	}
	if change != nil {
		change(e)
	}
	return e
}

func note(kind event.Kind, at time.Time, subject, name string, facts ...event.Fact) *event.Event {
	e := call(at, subject, "", "", nil)
	e.Kind, e.Outcome, e.Note = kind, event.Outcome{}, &event.Note{Name: name, Facts: facts}
	if kind == event.System {
		e.Who, e.What, e.Principal, e.Commit = nil, nil, event.Principal{}, event.Commit{}
	}
	return e
}

// make1 makes a report of events, numbered from 0.
func make1(t *testing.T, req report.Request, events ...*event.Event) *report.Document {
	t.Helper()
	if req.From.IsZero() {
		req.From, req.To = start, end
	}
	b, err := report.New(req)
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range events {
		b.Add(uint64(n), e)
	}
	d := b.Finish(end, report.Ledger{Origin: "gatebook.test", Size: uint64(len(events)), Records: uint64(len(events))})
	for i := range d.Tables {
		for _, row := range d.Tables[i].Rows {
			if len(row) != len(d.Tables[i].Columns) {
				t.Errorf("table %s has a row of %d cells, want %d", d.Tables[i].Title, len(row), len(d.Tables[i].Columns))
			}
		}
	}
	return d
}

// table returns the cells of a table, a line each.
func table(t *testing.T, d *report.Document, title string) string {
	t.Helper()
	for _, tab := range d.Tables {
		if tab.Title == title {
			var b strings.Builder
			for _, row := range tab.Rows {
				b.WriteString(strings.Join(row, "|") + "\n")
			}
			return b.String()
		}
	}
	t.Errorf("the report has no table %q", title)
	return ""
}

func wantSummary(t *testing.T, d *report.Document, sentences ...string) {
	t.Helper()
	all := strings.Join(d.Summary, "\n")
	for _, s := range sentences {
		if !strings.Contains(all, s) {
			t.Errorf("the summary\n%s\nlacks %q", all, s)
		}
	}
}

func at(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }

func TestAccessToObject(t *testing.T) {
	object := func(asked uint64, objects ...event.Object) func(*event.Event) {
		return func(e *event.Event) { e.What.Objects, e.What.Asked = objects, asked }
	}
	customer := event.Object{Type: "customer", ID: "4711"}
	d := make1(t, report.Request{Name: report.Access, Object: customer},
		call(start.Add(-time.Second), "early", "GET", "/customers/4711", nil),
		call(at(1), "alice", "GET", "/customers/4711", object(1, customer)),
		call(at(2), "bob", "GET", "/orders", object(0, event.Object{Type: "order", ID: "1"}, customer)),
		call(at(3), "bob", "GET", "/orders", object(1, event.Object{Type: "order", ID: "1"}, customer)),
		call(at(4), "alice", "GET", "/customers/4712", object(1, event.Object{Type: "customer", ID: "4712"})),
		// Nothing was recognised: the path decides.
		call(at(5), "carol", "DELETE", "/v1/Customers/4711/notes", func(e *event.Event) { e.Outcome.Status = 403 }),
		call(at(6), "carol", "GET", "/orders/4711", nil),
		call(at(7), "dave", "GET", "/customers/47%311", func(e *event.Event) { e.Principal.Level, e.Principal.ID = event.LevelClaimed, "" }),
		// What it was is erased: nobody can tell.
		call(at(8), "erin", "GET", "", func(e *event.Event) { e.What = nil }),
		call(end, "late", "GET", "/customers/4711", nil),
	)
	wantSummary(t, d, "5 calls touched customer/4711, by 4 different callers", "1 of them was refused or went wrong", "1 of them was by callers who were not verified", "2 of them were found by the path alone")
	got := table(t, d, "Each access")
	want := "1|2026-11-01T01:00:00.000Z|alice <alice@shop.test>|web (jwt)|GET /customers/4711|200|asked for\n" +
		"2|2026-11-01T02:00:00.000Z|bob <bob@shop.test>|web (jwt)|GET /orders|200|asked for\n" +
		"3|2026-11-01T03:00:00.000Z|bob <bob@shop.test>|web (jwt)|GET /orders|200|in the answer\n" +
		"5|2026-11-01T05:00:00.000Z|carol <carol@shop.test>|web (jwt)|DELETE /v1/Customers/4711/notes|403|by path\n" +
		"7|2026-11-01T07:00:00.000Z|unknown|web (jwt)|GET /customers/47%311|200|by path\n"
	got = strings.ReplaceAll(got, "user at 192.0.2.7", "unknown")
	if got != want {
		t.Errorf("each access\n%s\nwant\n%s", got, want)
	}
	if limits := strings.Join(d.Limits, "\n"); !strings.Contains(limits, "1 call cannot be told any more") {
		t.Errorf("the limits do not speak of what was erased:\n%s", limits)
	}
	if fmt.Sprint(d.Records) != "[1 2 3 5 7]" {
		t.Errorf("the records that are listed are %v", d.Records)
	}
	none := make1(t, report.Request{Name: report.Access, Object: event.Object{Type: "customer", ID: "1"}})
	wantSummary(t, none, "No access to customer/1 is in the record of the period.")
}

func TestAccessToClass(t *testing.T) {
	d := make1(t, report.Request{Name: report.Access, Class: "email"},
		call(at(1), "alice", "GET", "/customers", func(e *event.Event) {
			e.Data, e.Records = []event.Data{{Class: "card", Count: 2}, {Class: "email", Count: 4100}}, 4100
		}),
		call(at(2), "bob", "POST", "/customers", func(e *event.Event) { e.Received = []event.Data{{Class: "email", Count: 1}} }),
		call(at(3), "carol", "GET", "/cards", func(e *event.Event) { e.Data = []event.Data{{Class: "card", Count: 1}} }),
		call(at(4), "dave", "GET", "/file", func(e *event.Event) { e.Response.Bytes = 9 }),
	)
	wantSummary(t, d, "2 calls touched data of the class email, by 2 different callers", "4,100 values of the class were in the answers")
	if got := table(t, d, "By person and app"); !strings.HasPrefix(got, "alice <alice@shop.test>|web (jwt)|1|4100|0|0|") {
		t.Errorf("by person: %s", got)
	}
}

func TestPerson(t *testing.T) {
	for _, name := range []string{"alice", "ALICE@shop.test", "p_alice", "fp-alice"} {
		d := make1(t, report.Request{Name: report.Person, Principal: name},
			call(at(1), "alice", "GET", "/customers/1", func(e *event.Event) { e.Data = []event.Data{{Class: "email", Count: 3}} }),
			call(at(30), "alice", "GET", "/orders/2", func(e *event.Event) { e.Outcome.Status = 500 }),
			call(at(31), "bob", "GET", "/orders/3", nil),
			call(at(32), "x", "GET", "/orders/4", func(e *event.Event) {
				e.Who = &event.Who{Claimed: name}
				e.Principal = event.Principal{Kind: event.Unknown, Level: event.LevelClaimed}
			}),
		)
		wantSummary(t, d, "2 calls by "+name+", on 2 days", "email 3", "1 of them was refused or went wrong")
	}
}

func TestDormant(t *testing.T) {
	key := func(id string) func(*event.Event) {
		return func(e *event.Event) { e.Credential = event.Credential{Method: "api-key", KeyID: id} }
	}
	old := start.AddDate(-1, 0, 0)
	d := make1(t, report.Request{Name: report.Dormant, Idle: 30 * 24 * time.Hour, Known: []report.Known{
		{Kind: "API key", ID: "k-idle", Name: "idle", Created: old},
		{Kind: "API key", ID: "k-busy", Name: "busy", Created: old},
		{Kind: "API key", ID: "k-never", Name: "never", Created: old},
		{Kind: "API key", ID: "k-new", Name: "new", Created: end.Add(-time.Hour)},
		{Kind: "API key", ID: "k-gone", Name: "gone", Created: old, Revoked: start},
		{Kind: "reader's token", ID: "r-ada", Name: "ada", Created: old, Used: old.AddDate(0, 1, 0)},
	}},
		call(old.Add(time.Hour), "idle", "GET", "/", key("k-idle")),
		call(end.Add(-time.Hour), "busy", "GET", "/", key("k-busy")),
		call(old.Add(2*time.Hour), "gone", "GET", "/", key("k-gone")),
		call(old.Add(3*time.Hour), "alice", "GET", "/", nil),
		call(end.Add(-time.Hour), "bob", "GET", "/", nil),
		call(old.Add(3*time.Hour), "liar", "GET", "/", func(e *event.Event) { e.Principal.Level = event.LevelClaimed }),
	)
	wantSummary(t, d, "4 of the 7 credentials that can be used were not used for 30 days or more", "1 of them was never used", "1 credential is revoked or expired")
	var ids []string
	for _, row := range strings.Split(strings.TrimSpace(table(t, d, "Unused, and can be used")), "\n") {
		ids = append(ids, strings.Split(row, "|")[1])
	}
	if got := strings.Join(ids, " "); got != "k-never k-idle p_alice r-ada" {
		t.Errorf("unused: %s", got)
	}
}

func TestPrivileged(t *testing.T) {
	d := make1(t, report.Request{Name: report.Privileged, Privileged: []string{"POST /v1/admin/**"}},
		call(at(1), "alice", "POST", "/v1/admin/users", nil),
		call(at(2), "alice", "GET", "/v1/admin/users", nil),
		call(at(3), "bob", "PUT", "/v1/x", func(e *event.Event) { e.Operation.Action = event.ActionGrant }),
		note(event.Decision, at(4), "administrator", "key-added", event.Fact{Name: "kind", Value: "service"}),
		note(event.System, at(5), "", "reload", event.Fact{Name: "gateway.routes[a].upstream", Value: "x -> y"}),
		note(event.System, at(5), "", "clock"),
	)
	wantSummary(t, d, "2 privileged calls, by 2 callers and apps", "2 changes and decisions of Gatebook itself")
	got := table(t, d, "Each call")
	if !strings.Contains(got, "|POST /v1/admin/users|200|POST /v1/admin/**\n") || !strings.Contains(got, "|action grant\n") {
		t.Errorf("each call\n%s", got)
	}
	if got := table(t, d, "Changes of Gatebook"); !strings.Contains(got, "|key-added|kind: service|") || !strings.Contains(got, "upstream: x -> y") {
		t.Errorf("changes\n%s", got)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, method, path string
		want                  bool
	}{
		{"/admin/**", "GET", "/admin", true},
		{"/admin/**", "GET", "/admin/a/b", true},
		{"/admin/**", "GET", "/administrators", false},
		{"/**/admin/**", "GET", "/api/v2/ADMIN/x", true},
		{"/**/admin/**", "GET", "/admin", true},
		{"/users/*/roles", "PUT", "/users/1/roles", true},
		{"/users/*/roles", "PUT", "/users/1/2/roles", false},
		{"DELETE /users/*", "GET", "/users/1", false},
		{"delete /users/*", "DELETE", "/users/{id}", true},
		{"/**", "GET", "/", true},
		{"/a", "GET", "", false},
	} {
		p, err := report.ParsePattern(c.pattern)
		if err != nil || p.Match(c.method, c.path) != c.want {
			t.Errorf("%s takes %s %s: %v (%v), want %v", c.pattern, c.method, c.path, !c.want, err, c.want)
		}
	}
	for _, bad := range []string{"", "admin", "POST", "POST admin", "/a*b", "/a?b", "GET /a b"} {
		if _, err := report.ParsePattern(bad); err == nil {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
}

func TestUnverified(t *testing.T) {
	anonymous := func(e *event.Event) {
		e.Principal, e.Credential = event.Principal{Kind: event.Anonymous, Reason: "no-credential"}, event.Credential{Method: "none"}
		e.Who = &event.Who{Address: "192.0.2.99"}
	}
	d := make1(t, report.Request{Name: report.Unverified},
		call(at(1), "alice", "GET", "/", nil),
		call(at(2), "", "GET", "/health", anonymous),
		call(at(3), "", "GET", "/customers", func(e *event.Event) { anonymous(e); e.Data = []event.Data{{Class: "email", Count: 7}} }),
		call(at(4), "root", "GET", "/x", func(e *event.Event) {
			e.Principal = event.Principal{Kind: event.Unknown, Level: event.LevelClaimed, Reason: "token-expired"}
			e.Who = &event.Who{Claimed: "root", Address: "192.0.2.1"}
			e.Outcome.Status = 401
		}),
	)
	wantSummary(t, d, "3 of the 4 calls of the period (75.0 %)", "2 of these showed no credential at all", "2 of the 3 were answered with success", "The largest is anonymous at 192.0.2.99, with 2 calls", "email 7")
	if got := table(t, d, "Answered, with sensitive data"); strings.Count(got, "\n") != 1 {
		t.Errorf("answered with data: %s", got)
	}
}

func TestIntegrity(t *testing.T) {
	gap := note(event.Gap, at(5), "", "")
	gap.Note, gap.Lost = nil, &event.Lost{Count: 17, Reason: "disk-full", From: at(4), To: at(5)}
	refused := note(event.Look, at(6), "", "refused", event.Fact{Name: "counted_token-unknown", Value: "4,000"}, event.Fact{Name: "reason", Value: "token-unknown"})
	refused.Principal, refused.Who = event.Principal{Kind: event.Unknown}, &event.Who{Address: "192.0.2.66"}
	d := make1(t, report.Request{Name: report.Integrity, Verified: &ledger.Report{Size: 9, Envelopes: 12}},
		note(event.System, at(1), "", "start", event.Fact{Name: "config_sha256", Value: "abc"}),
		note(event.System, at(2), "", "start"),
		note(event.System, at(2), "", "start"),
		note(event.System, at(3), "", "clock", event.Fact{Name: "step_ns", Value: "-5000000000"}),
		call(at(4), "alice", "GET", "/", func(e *event.Event) {
			e.Who, e.Payload, e.Commit.Payload = nil, &event.Payload{}, event.Hash{1}
		}),
		gap, refused,
		note(event.Look, at(7), "una", "search"),
		note(event.Decision, at(8), "ada", "erase"),
	)
	wantSummary(t, d, "The evidence holds: all 9 records", "17 calls were served and not recorded, in 1 gap", "started 3 times and stopped in order 0 times", "1 envelope of the class who are not there any more", "1 look at the record by readers, and 1 decision")
	if all := strings.Join(d.Summary, "\n"); strings.Contains(all, "class payload") {
		t.Errorf("a payload that is there is said to be erased:\n%s", all)
	}
	if got := table(t, d, "Gaps"); got != "5|2026-11-01T04:00:00.000Z|2026-11-01T05:00:00.000Z|17|disk-full\n" {
		t.Errorf("gaps\n%s", got)
	}
	if got := table(t, d, "Refused looks"); !strings.Contains(got, "unknown at 192.0.2.66|token-unknown") && !strings.Contains(got, "192.0.2.66") {
		t.Errorf("refused\n%s", got)
	}
	broken := make1(t, report.Request{Name: report.Integrity, Verified: &ledger.Report{Problems: []ledger.Problem{{File: "journal", What: "it was changed"}}}})
	wantSummary(t, broken, "THE EVIDENCE DOES NOT HOLD")
}

// TestChangedWhileStopped: a start that finds another state than the stop left.
func TestChangedWhileStopped(t *testing.T) {
	state := func(config, keys, version string) []event.Fact {
		return []event.Fact{{Name: "api_keys_sha256", Value: keys}, {Name: "config_sha256", Value: config}, {Name: "version", Value: version}}
	}
	d := make1(t, report.Request{Name: report.Integrity},
		note(event.System, at(1), "", "start", state("a", "k", "1.0")...),
		note(event.System, at(2), "", "stop", state("b", "l", "1.0")...),
		// A command in between has a configuration of its own.
		note(event.System, at(3), "", "start", state("default", "l", "local")...),
		note(event.System, at(4), "", "stop", state("default", "l", "local")...),
		note(event.System, at(5), "", "start", state("b", "m", "1.1")...),
		note(event.System, at(6), "", "stop", state("b", "m", "1.1")...),
		note(event.System, at(7), "", "start", state("b", "m", "1.1")...),
	)
	wantSummary(t, d, "Between the stop at 2026-11-01 02:00:00 UTC and the start at 2026-11-01 05:00:00 UTC (record 4) this was changed: the API keys.")
	if n := strings.Count(strings.Join(d.Summary, "\n"), "was changed"); n != 1 {
		t.Errorf("%d changes are told, want 1", n)
	}
}

// TestBounds gives a report more groups and rows than it holds.
func TestBounds(t *testing.T) {
	b, err := report.New(report.Request{Name: report.Unverified, From: start, To: end})
	if err != nil {
		t.Fatal(err)
	}
	const calls = 60_000
	for n := range uint64(calls) {
		b.Add(n, call(at(1), "x", "GET", "/", func(e *event.Event) {
			e.Principal, e.Credential = event.Principal{Kind: event.Unknown}, event.Credential{Fingerprint: fmt.Sprint("fp", n)}
			e.Data = []event.Data{{Class: "email", Count: 1}}
		}))
	}
	d := b.Finish(end, report.Ledger{})
	for _, tab := range d.Tables {
		if len(tab.Rows) > report.Listed {
			t.Errorf("table %s has %d rows", tab.Title, len(tab.Rows))
		}
		if (tab.Title == "The largest" || tab.Title == "Answered, with sensitive data") && tab.Left == 0 {
			t.Errorf("table %s does not say that rows are missing", tab.Title)
		}
	}
}

func TestRequests(t *testing.T) {
	o := event.Object{Type: "customer", ID: "1"}
	for _, r := range []report.Request{
		{}, {Name: "x"}, {Name: report.Access}, {Name: report.Access, Object: o, Class: "email"}, {Name: report.Access, Object: event.Object{ID: "1"}},
		{Name: report.Person}, {Name: report.Person, Principal: "a", Class: "b"}, {Name: report.Unverified, Idle: 1}, {Name: report.Dormant, Idle: -1},
		{Name: report.Privileged, Privileged: []string{"x"}}, {Name: report.Integrity, Principal: "x"},
	} {
		r.From, r.To = start, end
		if _, err := report.New(r); !errors.Is(err, report.ErrRequest) {
			t.Errorf("%+v: %v, want ErrRequest", r, err)
		}
	}
	if _, err := report.New(report.Request{Name: report.Unverified, From: end, To: start}); !errors.Is(err, report.ErrRequest) {
		t.Errorf("a period that ends before it begins: %v", err)
	}
}

// TestForms writes a report that tries to be more than text.
func TestForms(t *testing.T) {
	d := make1(t, report.Request{Name: report.Access, Object: event.Object{Type: "customer", ID: "1"}},
		call(at(1), "<script>alert(1)</script>", "GET", "/customers/1", nil),
		call(at(2), `=HYPERLINK("http://evil.test")`, "GET", "/customers/1", func(e *event.Event) { e.Who.Email = "" }),
	)
	d.Reason = "</style><b>"
	var page, sheet, object bytes.Buffer
	for _, err := range []error{d.HTML(&page), d.CSV(&sheet), d.JSON(&object)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s := page.String(); strings.Contains(s, "<script") || strings.Contains(s, "</style><b>") || !strings.Contains(s, "&lt;script&gt;") || !strings.Contains(s, "default-src 'none'") || strings.Contains(s, "ZgotmplZ") {
		t.Error("the page holds what a name made of it")
	}
	r := csv.NewReader(&sheet)
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	escaped := false
	for _, line := range lines {
		for _, c := range line {
			if c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
				t.Errorf("a spreadsheet would run %q", c)
			}
			escaped = escaped || strings.HasPrefix(c, "'=HYPERLINK")
		}
	}
	if !escaped {
		t.Error("the CSV lacks the name that looks like a formula")
	}
	var back report.Document
	if err := json.Unmarshal(object.Bytes(), &back); err != nil || back.Title != d.Title || len(back.Tables) != len(d.Tables) {
		t.Errorf("the JSON is read back as %+v, %v", back, err)
	}
}
