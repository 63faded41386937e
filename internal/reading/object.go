package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/objects"
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
	More     uint64    `json:"more,omitempty"` // touchers that are not listed
	Query    string    `json:"query"`          // the query that finds the events
	Derived  bool      `json:"derived"`        // always true: counts come from the view of objects and are no evidence
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

// maxTouchers bounds the touchers of an answer.
const maxTouchers = 1000

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
	q.LogsQL = objectQuery(typ, id)
	if _, who, err = r.open(who, ActSearch, q); err != nil {
		return nil, err
	}
	out := &Object{Type: typ, ID: id, Touchers: []Toucher{}, Query: q.LogsQL, Derived: true}
	if out.Meta, err = r.touchers(ctx, q, out); err != nil {
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
func objectQuery(typ, id string) string {
	name := typ + "/" + id
	return "kind:=access what.objects:" + quote(name) + " what.objects:~" + quote("(^| )"+regexp.QuoteMeta(name)+"( |$)")
}

// inStep is how many records may be missing in the view of objects that are
// added before it is asked.
const inStep = 4096

// touchers asks the view of objects for the calls that touched one, and joins
// those of one principal through one app.
func (r *Room) touchers(ctx context.Context, q Query, out *Object) (Meta, error) {
	if r.cfg.Objects == nil {
		return Meta{}, fmt.Errorf("%w: there is no view of objects", ErrIndex)
	}
	sealed, err := r.sealed()
	if err != nil {
		return Meta{}, err
	}
	if err := r.cfg.Objects.CatchUp(ctx, inStep); err != nil {
		return Meta{}, err
	}
	found, err := r.cfg.Objects.Find(ctx, out.Type+"/"+out.ID, q.From, q.To)
	if errors.Is(err, objects.ErrDamaged) {
		return Meta{}, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	if err != nil {
		return Meta{}, err
	}
	places := make(map[[3]string]int)
	var asks []objects.Ask
	for i := range found.Groups {
		asks = out.add(&found.Groups[i], places, asks)
	}
	return r.objectMeta(sealed, found), r.name(ctx, out, asks)
}

// objectMeta says how far the view of objects was when it was asked.
func (r *Room) objectMeta(sealed uint64, found *objects.Found) Meta {
	m := Meta{Sealed: sealed, Indexed: min(found.Covered, sealed), Index: "up", Source: "objects"}
	var notes []string
	if m.Indexed < sealed {
		m.Index = fmt.Sprintf("behind by %d", sealed-m.Indexed)
		notes = append(notes, fmt.Sprintf("the view of objects knows %d of %d records, and goes on", m.Indexed, sealed))
	}
	if r.cfg.Removing != nil && r.cfg.Removing() {
		notes = append(notes, "the view of objects may not have forgotten yet all that was erased")
	}
	if found.More > 0 {
		notes = append(notes, fmt.Sprintf("%d calls are in no line, because there are too many kinds of calls: bound it by time", found.More))
	}
	m.Note = strings.Join(notes, "; ")
	m.Complete = m.Note == ""
	return m
}

// name sorts the touchers, keeps those with the most calls, and names them.
// There is an ask for each, in their order.
func (r *Room) name(ctx context.Context, out *Object, asks []objects.Ask) error {
	order := make([]int, len(out.Touchers))
	for i := range order {
		order[i] = i
	}
	// Before the names are known: of which pseudonym is cut off is by chance.
	slices.SortFunc(order, func(i, j int) int {
		a, b := &out.Touchers[i], &out.Touchers[j]
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Principal, b.Principal), strings.Compare(a.Client, b.Client), strings.Compare(a.Key, b.Key))
	})
	if n := len(order); n > maxTouchers {
		out.More = uint64(n - maxTouchers)
		order = order[:maxTouchers]
	}
	kept, some := make([]Toucher, len(order)), make([]objects.Ask, len(order))
	for k, i := range order {
		kept[k], some[k] = out.Touchers[i], asks[i]
	}
	names, err := r.cfg.Objects.Names(ctx, some)
	if err != nil {
		return err
	}
	for k, n := range names {
		kept[k].Subject, kept[k].Name, kept[k].Email = n.Subject, n.Name, n.Email
	}
	slices.SortFunc(kept, func(a, b Toucher) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Principal, b.Principal), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Client, b.Client), strings.Compare(a.Key, b.Key))
	})
	out.Touchers = kept
	return nil
}

// add counts one group. It returns asks with one for each toucher, in their
// order.
func (o *Object) add(g *objects.Group, places map[[3]string]int, asks []objects.Ask) []objects.Ask {
	key := g.Client
	if key == "" {
		key = "key " + g.KeyID
	}
	id := [3]string{g.Principal, g.Kind, key}
	i, ok := places[id]
	if !ok {
		i = len(o.Touchers)
		places[id] = i
		t := Toucher{Principal: g.Principal, Kind: g.Kind, Client: g.Client, First: g.First, Last: g.Last, Actions: []Count{}, Data: []string{}}
		if t.Client == "" {
			t.Key = g.KeyID
		}
		o.Touchers, asks = append(o.Touchers, t), append(asks, objects.Ask{ID: g.Principal})
	}
	t := &o.Touchers[i]
	t.Calls, t.Asked = t.Calls+g.Calls, t.Asked+g.Asked
	t.First, t.Last = earlier(t.First, g.First), later(t.Last, g.Last)
	t.Actions = counted(t.Actions, g.Action, g.Calls)
	t.Data = joined(t.Data, g.Data)
	asks[i].Number = max(asks[i].Number, g.Newest)
	o.Calls, o.Asked = o.Calls+g.Calls, o.Asked+g.Asked
	o.First, o.Last = earlier(o.First, g.First), later(o.Last, g.Last)
	return asks
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
