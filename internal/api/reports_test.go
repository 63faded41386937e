package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/test/readingtest"
)

const (
	auditorToken      = "auditor-token-0123456789"
	investigatorToken = "investigator-token-0123456789"
)

func withRoles(c *api.Config) {
	c.Tokens = append(c.Tokens,
		api.Token{Value: auditorToken, Reader: reading.Reader{Name: "una", Role: reading.Auditor}},
		api.Token{Value: investigatorToken, Reader: reading.Reader{Name: "ivo", Role: reading.Investigator}})
}

// TestReports makes each report in each form. Each is a look, sealed with the
// hash of what was answered.
func TestReports(t *testing.T) {
	s := open(t, withRoles)
	put(s.house, 20)
	for _, path := range []string{"access?object=customer/7", "access?class=email", "person?principal=alice", "dormant", "privileged", "unverified", "integrity"} {
		for _, form := range []string{"json", "html", "pdf", "csv"} {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			res := s.do("GET", "/api/v1/reports/"+path+sep+"format="+form, auditorToken, "", "Gatebook-Reason: yearly audit")
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != 200 || len(b) < 1000 {
				t.Errorf("%s as %s: %s, %d bytes %v: %.300s", path, form, res.Status, len(b), err, b)
				continue
			}
			if bytes.Contains(b, []byte("zanzibar")) {
				t.Errorf("%s as %s shows a payload", path, form)
			}
			looks := s.house.Looks()
			last := looks[len(looks)-1]
			facts := fmt.Sprint(last.Note.Facts)
			if last.Note.Name != "report" || !strings.Contains(facts, fmt.Sprintf("{sha256 %x}", sha256.Sum256(b))) || last.Who.Subject != "una" {
				t.Errorf("%s as %s: the last look is %+v", path, form, last.Note)
			}
		}
	}
	var d report.Document
	s.json("/api/v1/reports/access?object=customer/7", &d)
	if len(d.Tables) != 3 || len(d.Tables[2].Rows) != 1 || d.By != "ada" || d.Ledger.Size < 20 || len(d.Ledger.Signatures) != 1 || !strings.Contains(d.Ledger.Checkpoint, "\n"+d.Ledger.Root+"\n") {
		t.Errorf("the report on customer/7 is %+v", d)
	}
	s.json("/api/v1/reports/integrity", &d)
	if all := strings.Join(d.Summary, "\n"); strings.Contains(all, "erased") || !strings.Contains(all, "The evidence holds") {
		t.Errorf("the statement on a record that is whole:\n%s", all)
	}
	// What the report listed is a look at that record; what it read is one too.
	var looks reading.Looks
	s.json("/api/v1/events/7/looks", &looks)
	hows := map[string]int{}
	for _, l := range looks.Looks {
		hows[l.How]++
	}
	if hows["shown"] < 5 || hows["counted"] < 10 {
		t.Errorf("the looks at event 7 are %v", hows)
	}
}

// TestReportRoles: an investigator makes reports, but none on who looked.
func TestReportRoles(t *testing.T) {
	s := open(t, withRoles)
	put(s.house, 3)
	s.get("/api/v1/search?query=who.subject:alice")
	for path, want := range map[string]int{"unverified": 200, "person?principal=alice": 200, "integrity": 403} {
		if res := s.do("GET", "/api/v1/reports/"+path, investigatorToken, ""); res.StatusCode != want {
			b, _ := io.ReadAll(res.Body)
			t.Errorf("%s by an investigator: %s, want %d: %s", path, res.Status, want, b)
		}
	}
	for _, c := range []struct {
		path, token string
		want        int
	}{
		{"/api/v1/events/0/looks", auditorToken, 200}, {"/api/v1/events/0/looks", investigatorToken, 403},
		{"/api/v1/export", auditorToken, 200}, {"/api/v1/export", investigatorToken, 200},
		{"/api/v1/events/0", auditorToken, 200},
	} {
		res := s.do("GET", c.path, c.token, "")
		b, _ := io.ReadAll(res.Body)
		if res.StatusCode != c.want {
			t.Errorf("%s with %s: %s, want %d", c.path, c.token, res.Status, c.want)
		}
		if c.token == auditorToken && bytes.Contains(b, []byte("zanzibar")) {
			t.Errorf("%s shows an auditor a payload", c.path)
		}
	}
}

// TestReportOfPeriod reads no more of the record than it needs, and all that
// belongs to the period.
func TestReportOfPeriod(t *testing.T) {
	s := open(t, nil)
	now := time.Now().UTC()
	long := now.Add(-48 * time.Hour)
	var list []*event.Event
	for i := range 10 {
		list = append(list, readingtest.Call(long.Add(time.Duration(i)*time.Second), "old", "GET", "/customers/1", 200))
	}
	for i := range 5 {
		list = append(list, readingtest.Call(now.Add(time.Duration(i-10)*time.Second), "new", "GET", "/customers/1", 200))
	}
	// It arrived long ago and ended just now.
	slow := readingtest.Call(long, "slow", "GET", "/customers/1", 200)
	slow.Completed = now
	s.house.Put(append(list, slow)...)
	ask := func(query string) report.Document {
		t.Helper()
		var d report.Document
		if err := json.Unmarshal(s.get("/api/v1/reports/access?object=customer/1"+query), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := ask("&from=1d"); len(d.Tables[2].Rows) != 5 || d.Ledger.First != 10 {
		t.Errorf("the last day: %d calls, read from record %d; want 5 from 10 on", len(d.Tables[2].Rows), d.Ledger.First)
	}
	if d := ask("&from=3d&to=1d"); len(d.Tables[2].Rows) != 11 {
		t.Errorf("the days before: %d calls, want 11, also the one that took two days", len(d.Tables[2].Rows))
	}
}
