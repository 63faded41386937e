package operation

import (
	"hash/maphash"
	"net/url"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// maxDistinct is how many objects of a call are told apart. More are counted
// as if they were distinct, and the event says that it is partial.
const maxDistinct = 16 << 10

// objects are the objects of a call, each once.
type objects struct {
	list   []event.Object
	asked  int
	counts map[string]uint64 // once there are more than list holds
	seen   map[uint64]struct{}
	vague  bool // there were more than could be told apart
}

var seed = maphash.MakeSeed()

// few is how many objects are compared one by one.
const few = 12

// add takes an object. Its strings must not change later.
func (o *objects) add(typ, id string) {
	if typ == "" || id == "" || len(id) > 256 {
		return
	}
	if o.seen == nil {
		for i := range o.list {
			if o.list[i].ID == id && o.list[i].Type == typ {
				return
			}
		}
		if len(o.list) < few {
			o.list = append(o.list, event.Object{Type: typ, ID: id})
			return
		}
		o.seen = make(map[uint64]struct{}, 64)
		for _, x := range o.list {
			o.seen[key(x.Type, x.ID)] = struct{}{}
		}
	}
	k := key(typ, id)
	if _, ok := o.seen[k]; ok {
		return
	}
	if len(o.seen) < maxDistinct {
		o.seen[k] = struct{}{}
	} else {
		o.vague = true
	}
	if len(o.list) < capture.MaxObjects {
		o.list = append(o.list, event.Object{Type: typ, ID: id})
		return
	}
	if o.counts == nil {
		o.counts = make(map[string]uint64)
		for _, x := range o.list {
			o.counts[x.Type]++
		}
	}
	if _, ok := o.counts[typ]; ok || len(o.counts) < 64 {
		o.counts[typ]++
	}
}

// drop forgets the objects of an answer that was not given.
func (o *objects) drop() {
	*o = objects{list: o.list[:o.asked], asked: o.asked}
}

func key(typ, id string) uint64 {
	return maphash.String(seed, id) ^ maphash.String(seed, typ)*31
}

// join puts what other observers say before and between what o has: first all
// that the request named, then all of the answer.
func (o *objects) join(f *capture.Facts) {
	if len(f.Objects) > 0 {
		var all objects
		for _, part := range [][]event.Object{f.Objects[:f.Asked], o.list[:o.asked]} {
			for _, x := range part {
				all.add(x.Type, x.ID)
			}
		}
		asked := len(all.list)
		for _, part := range [][]event.Object{f.Objects[f.Asked:], o.list[o.asked:]} {
			for _, x := range part {
				all.add(x.Type, x.ID)
			}
		}
		all.asked = asked
		if o.counts != nil {
			all.counts = o.counts
		}
		all.vague = o.vague
		*o = all
	}
	f.Objects, f.Asked = o.list, o.asked
	for typ, n := range o.counts {
		if f.Counts == nil {
			f.Counts = make(map[string]uint64)
		}
		f.Counts[typ] = max(f.Counts[typ], n)
	}
}

// path adds the objects that a path names.
func (o *objects) path(m *Match, d *Described) {
	for i, p := range m.Template.Params {
		if p.Type == "" || i >= m.n || d != nil && d.Fixed[p.Name] {
			continue
		}
		id := ""
		for k := i - p.Join; k <= i; k++ {
			v := m.Values[k]
			if strings.IndexByte(v, '%') >= 0 {
				if s, err := url.PathUnescape(v); err == nil {
					v = s
				}
			}
			if p.Key {
				v = unquoteKey(v)
			}
			if id += v; k < i {
				id += "/"
			}
		}
		o.add(p.Type, strings.Clone(id))
	}
}

// maxPairs bounds the parameters of a query that are looked at.
const maxPairs = 64

// query adds the objects that a query or a form names: customer_id=4711,
// ids=1,2,3. Typ is what "id" alone means.
func (o *objects) query(query, typ string, d *Described) {
	for range maxPairs {
		if query == "" {
			return
		}
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if value == "" || len(value) > 1024 {
			continue
		}
		t := ""
		if d != nil && d.Query[name] != "" {
			t = d.Query[name]
		} else if own, ref := idKey(name); own {
			t = typ
		} else {
			t = ref
		}
		if t == "" {
			continue
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		for id := range strings.SplitSeq(v, ",") {
			if id = strings.TrimSpace(id); id != "" && strings.IndexAny(id, " <>\"'") < 0 {
				o.add(t, strings.Clone(id))
			}
		}
	}
}

// idKey says whether a field is an object's own id, or else the type of the
// object whose id it has: "customer" for customer_id, customerId, customer_ids.
func idKey(name string) (own bool, ref string) {
	switch name {
	case "id", "_id", "uuid", "guid", "ids", "ID", "Id":
		return true, ""
	}
	n := len(name)
	if n < 4 || n > 64 {
		return false, ""
	}
	stem := ""
	switch {
	case strings.HasSuffix(name, "Id"), strings.HasSuffix(name, "ID"), strings.HasSuffix(name, "_id"), strings.HasSuffix(name, "-id"):
		stem = name[:n-2]
	case strings.HasSuffix(name, "Ids"), strings.HasSuffix(name, "IDs"), strings.HasSuffix(name, "_ids"), strings.HasSuffix(name, "-ids"):
		stem = name[:n-3]
	case strings.HasSuffix(name, "_uuid"), strings.HasSuffix(name, "Uuid"):
		stem = name[:n-4]
	default:
		return false, ""
	}
	stem = strings.Trim(stem, "_-")
	if ref = typeOf(stem); noRef[ref] {
		return false, ""
	}
	return false, ref
}

// noRef are ids of what is no object of an API.
var noRef = wordSet(`request trace span session correlation client x_request csrf idempotency`)
