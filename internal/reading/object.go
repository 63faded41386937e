package reading

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
)

// Object sums up who touched one object.
type Object struct {
	Type     string    `json:"type"`
	ID       string    `json:"id"`
	Calls    uint64    `json:"calls"`          // that touched it; derived
	Asked    uint64    `json:"asked"`          // of these, that named it in the request; the others had it in their answer; derived
	First    time.Time `json:"first,omitzero"` // arrival of the first such call
	Last     time.Time `json:"last,omitzero"`  // and of the newest
	Touchers []Toucher `json:"touchers"`       // who, through which app: most calls first, up to 1,000; derived
	More     uint64    `json:"more,omitempty"` // combinations of principal, app and kind of access beyond what was looked at
	Query    string    `json:"query"`          // the query that finds the events
	Derived  bool      `json:"derived"`        // always true: counts come from the index and are no evidence
	Meta     Meta      `json:"meta"`
}

// Toucher is one principal through one app. A person who uses two apps is two.
type Toucher struct {
	Principal string    `json:"principal,omitempty"` // pseudonym; empty: nobody is known
	Kind      string    `json:"kind,omitempty"`      // user, service, machine, anonymous, unknown
	Subject   string    `json:"subject,omitempty"`   // as the issuer names the principal
	Name      string    `json:"name,omitempty"`      // for people
	Email     string    `json:"email,omitempty"`     //
	Client    string    `json:"client,omitempty"`    // the app (OAuth client); empty: none is known
	Key       string    `json:"key,omitempty"`       // public id of an API key, where there is no app
	Calls     uint64    `json:"calls"`               //
	Asked     uint64    `json:"asked"`               // of these, that named the object
	First     time.Time `json:"first"`               //
	Last      time.Time `json:"last"`                //
	Actions   []Count   `json:"actions"`             // what was done, most frequent first
	Data      []string  `json:"data"`                // classes of sensitive data in the answers, sorted
}

// maxGroups bounds the combinations that the index gives for one object.
const maxGroups = 10_000

// maxTouchers bounds the touchers of an answer.
const maxTouchers = 1000

var toucherFields = []string{"principal.id", "principal.kind", "who.subject", "who.name", "who.email", "credential.client", "credential.key_id", "operation.action", "data"}

// Object sums up who touched an object, named as "type/id".
func (r *Room) Object(ctx context.Context, who Reader, name string, q Query) (*Object, error) {
	who, err := r.admit(who, ActWho)
	if err != nil {
		return nil, err
	}
	typ, id, ok := strings.Cut(strings.TrimSpace(name), "/")
	if !ok || typ == "" || id == "" || len(name) > 512 {
		return nil, fmt.Errorf("%w: name the object by type and id, like customer/4711, in at most 512 bytes", ErrArgument)
	}
	start := r.cfg.Now()
	q.LogsQL = objectQuery("what.objects", typ, id)
	p, m, err := r.counts(who, q, nil)
	if err != nil {
		return nil, err
	}
	out := &Object{Type: typ, ID: id, Touchers: []Toucher{}, Query: q.LogsQL, Derived: true, Meta: m}
	if err := r.touchers(ctx, p, out); err != nil {
		return nil, err
	}
	facts := append(q.bounds(), event.Fact{Name: "form", Value: "object"}, event.Fact{Name: "results", Value: strconv.FormatUint(out.Calls, 10)})
	if err := r.look(ctx, who, ActWho, q.LogsQL, []event.Object{{Type: typ, ID: id}}, facts...); err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

// objectQuery returns the query for events that touched an object: the phrase
// finds them by the index, the pattern takes it as a whole.
func objectQuery(field, typ, id string) string {
	name := typ + "/" + id
	return "kind:=access " + field + ":" + quote(name) + " " + field + ":~" + quote("(^| )"+regexp.QuoteMeta(name)+"( |$)")
}

// touchers asks the index for the groups of one object's calls, and joins
// those of one principal through one app.
func (r *Room) touchers(ctx context.Context, p *plan, out *Object) error {
	q := p.index()
	asked := strings.TrimPrefix(objectQuery("what.asked", out.Type, out.ID), "kind:=access ")
	q.LogsQL += " | stats by (" + quote(touchField) + ") count() hits, count() if (" + asked + ") asked, min(_time) first, max(_time) last" +
		fmt.Sprintf(" | sort by (hits desc) limit %d", maxGroups+1)
	found, groups := make(map[[3]string]int), 0
	err := r.cfg.Index.Run(ctx, q, func(got []index.Field) error {
		if groups++; groups > maxGroups {
			out.More++
			return nil
		}
		g := fieldMap(got)
		var parts []string
		if err := json.Unmarshal([]byte(g[touchField]), &parts); err != nil || len(parts) != len(toucherFields) {
			return fmt.Errorf("the index was made by an older Gatebook: gatebook index rebuild makes it anew")
		}
		for i, f := range toucherFields {
			g[f] = parts[i]
		}
		return out.add(g, found)
	})
	if err != nil {
		return indexError(err)
	}
	slices.SortFunc(out.Touchers, func(a, b Toucher) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Principal, b.Principal), strings.Compare(a.Client, b.Client), strings.Compare(a.Key, b.Key))
	})
	if n := len(out.Touchers); n > maxTouchers {
		out.More += uint64(n - maxTouchers)
		out.Touchers = out.Touchers[:maxTouchers]
	}
	return nil
}

func fieldMap(got []index.Field) map[string]string {
	m := make(map[string]string, len(got))
	for _, f := range got {
		m[f.Name] = f.Value
	}
	return m
}

// add counts one group.
func (o *Object) add(g map[string]string, found map[[3]string]int) error {
	hits, err := strconv.ParseUint(g["hits"], 10, 64)
	if err != nil {
		return fmt.Errorf("the index counts %q: %w", g["hits"], err)
	}
	asked, _ := strconv.ParseUint(g["asked"], 10, 64)
	first, err1 := time.Parse(time.RFC3339Nano, g["first"])
	last, err2 := time.Parse(time.RFC3339Nano, g["last"])
	if err1 != nil || err2 != nil {
		return fmt.Errorf("the index has the times %q and %q", g["first"], g["last"])
	}
	key := g["credential.client"]
	if key == "" {
		key = "key " + g["credential.key_id"]
	}
	id := [3]string{g["principal.id"], g["principal.kind"], key}
	i, ok := found[id]
	if !ok {
		i = len(o.Touchers)
		found[id] = i
		t := Toucher{
			Principal: g["principal.id"], Kind: g["principal.kind"], Subject: g["who.subject"], Name: g["who.name"], Email: g["who.email"],
			Client: g["credential.client"], First: first, Last: last, Actions: []Count{}, Data: []string{},
		}
		if t.Client == "" {
			t.Key = g["credential.key_id"]
		}
		o.Touchers = append(o.Touchers, t)
	}
	t := &o.Touchers[i]
	t.Calls, t.Asked = t.Calls+hits, t.Asked+asked
	t.First, t.Last = earlier(t.First, first), later(t.Last, last)
	t.Actions = counted(t.Actions, g["operation.action"], hits)
	t.Data = joined(t.Data, g["data"])
	o.Calls, o.Asked = o.Calls+hits, o.Asked+asked
	o.First, o.Last = earlier(o.First, first), later(o.Last, last)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// counted adds n to the count of value, and keeps the most frequent first.
func counted(list []Count, value string, n uint64) []Count {
	if value == "" {
		return list
	}
	i := slices.IndexFunc(list, func(c Count) bool { return c.Value == value })
	if i < 0 {
		list, i = append(list, Count{Value: value}), len(list)
	}
	list[i].Count += n
	for ; i > 0 && (list[i].Count > list[i-1].Count || list[i].Count == list[i-1].Count && value < list[i-1].Value); i-- {
		list[i], list[i-1] = list[i-1], list[i]
	}
	return list
}

// joined adds the words of text to a sorted list, each once.
func joined(list []string, text string) []string {
	for w := range strings.FieldsSeq(text) {
		if i, ok := slices.BinarySearch(list, w); !ok {
			list = slices.Insert(list, i, w)
		}
	}
	return list
}
