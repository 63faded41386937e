package cloudtrail

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

var config = Config{
	Pseudonym: func(issuer, subject string) string { return "p(" + issuer + " " + subject + ")" },
	Redact:    func(text []byte) []byte { return text },
}

// readAll reads a file to its end.
func readAll(t testing.TB, file string) ([]*event.Event, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(file), config)
	if err != nil {
		return nil, err
	}
	var all []*event.Event
	for {
		e, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

// call is a record with members added or replaced.
func call(members string) string {
	base := map[string]any{"eventID": "e1", "eventTime": "2026-11-20T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "recipientAccountId": "123456789012",
		"userIdentity": map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/alice", "accountId": "123456789012", "accessKeyId": "AKIAEXAMPLE", "userName": "alice"}}
	if err := json.Unmarshal([]byte("{"+members+"}"), &base); err != nil {
		panic(err)
	}
	b, _ := json.Marshal(base)
	return string(b)
}

// TestForms reads the same two records in each form that people have them in.
func TestForms(t *testing.T) {
	one, two := call(`"eventID":"e1"`), call(`"eventID":"e2"`)
	text := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, `{"Records":[`+one+`,`+two+`]}`)
	z.Close()
	for name, file := range map[string]string{
		"log file":     `{"Records":[` + one + `,` + two + `]}`,
		"with more":    `{"Records":[` + one + `,` + two + `],"NextToken":"x"}`,
		"gzip":         packed.String(),
		"LookupEvents": `{"Events":[{"EventId":"e1","CloudTrailEvent":` + text(one) + `},{"CloudTrailEvent":` + text(two) + `}]}`,
		"EventBridge":  `{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":` + one + `}` + "\n" + `{"detail":` + two + `}`,
		"JSON lines":   one + "\n" + two + "\n",
		"list":         `[` + one + `,` + two + `]`,
		"two files":    `{"Records":[` + one + `]}` + "\n" + `{"Records":[` + two + `]}`,
	} {
		all, err := readAll(t, file)
		if err != nil || len(all) != 2 {
			t.Errorf("%s: got %d events, %v, want 2", name, len(all), err)
			continue
		}
		if all[0].ID == all[1].ID || all[0].ID.Time() != all[0].Arrived {
			t.Errorf("%s: ids %s and %s", name, all[0].ID, all[1].ID)
		}
	}
}

// TestConvert says what becomes of the fields that matter.
func TestConvert(t *testing.T) {
	for _, test := range []struct {
		name, members string
		got           func(*event.Event) any
		want          any
	}{
		{"a user", ``, func(e *event.Event) any { return e.Principal },
			event.Principal{Kind: event.User, ID: "p(aws:123456789012 arn:aws:iam::123456789012:user/alice)", Issuer: "aws:123456789012", Level: event.LevelAsserted, Reason: "cloudtrail"}},
		{"a role", `"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/app/i-0a1","accountId":"1"}`, func(e *event.Event) any { return e.Principal.Kind }, event.Service},
		{"a person in a role", `"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/sso/ann@example.org","accountId":"1"}`, func(e *event.Event) any { return e.Principal.Kind }, event.User},
		{"a service", `"userIdentity":{"type":"AWSService","invokedBy":"rds.amazonaws.com"}`, func(e *event.Event) any { return [...]any{e.Principal.Kind, e.Who.Subject, len(e.Who.Chain)} }, [...]any{event.Machine, "rds.amazonaws.com", 0}},
		{"nobody", `"userIdentity":{"type":"AWSAccount","accountId":"anonymous","principalId":""}`, func(e *event.Event) any { return e.Principal }, event.Principal{Kind: event.Anonymous, Reason: "no-credential"}},
		{"a service for a user", `"userIdentity":{"type":"IAMUser","arn":"a","invokedBy":"athena.amazonaws.com"}`, func(e *event.Event) any { return e.Who.Chain[0] }, "athena.amazonaws.com"},
		{"an access key", ``, func(e *event.Event) any { return [...]string{e.Credential.Method, e.Credential.KeyID} }, [...]string{"sigv4", "AKIAEXAMPLE"}},
		{"multi-factor", `"userIdentity":{"type":"Root","arn":"r","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`, func(e *event.Event) any { return e.Principal.Reason }, "cloudtrail-mfa"},
		{"an address", `"sourceIPAddress":"192.0.2.7"`, func(e *event.Event) any { return e.Who.Address }, "192.0.2.7"},
		{"no address", `"sourceIPAddress":"AWS Internal"`, func(e *event.Event) any { return e.Who.Address + "|" + e.Who.Peer }, "|AWS Internal"},
		{"the operation", `"eventSource":"iam.amazonaws.com","eventName":"CreateUser"`, func(e *event.Event) any { return e.Operation.Name }, "iam:CreateUser"},
		{"denied", `"errorCode":"Client.UnauthorizedOperation"`, func(e *event.Event) any { return e.Outcome }, event.Outcome{Status: 403, RPCStatus: "Client.UnauthorizedOperation"}},
		{"not there", `"errorCode":"NoSuchBucket"`, func(e *event.Event) any { return e.Outcome.Status }, 404},
		{"too often", `"errorCode":"ThrottlingException"`, func(e *event.Event) any { return e.Outcome.Status }, 429},
		{"a failed login", `"eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Failure"}`, func(e *event.Event) any { return e.Outcome.Status }, 401},
		{"objects", `"requestParameters":{"bucketName":"b","key":"k","dBSnapshotIdentifier":"s","instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]},"roleArn":"arn:aws:iam::1:role/admin","groupNames":["g"]},"resources":[{"ARN":"arn:aws:s3:::b/k"}]`,
			func(e *event.Event) any { return fmt.Sprint(e.What.Objects, e.What.Asked, e.Objects, e.Counts) },
			"[{bucket b} {db-snapshot s} {group g} {instance i-1} {instance i-2} {role admin} {object b/k}] 6 [bucket db-snapshot group instance object role] [1 1 1 2 1 1]"},
		{"bytes", `"additionalEventData":{"bytesTransferredOut":108.0}`, func(e *event.Event) any { return e.Response.Bytes }, uint64(108)},
		{"a secret", `"eventSource":"secretsmanager.amazonaws.com","eventName":"GetSecretValue"`, func(e *event.Event) any { return e.Data[0].Class }, "secret"},
		{"a decrypted parameter", `"eventSource":"ssm.amazonaws.com","eventName":"GetParameter","requestParameters":{"name":"p","withDecryption": true}`, func(e *event.Event) any { return len(e.Data) }, 1},
		{"a plain parameter", `"eventSource":"ssm.amazonaws.com","eventName":"GetParameter","requestParameters":{"name":"p","withDecryption": false}`, func(e *event.Event) any { return len(e.Data) }, 0},
		{"a refused secret", `"eventSource":"secretsmanager.amazonaws.com","eventName":"GetSecretValue","errorCode":"AccessDenied"`, func(e *event.Event) any { return len(e.Data) }, 0},
		{"TLS", `"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"s3.amazonaws.com"}`, func(e *event.Event) any { return e.Who.TLS }, event.TLS{Version: "1.3", Cipher: "TLS_AES_128_GCM_SHA256", ServerName: "s3.amazonaws.com"}},
	} {
		all, err := readAll(t, call(test.members))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := test.got(all[0]); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
		if _, err := all[0].Seal(new([event.Classes]event.Salt)); err != nil {
			t.Errorf("%s: the event cannot be sealed: %v", test.name, err)
		}
	}
}

func TestActions(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		service, name string
		readOnly      *bool
		want          event.Action
	}{
		{"s3", "GetObject", &yes, event.ActionRead},
		{"ec2", "DescribeInstances", nil, event.ActionRead},
		{"ec2", "RunInstances", &no, event.ActionCreate},
		{"ec2", "TerminateInstances", &no, event.ActionDelete},
		{"ec2", "ModifySnapshotAttribute", &no, event.ActionGrant},
		{"ec2", "DeleteFlowLogs", &no, event.ActionAdminister},
		{"rds", "StartExportTask", &no, event.ActionExport},
		{"iam", "CreateAccessKey", &no, event.ActionGrant},
		{"iam", "UpdateAssumeRolePolicy", &no, event.ActionGrant},
		{"iam", "CreateUser", &no, event.ActionAdminister},
		{"cloudtrail", "StopLogging", &no, event.ActionAdminister},
		{"organizations", "LeaveOrganization", &no, event.ActionAdminister},
		{"sts", "AssumeRoleWithSAML", nil, event.ActionAuthenticate},
		{"signin", "ConsoleLogin", &no, event.ActionAuthenticate},
		{"kms", "Decrypt", &yes, event.ActionRead},
		{"kms", "GenerateDataKey", &no, event.ActionCreate},
		{"kms", "DisableKey", &no, event.ActionAdminister},
		{"lambda", "UpdateFunctionCode20150331v2", &no, event.ActionUpdate},
		{"lambda", "AddPermission20150331v2", &no, event.ActionGrant},
		{"dynamodb", "PutItem", &no, event.ActionUpdate},
	} {
		if got := actionOf(test.service, test.name, test.readOnly); got != test.want {
			t.Errorf("%s:%s: got %s, want %s", test.service, test.name, got, test.want)
		}
	}
}

// TestBadFiles says what is wrong, and where.
func TestBadFiles(t *testing.T) {
	good := call(``)
	for _, test := range []struct {
		name, file, want string
		before           int // events that are read before
	}{
		{"no JSON", "eventTime,eventName\n", "record 1: it is no JSON", 0},
		{"cut short", `{"Records":[` + good + `,{"eventID":"e2"`, "record 2: the file ends in the middle of it", 1},
		{"another log", `{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`, "record 1: it has no eventID: this is no record of CloudTrail", 0},
		{"a digest", `{"awsAccountId":"1","digestStartTime":"x"}`, "it has no eventID", 0},
		{"no time", `{"Records":[` + call(`"eventTime":""`) + `]}`, "it has no eventTime", 0},
		{"a bad time", call(`"eventTime":"yesterday"`), `eventTime "yesterday": want a time`, 0},
		{"a far time", call(`"eventTime":"9999-01-01T00:00:00Z"`), "lies outside", 0},
		{"another type", call(`"userIdentity":"alice"`), "userIdentity is a string", 0},
		{"a number", `42`, "want an object, and there is 42", 0},
		{"no list", `{"Records":42}`, "Records is no list", 0},
		{"late list", `{"x":1,"Records":[]}`, "Records must be the first member", 0},
		{"damaged gzip", "\x1f\x8bxx", "the compressed file is damaged", 0},
		{"a long name", call(`"eventName":"` + strings.Repeat("x", 300) + `"`), "eventName is longer than 256 bytes", 0},
		{"a long record", call(`"x":"` + strings.Repeat("x", maxRecord+2<<20) + `"`), "longer than", 0},
	} {
		all, err := readAll(t, test.file)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
		if len(all) != test.before {
			t.Errorf("%s: got %d events before the error, want %d", test.name, len(all), test.before)
		}
	}
	if all, err := readAll(t, ""); err != nil || len(all) != 0 {
		t.Errorf("an empty file: got %d events, %v, want none", len(all), err)
	}
}

// TestInvictus reads real records.
func TestInvictus(t *testing.T) {
	b, err := os.ReadFile("../../../../shared/data/cloudtrail-invictus/cloudtrail.json.gz")
	if err != nil {
		t.Skip("the data set is not here: ", err)
	}
	all, err := readAll(t, string(b))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2900 {
		t.Fatalf("got %d events, want 2900", len(all))
	}
	kinds := make(map[event.PrincipalKind]int)
	for _, e := range all {
		kinds[e.Principal.Kind]++
		if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
			t.Fatal(err)
		}
	}
	if kinds[event.User] != 2748 || kinds[event.Unknown] != 0 {
		t.Errorf("got principals %v, want 2748 calls of users and none unknown", kinds)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(`{"Records":[` + call(``) + `]}`)
	f.Add(`{"Events":[{"CloudTrailEvent":"{}"}]}` + call(`"requestParameters":{"a":[[{"xId":"1"}]]}`))
	f.Add(`[[[[`)
	f.Fuzz(func(t *testing.T, file string) {
		all, _ := readAll(t, file)
		for _, e := range all {
			if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
				t.Errorf("an event cannot be sealed: %v", err)
			}
			if !slices.IsSorted(e.Objects) {
				t.Errorf("types are not sorted: %v", e.Objects)
			}
		}
	})
}
