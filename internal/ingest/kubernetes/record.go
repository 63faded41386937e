package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// record is an Event of audit.k8s.io/v1, as far as it is used.
type record struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Level      string `json:"level"`
	AuditID    string `json:"auditID"`
	Stage      string `json:"stage"`
	RequestURI string `json:"requestURI"`
	Verb       string `json:"verb"`

	User         user     `json:"user"`
	Impersonated *user    `json:"impersonatedUser"`
	SourceIPs    []string `json:"sourceIPs"`
	UserAgent    string   `json:"userAgent"`

	Object   *reference `json:"objectRef"`
	Response struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
		Code   int    `json:"code"`
	} `json:"responseStatus"`
	RequestObject  json.RawMessage `json:"requestObject"`
	ResponseObject json.RawMessage `json:"responseObject"`

	Received string `json:"requestReceivedTimestamp"`
	At       string `json:"stageTimestamp"`
}

type user struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

type reference struct {
	Resource    string `json:"resource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	APIGroup    string `json:"apiGroup"`
	Subresource string `json:"subresource"`
}

// errStage is why a stage before the end of a call is no event.
var errStage = errors.New("it is a stage before the end of the call")

// parse reads a record, and returns when its call came and was over.
func parse(raw []byte) (c *record, from, to time.Time, err error) {
	c = new(record)
	if err := json.Unmarshal(raw, c); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) {
			return nil, from, to, fmt.Errorf("%s is a %s, want another type", field.Field, field.Value)
		}
		return nil, from, to, fmt.Errorf("it is no JSON: %w", err)
	}
	if c.Kind != "" && c.Kind != "Event" {
		return nil, from, to, fmt.Errorf("kind is %q, want Event", clip(c.Kind))
	}
	for _, f := range []struct{ name, value string }{{"auditID", c.AuditID}, {"verb", c.Verb}, {"requestReceivedTimestamp", c.Received}} {
		if f.value == "" {
			return nil, from, to, fmt.Errorf("it has no %s: this is no event of an audit log", f.name)
		}
		if len(f.value) > 256 {
			return nil, from, to, fmt.Errorf("%s is longer than 256 bytes", f.name)
		}
	}
	switch c.Stage {
	case "ResponseComplete", "Panic", "":
	case "RequestReceived", "ResponseStarted":
		return nil, from, to, errStage
	default:
		return nil, from, to, fmt.Errorf("stage is %q, want RequestReceived, ResponseStarted, ResponseComplete or Panic", clip(c.Stage))
	}
	if from, err = when("requestReceivedTimestamp", c.Received); err != nil {
		return nil, from, to, err
	}
	to = from
	if c.At != "" {
		if to, err = when("stageTimestamp", c.At); err != nil {
			return nil, from, to, err
		}
	}
	if to.Before(from) {
		to = from
	}
	return c, from, to, nil
}

func when(name, v string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return t, fmt.Errorf("%s %q: want a time such as 2026-11-27T12:00:00.000000Z", name, clip(v))
	}
	if y := t.Year(); y < 2000 || y > 2200 {
		return t, fmt.Errorf("%s %q lies outside of the years 2000 to 2200", name, clip(v))
	}
	return t.UTC(), nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
