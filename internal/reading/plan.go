package reading

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/query"
)

// Limits of a search.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Query says which events are meant. The zero Query means all but look events.
type Query struct {
	LogsQL   string    // empty: all
	From, To time.Time // arrival in [From, To); zero: unbounded
}

// plan is a query that was understood.
type plan struct {
	Query
	text   *text
	body   bool                    // payload envelopes may decide what matches
	filter string                  // with bare words written out
	hide   bool                    // look events are not meant
	all    bool                    // no filter and no time bounds
	match  func(*event.Event) bool // without time bounds; nil: only the index can tell
	rich   error                   // why match is nil
	begun  Meta                    // how things stood when counting began
}

// hideLooks is the filter that leaves look events out.
const hideLooks = `kind:!="look"`

// plan checks the query, also against what the reader may see.
func (r *Room) plan(who Reader, q Query) (*plan, error) {
	t, err := parse(q.LogsQL)
	if err != nil {
		return nil, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return nil, &QueryError{q.LogsQL, -1, fmt.Sprintf("its time ends (%s) before it begins (%s)", q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))}
	}
	if !who.seesPayload() {
		if err := t.withoutPayload(q.LogsQL, who); err != nil {
			return nil, err
		}
	}
	p := &plan{Query: q, text: t, filter: t.filter, hide: !t.has("kind") || !who.seesLooks()}
	p.body = t.bare >= 0 && who.seesPayload() || slices.ContainsFunc(t.names, func(n name) bool { return n.ofPayload() })
	if t.filter == "*" {
		p.match = func(*event.Event) bool { return true }
		p.all = t.pipes == "" && q.From.IsZero() && q.To.IsZero()
		return p, nil
	}
	parsed, err := parseFilter(t.filter, who.seesPayload())
	switch {
	case err == nil:
		p.filter = parsed.LogsQL()
		p.match = func(e *event.Event) bool { return parsed.Match(fieldsOf{e}) }
	case t.bare >= 0:
		return nil, t.bareError(q.LogsQL, err)
	default:
		p.rich = err // for the index alone
	}
	return p, nil
}

// parseFilter parses a filter. Words without a field are looked for in the text
// of a row, which tells at once where all of them are. A single word is looked
// for in the fields that the text is made of: the index then unpacks the fields
// that have it, which are short, and not the text.
func parseFilter(filter string, payload bool) (*query.Query, error) {
	searchable := []string{textField}
	if payload {
		searchable = append(searchable, bodyFields...)
	}
	parsed, err := query.Parse(query.Config{Searchable: searchable}, filter)
	if err != nil {
		return nil, err
	}
	// A phrase over two lines would be one over two fields.
	if n, only := parsed.Bare(); n != 1 || !only || strings.ContainsAny(filter, "\\`\n") {
		return parsed, nil
	}
	return query.Parse(query.Config{Searchable: slices.Concat(textFields, searchable[1:])}, filter)
}

// bareError refuses a word without a field in a query that cannot be read
// here: it could not be written out for the searchable fields.
func (t *text) bareError(q string, err error) error {
	var at *query.Error
	if !errors.As(err, &at) {
		return &QueryError{q, -1, err.Error()}
	}
	pos := at.Pos + strings.Index(q, t.filter)
	return &QueryError{q, min(pos, len(q)), fmt.Sprintf("%s: %s; or, if this is richer LogsQL, name a field for %q", at.Got, at.Want, t.word())}
}

// word returns the first word without a field.
func (t *text) word() string {
	w, _, _ := strings.Cut(t.filter[t.bare:], " ")
	return clip(w, 40)
}

// withoutPayload refuses what would tell a reader who may not see payloads
// what is in them.
func (t *text) withoutPayload(query string, who Reader) error {
	if t.piped && who.masked {
		return fmt.Errorf("%w: pipes can show payloads", ErrReason)
	}
	if t.piped {
		return fmt.Errorf("%w: pipes need the role %s, and this is a %s", ErrForbidden, Investigator, who.Role)
	}
	for _, n := range t.names {
		if n.text == "_msg" || n.ofPayload() {
			if who.masked {
				return fmt.Errorf("%w: %s is part of the payload", ErrReason, n.text)
			}
			return errors.Join(ErrForbidden, &QueryError{query, n.pos, fmt.Sprintf("the role %s does not see %s", who.Role, n.text)})
		}
	}
	return nil
}

// ofPayload reports whether it is a field of the payload.
func (n name) ofPayload() bool {
	f := event.Lookup(n.text)
	return f != nil && !rolePart(f)
}

// rolePart reports whether every role sees the field.
func rolePart(f *event.Field) bool { return f.Part != event.ClassPayload.String() }

// wants reports whether the plan means the event.
func (p *plan) wants(e *event.Event) bool {
	return (!p.hide || e.Kind != event.Look) &&
		(p.From.IsZero() || !e.Arrived.Before(p.From)) &&
		(p.To.IsZero() || e.Arrived.Before(p.To)) &&
		p.match(e)
}

// skipsPayload reports whether the reader needs no payload envelopes for the
// hits: they are not asked for, and do not decide what matches.
func (p *plan) skipsPayload(who Reader) bool {
	return who.NoPayload && !p.body && p.match != nil
}

// whole reports whether nothing but a time is asked for, so that headers alone
// tell what is wanted.
func (p *plan) whole() bool { return p.filter == "*" && p.text.pipes == "" && p.match != nil }

// index returns the plan as a query to the index.
func (p *plan) index() index.Query {
	q := index.Query{LogsQL: strings.TrimSpace(p.filter + " " + p.text.pipes), From: p.From, To: p.To}
	if p.hide {
		q.Filters = []string{hideLooks}
	}
	return q
}

// cursor is a place between two hits. Hits from the index are ordered by time
// and then by number, hits from the ledger by number alone.
type cursor struct {
	ledger bool
	time   time.Time
	number uint64
}

func (c cursor) String() string {
	if c.ledger {
		return "n" + strconv.FormatUint(c.number, 10)
	}
	return fmt.Sprintf("t%d-%d", c.time.UnixNano(), c.number)
}

func parseCursor(s string) (*cursor, error) {
	if s == "" {
		return nil, nil
	}
	var c cursor
	var err, err2 error
	switch rest := s[1:]; s[0] {
	case 'n':
		c.ledger = true
		c.number, err = strconv.ParseUint(rest, 10, 64)
	case 't':
		at, number, _ := strings.Cut(rest, "-")
		var nano int64
		nano, err = strconv.ParseInt(at, 10, 64)
		c.number, err2 = strconv.ParseUint(number, 10, 64)
		c.time = time.Unix(0, nano).UTC()
	default:
		err = strconv.ErrSyntax
	}
	if cmp.Or(err, err2) != nil || c.String() != s {
		return nil, fmt.Errorf("%w: the cursor %q is not one that a search returned", ErrArgument, clip(s, 60))
	}
	return &c, nil
}

// beyond reports whether the hit lies after the cursor, in the order asked for.
func (c *cursor) beyond(at time.Time, n uint64, oldest bool) bool {
	if c == nil {
		return true
	}
	order := cmp.Or(at.Compare(c.time), cmp.Compare(n, c.number))
	if oldest {
		return order > 0
	}
	return order < 0
}
