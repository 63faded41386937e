package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/ledger"
)

// Problem is an error as RFC 9457 has it. Its type in JSON is
// "urn:gatebook:problem:" and Type.
type Problem struct {
	Type     string `json:"type"`               // stable code: "query", "token", "index", …
	Title    string `json:"title"`              // of the status
	Status   int    `json:"status"`             // of HTTP
	Detail   string `json:"detail"`             // what is wrong
	Help     string `json:"help,omitempty"`     // what to do
	Query    string `json:"query,omitempty"`    // type query: as it was asked
	Position int    `json:"position,omitempty"` // type query: the character where it is wrong, from 1; absent: not known
	Line     int    `json:"line,omitempty"`     // type event: the line that is wrong, from 1
}

// ProblemPrefix begins the type of all problems.
const ProblemPrefix = "urn:gatebook:problem:"

// Error returns the detail and the help.
func (p *Problem) Error() string {
	if p.Help == "" {
		return p.Detail
	}
	return p.Detail + "; " + p.Help
}

// problemOf is the one place where errors become statuses.
func problemOf(err error) *Problem {
	var p *Problem
	var query *reading.QueryError
	var evidence *ledger.EvidenceError
	var large *http.MaxBytesError
	var held *erasure.HeldError
	var slow *people.Throttled
	var rules detect.Problems
	detail := err.Error()
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, reading.ErrNotRecorded):
		return &Problem{Status: 503, Type: "not-recorded", Detail: detail, Help: "see why nothing can be recorded in /healthz"}
	case errors.As(err, &query):
		p := &Problem{Status: 400, Type: "query", Detail: query.Msg, Query: query.Query, Help: "the language is LogsQL, the fields are in docs/fields.md"}
		if query.Pos >= 0 {
			p.Position = utf8.RuneCountInString(query.Query[:query.Pos]) + 1
		}
		return p
	case errors.As(err, &rules):
		return &Problem{Status: 422, Type: "rule", Detail: rules.Error(), Help: "how rules are written is in docs/rules.md"}
	case errors.Is(err, report.ErrRequest):
		return &Problem{Status: 400, Type: "argument", Detail: detail}
	case errors.Is(err, reading.ErrArgument):
		return &Problem{Status: 400, Type: "argument", Detail: detail}
	case errors.Is(err, reading.ErrReason):
		return &Problem{Status: 403, Type: "reason", Detail: detail, Help: "say why: --reason TEXT, or the header Gatebook-Reason"}
	case errors.Is(err, reading.ErrConfirm):
		return &Problem{Status: 403, Type: "confirm", Detail: detail, Help: "sign in again, and then once more do what you wanted to"}
	case errors.Is(err, people.ErrCredentials):
		return &Problem{Status: 401, Type: "sign-in", Detail: people.ErrCredentials.Error(), Help: "an administrator can make a link that sets a new password"}
	case errors.As(err, &slow):
		return &Problem{Status: 429, Type: "throttled", Detail: detail}
	case errors.Is(err, people.ErrRefused):
		return &Problem{Status: 400, Type: "argument", Detail: strings.TrimPrefix(detail, people.ErrRefused.Error()+": ")}
	case errors.Is(err, people.ErrNotFound):
		return &Problem{Status: 404, Type: "not-found", Detail: detail}
	case errors.Is(err, reading.ErrForbidden):
		return &Problem{Status: 403, Type: "role", Detail: detail}
	case errors.As(err, &evidence):
		return &Problem{Status: 500, Type: "evidence", Detail: "the evidence does not hold: " + detail, Help: "run gatebook verify"}
	case errors.Is(err, ledger.ErrNotFound):
		return &Problem{Status: 404, Type: "not-found", Detail: detail}
	case errors.Is(err, reading.ErrNoCatalog):
		return &Problem{Status: 501, Type: "inventory", Detail: detail}
	case errors.Is(err, alert.ErrState):
		return &Problem{Status: 422, Type: "state", Detail: detail}
	case errors.Is(err, alert.ErrSlow):
		return &Problem{Status: 503, Type: "slow", Detail: detail, Help: "connect again, and read faster"}
	case errors.Is(err, reading.ErrPending):
		return &Problem{Status: 409, Type: "pending", Detail: detail}
	case errors.Is(err, act.ErrProtected):
		return &Problem{Status: 403, Type: "protected", Detail: detail}
	case errors.Is(err, act.ErrWide):
		return &Problem{Status: 422, Type: "wide", Detail: detail}
	case errors.Is(err, act.ErrApproval), errors.Is(err, revoke.ErrApproval):
		return &Problem{Status: 403, Type: "approval", Detail: detail, Help: "ask another investigator or administrator"}
	case errors.Is(err, act.ErrConflict), errors.Is(err, act.ErrRepeats):
		return &Problem{Status: 409, Type: "conflict", Detail: detail}
	case errors.Is(err, revoke.ErrProtected):
		return &Problem{Status: 403, Type: "protected", Detail: detail}
	case errors.Is(err, revoke.ErrNowhere):
		return &Problem{Status: 422, Type: "provider", Detail: detail, Help: "see act.providers in docs/config.md"}
	case errors.Is(err, revoke.ErrConflict), errors.Is(err, revoke.ErrRepeats):
		return &Problem{Status: 409, Type: "conflict", Detail: detail}
	case errors.As(err, &held):
		return &Problem{Status: 423, Type: "held", Detail: held.Error()}
	case errors.Is(err, reading.ErrBusy), errors.Is(err, erasure.ErrBusy):
		return &Problem{Status: 409, Type: "busy", Detail: detail}
	case errors.Is(err, reading.ErrIndex):
		return &Problem{Status: 503, Type: "index", Detail: detail}
	case errors.As(err, &large):
		return &Problem{Status: 413, Type: "argument", Detail: "the body is too large"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Problem{Status: 503, Type: "cancelled", Detail: "the request ended before its answer"}
	}
	return &Problem{Status: 500, Type: "internal", Detail: detail}
}

// fail answers with the error, unless the answer has begun.
func (c *call) fail(err error) {
	p := *problemOf(err)
	if p.Status >= 500 && p.Type != "cancelled" && p.Type != "index" {
		c.cfg.Log.Error("a request of the API failed", "path", c.r.Pattern, "error", err)
	}
	if c.w.status != 0 {
		return
	}
	c.drainBody()
	p.Type, p.Title = ProblemPrefix+p.Type, http.StatusText(p.Status)
	var slow *people.Throttled
	if errors.As(err, &slow) {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(slow.After.Seconds()))))
	}
	if p.Status == 409 || p.Status == 503 {
		c.w.Header().Set("Retry-After", "1")
	}
	c.w.Header().Set("Content-Type", "application/problem+json")
	c.w.WriteHeader(p.Status)
	encoder(c.w).Encode(&p)
}

// json answers with v.
func (c *call) json(status int, v any) error {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	return encoder(c.w).Encode(v)
}

func encoder(w http.ResponseWriter) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // sealed bytes stay as they are
	return e
}
