package capture

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
)

// judged is what the measures in force came to for a call.
type judged struct {
	set     *policy.Set // that was asked last
	verdict policy.Verdict
}

// Admit asks the measures in force whether the call may be made. If not, it
// answers the call, and returns false: then the API must not be asked. It is
// called once, after [Recorder.Begin].
func (x *Exchange) Admit() bool {
	set := x.rec.measures.Load()
	x.judged.set = set
	if set.Len() == 0 {
		return true
	}
	now := time.Now()
	c := x.judgedCall()
	v := set.Judge(&c, now)
	x.judged.verdict = v
	if !v.Refused() {
		return true
	}
	x.Decide(Denied, reasonOf(v.Kind))
	x.turnAway(v, now)
	return false
}

// Continue reports whether a call that was admitted may go on: a block that
// was decided meanwhile ends what is under way, too. If it returns false the
// call was decided anew, and is to be broken off. It costs a few nanoseconds as
// long as the measures are the same.
func (x *Exchange) Continue() bool {
	set := x.rec.measures.Load()
	if set == x.judged.set {
		return true
	}
	x.judged.set = set
	c := x.judgedCall()
	v := set.Ends(&c, time.Now())
	if !v.Refused() {
		return true
	}
	x.judged.verdict = v
	x.Decide(Denied, Blocked)
	return false
}

// judgedCall returns what the measures are asked about.
func (x *Exchange) judgedCall() policy.Call {
	p, cr := &x.id.Principal, &x.id.Credential
	c := policy.Call{
		Credential: cr.Fingerprint, Principal: p.ID, App: cr.Client, Address: x.ClientAddress(),
		Route: x.o.Route, Method: x.r.Method, Template: x.template, Issued: x.id.Issued, Proven: x.id.Proven,
	}
	if cr.Method == "api-key" {
		c.Key = cr.KeyID
	}
	if p.Level < event.LevelAsserted {
		c.App = "" // it is a claim
	}
	return c
}

// outcome adds what the measures came to.
func (x *Exchange) outcome(o *event.Outcome) {
	v := &x.judged.verdict
	switch {
	case v.Kind == "":
	case v.Refused():
		o.Measure = v.Measure
	case o.Decision != Denied:
		o.Decision, o.Reason, o.Measure = Allowed, "would-"+string(v.Kind), v.Measure
	}
}

func reasonOf(k policy.Kind) string {
	switch k {
	case policy.Throttle:
		return Throttled
	case policy.Reauthenticate:
		return Reauthenticate
	}
	return Blocked
}

// turnAway answers a call that a measure refuses.
func (x *Exchange) turnAway(v policy.Verdict, now time.Time) {
	ask := " If this is a mistake, ask the operator of this API, and name " + v.Measure + "."
	var closing []string
	if x.r.ProtoMajor == 1 && x.r.ContentLength != 0 {
		closing = []string{"Connection", "close"} // what is left of a body must not be read as a request
	}
	switch v.Kind {
	case policy.Throttle:
		seconds := strconv.FormatInt(int64((v.Wait+time.Second-1)/time.Second), 10)
		x.Problem(http.StatusTooManyRequests, Throttled, "You call too often; call again in "+seconds+" s."+ask, append(closing, "Retry-After", seconds)...)
	case policy.Reauthenticate:
		x.Problem(http.StatusUnauthorized, Reauthenticate, "Log in again, or bring a newer credential."+ask, append(closing, "Www-Authenticate", x.challenge(v, now))...)
	default:
		x.Problem(http.StatusForbidden, Blocked, "This call is blocked."+ask, closing...)
	}
}

// challenge returns what asks for a newer credential: for a person's token as
// RFC 9470 has it, so that a client sends them to log in again; for another
// token as RFC 6750 has it, so that the client fetches a new one.
func (x *Exchange) challenge(v policy.Verdict, now time.Time) string {
	scheme := "Bearer"
	if h := x.r.Header["Authorization"]; len(h) > 0 {
		if s, _, ok := strings.Cut(h[0], " "); ok && strings.EqualFold(s, "DPoP") {
			scheme = "DPoP"
		}
	}
	switch {
	case x.id.Credential.Method == "basic":
		return `Basic realm="api"`
	case x.id.Principal.Kind == event.User && x.id.Credential.Method == "jwt":
		age := max(int64(now.Sub(v.Since)/time.Second), 1)
		return scheme + ` error="insufficient_user_authentication", error_description="log in again", max_age="` + strconv.FormatInt(age, 10) + `"`
	}
	return scheme + ` error="invalid_token", error_description="bring a newer credential"`
}
