package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/test/freeport"
)

// trail is a log of CloudTrail: alice makes n calls, and is refused the last.
func trail(t *testing.T, first, n int) string {
	t.Helper()
	type object = map[string]any
	var records []object
	for i := range n {
		r := object{
			"eventID": fmt.Sprintf("event-%d", first+i), "eventTime": fmt.Sprintf("2026-11-20T10:%02d:%02dZ", (first+i)/60%60, (first+i)%60), "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue",
			"recipientAccountId": "123456789012", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2",
			"userIdentity":      object{"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/alice", "accountId": "123456789012", "accessKeyId": "AKIAEXAMPLE", "userName": "alice"},
			"requestParameters": object{"secretId": fmt.Sprintf("db-%d", first+i)}, "responseElements": object{"sessionToken": "IQoJb3JpZ2luX2VjEXAMPLETOKEN"},
		}
		if i == n-1 {
			r["errorCode"] = "AccessDenied"
		}
		records = append(records, r)
	}
	b, err := json.Marshal(object{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "trail.json")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestImportCloudTrail imports a log, the same and an overlapping one again,
// one that is cut short, and one by a reader who may not.
func TestImportCloudTrail(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, "http://"+freeport.Address(t))
	name := trail(t, 0, 700)
	run := func(args ...string) result {
		return command(t, gatebook, append([]string{"import", "cloudtrail", "--data", data}, args...)...)
	}
	run(name).says(t, 0, "700 events imported, from 2026-11-20T10:00:00Z to 2026-11-20T10:11:39Z")
	run(name).says(t, 0, "0 events imported, 700 were known")
	run(trail(t, 600, 200)).says(t, 0, "100 events imported, 100 were known")

	whole, err := os.ReadFile(trail(t, 2000, 3))
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.json")
	if err := os.WriteFile(cut, whole[:len(whole)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	run(cut).says(t, 2, cut, "record 3: the file ends in the middle of it", "2 events before it were imported")

	awaitIndex(t, s)
	hits := s.search(`who.subject:="arn:aws:iam::123456789012:user/alice" outcome.status:=403`, "--limit", "10")
	if len(hits) != 2 {
		t.Fatalf("got %d refused calls of alice, want 2", len(hits))
	}
	h := hits[0].Header
	if h.Principal.Level != 2 || h.Operation.Name != "secretsmanager:GetSecretValue" || h.Credential.Method != "sigv4" {
		t.Errorf("got %+v", h)
	}
	if p := string(hits[0].Payload); !strings.Contains(p, `eventSource`) || strings.Contains(p, "IQoJb3JpZ2luX2VjEXAMPLETOKEN") {
		t.Errorf("the original must be there without its token: %s", p)
	}
	if n := len(s.search("kind:=decision note.name:=imported")); n != 3 {
		t.Errorf("%d imports are in the record, want 3", n)
	}

	out := command(t, gatebook, "readers", "add", "vera", "--role", "viewer", "--data", data)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(strings.TrimSpace(out.stdout)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(name, "--token-file", token).says(t, 2, "import needs the role administrator")
	s.stop()
	command(t, gatebook, "verify", "--data", data).says(t, 0)
}
