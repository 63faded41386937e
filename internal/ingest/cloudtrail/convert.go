package cloudtrail

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// record is a record of CloudTrail, as far as it is used.
type record struct {
	EventID            string   `json:"eventID"`
	EventTime          string   `json:"eventTime"`
	EventSource        string   `json:"eventSource"`
	EventName          string   `json:"eventName"`
	EventType          string   `json:"eventType"`
	Identity           identity `json:"userIdentity"`
	SourceIPAddress    string   `json:"sourceIPAddress"`
	UserAgent          string   `json:"userAgent"`
	ErrorCode          string   `json:"errorCode"`
	ReadOnly           *bool    `json:"readOnly"`
	RecipientAccountID string   `json:"recipientAccountId"`
	VPCEndpointID      string   `json:"vpcEndpointId"`

	RequestParameters json.RawMessage `json:"requestParameters"`
	ResponseElements  json.RawMessage `json:"responseElements"`

	Resources []struct {
		ARN  string `json:"ARN"`
		Type string `json:"type"`
	} `json:"resources"`
	Additional struct {
		In  float64 `json:"bytesTransferredIn"`
		Out float64 `json:"bytesTransferredOut"`
		MFA string  `json:"MFAUsed"`
	} `json:"additionalEventData"`
	TLS struct {
		Version string `json:"tlsVersion"`
		Cipher  string `json:"cipherSuite"`
		Host    string `json:"clientProvidedHostHeader"`
	} `json:"tlsDetails"`
}

// identity is who made the call.
type identity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	AccessKeyID string `json:"accessKeyId"`
	UserName    string `json:"userName"`
	InvokedBy   string `json:"invokedBy"`
	Session     struct {
		Attributes struct {
			MFA     string `json:"mfaAuthenticated"`
			Created string `json:"creationDate"`
		} `json:"attributes"`
		Issuer struct {
			ARN      string `json:"arn"`
			UserName string `json:"userName"`
		} `json:"sessionIssuer"`
	} `json:"sessionContext"`
}

// convert makes an event of a record.
func (r *Reader) convert(raw []byte) (*event.Event, error) {
	var c record
	if err := json.Unmarshal(raw, &c); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) {
			return nil, fmt.Errorf("%s is a %s, want another type: this is no record of CloudTrail", field.Field, field.Value)
		}
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	for _, f := range []struct{ name, value string }{{"eventID", c.EventID}, {"eventTime", c.EventTime}, {"eventSource", c.EventSource}, {"eventName", c.EventName}} {
		if f.value == "" {
			return nil, fmt.Errorf("it has no %s: this is no record of CloudTrail", f.name)
		}
		if len(f.value) > 256 {
			return nil, fmt.Errorf("%s is longer than 256 bytes: this is no record of CloudTrail", f.name)
		}
	}
	at, err := time.Parse(time.RFC3339, c.EventTime)
	if err != nil {
		return nil, fmt.Errorf("eventTime %q: want a time such as 2023-07-10T11:42:26Z", clip(c.EventTime))
	}
	if y := at.Year(); y < 2000 || y > 2200 {
		return nil, fmt.Errorf("eventTime %q lies outside of the years 2000 to 2200", clip(c.EventTime))
	}
	e := &event.Event{Who: &event.Who{}, What: &event.What{}, Payload: &event.Payload{Original: string(r.cfg.Redact(raw))}}
	sum := sha256.Sum256([]byte("cloudtrail\x00" + c.EventID))
	e.ID = event.NewID(at, [8]byte(sum[:8]))
	e.Kind, e.Arrived, e.Completed = event.Access, at.UTC(), at.UTC()
	e.Edge = "cloudtrail:" + c.account()
	e.Capture = event.Capture{Method: "import", Source: "cloudtrail"}
	r.who(&c, e)
	service := strings.TrimSuffix(c.EventSource, ".amazonaws.com")
	e.Operation = event.Operation{
		Protocol: "aws", Host: c.EventSource, Name: service + ":" + c.EventName, Type: c.EventType,
		Basis: event.BasisProtocol, Action: actionOf(service, c.EventName, c.ReadOnly), Requires: event.RequiresCredential,
	}
	e.Outcome = outcomeOf(&c)
	if e.Outcome.Status < 300 {
		e.Data = dataOf(service, c.EventName, &c)
	}
	e.Request.Bytes, e.Response.Bytes = bytesOf(c.Additional.In), bytesOf(c.Additional.Out)
	objectsOf(&c, e)
	return e, nil
}

func bytesOf(n float64) uint64 {
	if n > 0 && n < 1<<53 {
		return uint64(n)
	}
	return 0
}

// account is the account whose log it is.
func (c *record) account() string {
	for _, id := range []string{c.RecipientAccountID, c.Identity.AccountID} {
		if len(id) <= 20 && id != "" {
			return id
		}
	}
	return "unknown"
}

// who says who made the call, as AWS says it.
func (r *Reader) who(c *record, e *event.Event) {
	id := &c.Identity
	kind, subject := id.who()
	issuer := "aws"
	if id.AccountID != "" && len(id.AccountID) <= 20 {
		issuer = "aws:" + id.AccountID
	}
	e.Principal = event.Principal{Kind: kind, Issuer: issuer, Level: event.LevelAsserted, Reason: "cloudtrail"}
	switch {
	case subject == "":
		e.Principal = event.Principal{Kind: event.Anonymous, Reason: "no-credential"}
	default:
		e.Principal.ID, e.Who.Subject = r.cfg.Pseudonym(issuer, subject), subject
	}
	if id.Session.Attributes.MFA == "true" || c.Additional.MFA == "Yes" {
		e.Principal.Reason = "cloudtrail-mfa"
	}
	e.Who.Name = id.UserName
	switch {
	case id.AccessKeyID != "" && len(id.AccessKeyID) <= 128:
		e.Credential = event.Credential{Method: "sigv4", KeyID: id.AccessKeyID}
	case c.EventName == "ConsoleLogin":
		e.Credential.Method = "password"
	case subject == "":
		e.Credential.Method = "none"
	}
	if by := id.InvokedBy; by != "" && by != subject {
		e.Credential.Delegation = []event.Delegate{{ID: r.cfg.Pseudonym("aws", by), Issuer: "aws"}}
		e.Who.Chain = []string{by}
	}
	if role := id.Session.Issuer.ARN; role != "" {
		e.Who.Groups = []string{role}
	}
	e.Who.UserAgent = c.UserAgent
	if addr, err := netip.ParseAddr(c.SourceIPAddress); err == nil {
		e.Who.Address = addr.Unmap().String()
	} else if c.SourceIPAddress != "" {
		e.Who.Peer = c.SourceIPAddress // a service of AWS, or "AWS Internal"
	}
	e.Who.TLS = event.TLS{Version: strings.TrimPrefix(c.TLS.Version, "TLSv"), Cipher: c.TLS.Cipher, ServerName: c.TLS.Host}
	if e.Who.TLS.Version == "" {
		e.Who.TLS = event.TLS{}
	}
}

// who tells the kind and the stable name of an identity. A role that a person
// signed in to has the person's address as the name of its session.
func (id *identity) who() (event.PrincipalKind, string) {
	subject := id.ARN
	if subject == "" {
		subject = id.PrincipalID
	}
	switch id.Type {
	case "Root", "IAMUser", "IdentityCenterUser", "SAMLUser", "WebIdentityUser", "FederatedUser", "Directory":
		if subject == "" {
			subject = id.UserName
		}
		return event.User, subject
	case "AssumedRole", "Role":
		if _, session, ok := strings.Cut(subject, "/"); ok && strings.Contains(session, "@") {
			return event.User, subject
		}
		return event.Service, subject
	case "AWSService":
		return event.Machine, id.InvokedBy
	case "AWSAccount":
		if subject == "" {
			subject = id.AccountID
		}
		if subject == "anonymous" || id.AccountID == "anonymous" {
			return event.Anonymous, ""
		}
		return event.Service, subject
	}
	if subject == "" {
		subject = id.InvokedBy
	}
	return event.Service, subject
}

// outcomeOf says how the call ended. CloudTrail has AWS's error code and not
// the HTTP status; the status is that which the AWS General Reference ("Common
// Errors") and the services' references give for the code, and 400 for others.
func outcomeOf(c *record) event.Outcome {
	o := event.Outcome{Status: 200, RPCStatus: c.ErrorCode}
	if len(o.RPCStatus) > 128 {
		o.RPCStatus = o.RPCStatus[:128]
	}
	code := strings.ToLower(c.ErrorCode)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(code, p) })
	}
	switch {
	case code == "":
		if c.EventName == "ConsoleLogin" && strings.Contains(string(c.ResponseElements), `"Failure"`) {
			o.Status, o.RPCStatus = 401, "Failure"
		}
	case has("throttl", "slowdown", "toomanyrequests", "requestlimitexceeded", "rateexceeded"):
		o.Status = 429
	case has("accessdenied", "unauthorizedoperation", "notauthorized", "forbidden", "authfailure", "optinrequired"):
		o.Status = 403
	case has("invalidclienttokenid", "expiredtoken", "signaturedoesnotmatch", "unrecognizedclient", "missingauthentication", "incompletesignature", "invalidaccesskeyid"):
		o.Status = 401
	case has("nosuch", "notfound", "doesnotexist"):
		o.Status = 404
	case has("alreadyexists", "conflict", "inuse"):
		o.Status = 409
	case has("internalerror", "internalfailure", "serverexception", "serviceexception"):
		o.Status = 500
	case has("unavailable"):
		o.Status = 503
	default:
		o.Status = 400
	}
	return o
}
