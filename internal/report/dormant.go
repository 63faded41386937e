package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// dormant is the report on credentials that lie unused. It looks at the whole
// record up to the end of the period.
type dormant struct {
	req   *Request
	known map[string]*Known // API keys by id
	seen  tally
}

func newDormant(r *Request) *dormant {
	d := &dormant{req: r, known: map[string]*Known{}}
	for i := range r.Known {
		d.known[r.Known[i].ID] = &r.Known[i]
	}
	return d
}

func (r *dormant) add(_ uint64, e *event.Event) {
	if e.Kind != event.Access || !e.Arrived.Before(r.req.To) || e.Principal.Level < event.LevelVerified || e.Credential.Method == "" {
		return
	}
	id := e.Credential.Fingerprint
	switch e.Credential.Method {
	case "api-key":
		id = e.Credential.KeyID
	case "jwt":
		// Tokens come and go: what can be taken away is that this person may use
		// this app.
		id = e.Principal.ID
	}
	s := r.seen.at(e.Credential.Method, id, e.Credential.Client)
	s.add(e)
	s.Name = whoName(e)
	if e.Credential.Method != "jwt" {
		s.Expires = e.Credential.Expires
	}
}

// credential is one line of the report.
type credential struct {
	kind, id, who string
	created, last time.Time
	calls         uint64
	state         string
}

func (r *dormant) finish(_ *Builder, d *Document) {
	days := int(r.req.Idle / day)
	d.Title = "Credentials that lie unused"
	d.Scope = append(d.Scope, Pair{"Unused", fmt.Sprintf("for %d days or more before the end of the period, or never used", days)})
	limit := r.req.To.Add(-r.req.Idle)
	var idle, ended []credential
	used := map[string]bool{}
	total := uint64(0)
	sort := func(c credential, expires, revoked time.Time) {
		switch {
		case !revoked.IsZero() && revoked.Before(r.req.To):
			c.state = "revoked " + moment(revoked)
			ended = append(ended, c)
		case !expires.IsZero() && expires.Before(r.req.To):
			c.state = "expired " + moment(expires)
			ended = append(ended, c)
		default:
			total++
			c.state = "can be used"
			if !expires.IsZero() {
				c.state += " until " + moment(expires)
			}
			if c.last.Before(limit) && c.created.Before(limit) {
				idle = append(idle, c)
			}
		}
	}
	for _, s := range r.seen.sorted() {
		c := credential{s.Key[0], s.Key[1], s.Name, s.First, s.Last, s.Calls, ""}
		if s.Key[2] != "" {
			c.kind += " through " + s.Key[2]
		}
		var revoked time.Time
		expires := s.Expires
		if k := r.known[s.Key[1]]; k != nil && s.Key[0] == "api-key" {
			used[k.ID] = true
			c.kind, c.created, revoked, expires = k.Kind, k.Created, k.Revoked, k.Expires
		}
		sort(c, expires, revoked)
	}
	for i := range r.req.Known {
		k := &r.req.Known[i]
		if used[k.ID] || !k.Created.Before(r.req.To) {
			continue
		}
		c := credential{k.Kind, k.ID, k.Name, k.Created, time.Time{}, 0, ""}
		if k.Used.Before(r.req.To) {
			c.last = k.Used
		}
		sort(c, k.Expires, k.Revoked)
	}
	slices.SortFunc(idle, func(a, b credential) int {
		return cmp.Or(a.last.Compare(b.last), a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	slices.SortFunc(ended, func(a, b credential) int { return cmp.Or(b.last.Compare(a.last), cmp.Compare(a.id, b.id)) })
	never := 0
	for _, c := range idle {
		if c.last.IsZero() {
			never++
		}
	}
	if len(idle) == 0 {
		d.Summary = []string{fmt.Sprintf("None of the %s that can be used has been unused for %d days.", count(total, "credential", "credentials"), days)}
	} else {
		d.Summary = []string{
			fmt.Sprintf("%s of the %s that can be used %s not used for %d days or more.", group(number(uint64(len(idle)))), count(total, "credential", "credentials"), map[bool]string{true: "was", false: "were"}[len(idle) == 1], days),
			fmt.Sprintf("%s never used.", were(uint64(never))),
		}
	}
	d.Summary = append(d.Summary, fmt.Sprintf("%s revoked or expired, and not counted.", count(uint64(len(ended)), "credential is", "credentials are")))
	d.Tables = append(d.Tables, r.table("Unused, and can be used", idle, true))
	if len(ended) > 0 {
		d.Tables = append(d.Tables, r.table("Ended", ended, false))
	}
	d.Method = append(d.Method,
		"Known are: the API keys and readers' tokens that Gatebook gave out, also if they were never used, and each credential that was verified in a call since the record began.",
		"Tokens of an identity provider are short-lived. For these a line is a person and the app (client) through which they called: that is what can be taken away.")
	d.Limits = append(d.Limits, "A credential of another issuer that was never used is not known to Gatebook. That a certificate or a user of an identity provider was revoked is not known either: such lines say that it can be used.")
}

func (r *dormant) table(title string, list []credential, idle bool) Table {
	t := Table{Title: title, Columns: []Column{{"credential", Text, 18}, {"id or fingerprint", Text, 22}, {"whose", Text, 24}, {"first known", Time, 12}, {"last used", Time, 12}, {"days unused", Number, 7}, {"calls", Number, 7}, {"state", Text, 16}}}
	for i, c := range list {
		if i == maxRows {
			t.Left = uint64(len(list) - i)
			break
		}
		days := ""
		if idle {
			since := c.last
			if since.IsZero() {
				since = c.created
			}
			days = number(uint64(r.req.To.Sub(since) / day))
		}
		t.Rows = append(t.Rows, []string{c.kind, c.id, c.who, stamp(c.created), stamp(c.last), days, number(c.calls), c.state})
	}
	return t
}
