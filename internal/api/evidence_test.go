package api_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/evidence"
)

// TestEvidence asks for a pack, and verifies what comes.
func TestEvidence(t *testing.T) {
	s := open(t, nil)
	put(s.house, 5)
	b := s.get("/api/v1/evidence?query=who.subject:%3Dalice&disclose=who,payload&complete=false&case=C-1")
	rep, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{Key: s.house.Key})
	if err != nil || !rep.OK() || rep.Events != 5 || rep.Envelopes != 10 || rep.Statement.Case != "C-1" || rep.Statement.By != "ada" {
		t.Fatalf("%v, %+v", err, rep)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("index.html")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(f)
	if err != nil || !strings.Contains(string(page), "<h1 id=\"question\">All events of which who.subject is &#34;alice&#34;.</h1>") {
		t.Errorf("the page does not say what was asked: %v\n%.2000s", err, page)
	}
	for path, status := range map[string]int{
		"/api/v1/evidence?disclose=all": 400, "/api/v1/evidence?continues=x": 400, "/api/v1/evidence?query=*|count()": 400, "/api/v1/evidence?complete=true&query=who.subject:a": 400,
	} {
		if res := s.do("GET", path, adminToken, ""); res.StatusCode != status {
			t.Errorf("%s: %s, want %d", path, res.Status, status)
		}
	}
	if res := s.do("GET", "/api/v1/evidence", viewerToken, ""); res.StatusCode != 403 {
		t.Errorf("a viewer: %s", res.Status)
	}
}
