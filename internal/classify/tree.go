package classify

import "bytes"

// maxFrames is how deep paths are followed; what is deeper is looked at
// without its path.
const maxFrames = 48

// frame is an object or array that is open.
type frame struct {
	path  uint64 // hash
	child uint64 // of the path of the current member, or of the elements
	slot  *slot  // what is known of it; nil: nothing
	info  keyInfo
	array bool

	person  bool // it is a person's, or the elements are
	inherit kind // what the name of the object says of a member "number" or "value"
	item    bool // a record of the answer's list
	counted bool // the record's id has been counted

	wrap     bool   // only objects that hold the answer's list are around it
	list     bool   // the answer's list
	explicit bool   // by its name
	items    uint64 // elements
	objects  uint64 // of them objects and arrays

	// Of an object that may hold the answer's list:
	hasID     bool   // it has an id, so that it is a record itself
	plain     bool   // it has a member that is no division into pages
	lists     int    // lists that are not told by their name
	records   uint64 // in lists that are
	unnamed   uint64 // in those that are not
	names     uint64 // members "name" that are counted if the object is a person's
	nameSlots [2]*slot

	pair kind // what {"field": "email"} says of the member "value"

	numbers int // in an array of coordinates
	strange bool
}

// tree follows where in a body a value is.
type tree struct {
	route  *route
	limit  int
	depth  int // the frame that is open; 0: that of the body
	over   int // frames deeper than are followed
	frames [maxFrames]frame

	tops    uint64 // values that are not in another
	records uint64
	rows    uint64 // XML: records
	ids     idSet
}

func (t *tree) begin(s *Scan, r *route, path uint64) {
	t.route, t.limit = r, s.c.maxFields
	t.depth, t.over, t.tops, t.records, t.rows = 0, 0, 0, 0, 0
	t.ids.n, t.ids.more = 0, false
	f := &t.frames[0]
	*f = frame{path: path, child: hashPart(path, hashM1), array: true, wrap: true}
	t.locate(s, f, nil)
}

// locate finds the slot of f.child, or makes it, and what its name says.
func (t *tree) locate(s *Scan, f *frame, name []byte) {
	f.slot, f.info = nil, keyInfo{}
	if t.route != nil {
		if f.slot = t.route.table.Load().find(f.child); f.slot != nil {
			f.info = f.slot.load().info()
			return
		}
	}
	if name != nil {
		f.info = s.named(name, f.inherit)
	}
	if t.route != nil {
		f.slot = t.route.add(f.child, newField(f.info), t.limit)
	}
}

// named returns what a member's name says, below an object whose name says
// inherit.
func (s *Scan) named(name []byte, inherit kind) keyInfo {
	if dynamicName(name) {
		return keyInfo{}
	}
	hash := hashBytes(s.c.seed^uint64(inherit), name)
	if k, ok := s.c.cache.find(hash); ok {
		return k
	}
	k := s.nameSays(name, inherit)
	s.c.cache.put(hash, k)
	return k
}

func (s *Scan) nameSays(name []byte, inherit kind) keyInfo {
	k := keyNamed(name, s.c.extra)
	if r := s.c.redactor; r != nil && (k.kind >= kind(classCount) || k.kind == kindNone) && r.SecretField(string(name)) {
		k.kind = kind(Secret)
	}
	if inherit == kindNone || k.kind != kindNone && k.kind < kind(classCount) {
		return k
	}
	switch string(bytes.ToLower(name)) {
	case "number", "no", "value", "amount", "nummer", "numero", "num", "n", "total", "current", "gross", "net", "id":
		switch inherit {
		case kind(Phone), kind(Card), kind(Finance), kind(Passport), kind(Vehicle), kindNID, kind(Device):
			k.kind = inherit
		}
	case "first", "last", "given", "family", "full", "middle", "maiden", "kana", "sei", "mei":
		if inherit == kind(Name) || inherit == kindWeakName {
			k.kind = kind(Name)
		}
	case "code":
		if inherit == kind(Health) {
			k.kind = kindICD
		}
	case "text", "display", "description", "name", "title", "substance", "drug":
		if inherit == kind(Health) {
			k.kind = kind(Health)
		}
	}
	return k
}

// kind returns what the name of the current value says.
func (t *tree) kind() kind {
	if t.over > 0 {
		return kindNone
	}
	return t.frames[t.depth].info.kind
}

// key says the name of the member that comes next.
func (t *tree) key(s *Scan, name []byte) {
	if t.over > 0 {
		return
	}
	f := &t.frames[t.depth]
	f.child = hashKey(f.path, name)
	t.locate(s, f, name)
	if f.pair != kindNone && f.info.kind == kindNone || f.info.kind == kindMoment && f.pair != kindNone {
		switch string(name) {
		case "value", "val", "v", "content", "text", "answer", "Value", "data":
			f.info.kind, f.slot = f.pair, nil // another one in each object
		}
	}
	if len(name) > 5 && hasAt(name[1:]) {
		x := textScan{s: s, b: name}
		x.run()
	}
}

// open says that the value is an object or an array.
func (t *tree) open(s *Scan, array bool) {
	if t.over > 0 || t.depth+1 >= maxFrames {
		t.over++
		return
	}
	p := &t.frames[t.depth]
	if t.depth == 0 {
		t.tops++
	}
	p.items++
	p.objects++
	t.depth++
	f := &t.frames[t.depth]
	*f = frame{path: p.child, array: array, inherit: p.inherit}
	if !p.array || p.inherit == kindNone {
		f.inherit = p.info.kind
	}
	f.person = p.info.person || p.array && p.person || p.person && p.info.list
	root := t.depth == 1
	switch {
	case !p.wrap:
	case array:
		f.list = true
		f.explicit = root || p.info.list
	case root || p.info.list || t.depth > 2:
		f.wrap = true
	}
	f.item = p.list && !array || p.item && p.info.list
	if array {
		f.child = hashPart(f.path, hashM1)
		t.locate(s, f, nil)
		if f.info == (keyInfo{}) {
			f.info = keyInfo{kind: p.info.kind}
		}
	}
}

// close says that the object or array ends.
func (t *tree) close(s *Scan) {
	if t.over > 0 {
		t.over--
		return
	}
	if t.depth == 0 {
		return
	}
	f := &t.frames[t.depth]
	t.depth--
	p := &t.frames[t.depth]
	if f.names > 0 {
		t.decideNames(s, f)
	}
	if f.array {
		t.closeArray(s, f, p)
		return
	}
	if !f.wrap {
		return
	}
	if f.hasID || f.plain && f.records == 0 {
		return
	}
	n := f.records
	if f.lists == 1 && n == 0 && !f.plain || f.lists > 0 && t.depth > 0 && !f.plain {
		n += f.unnamed
	}
	if t.depth == 0 {
		t.records += n
	} else {
		p.records += n
	}
}

func (t *tree) closeArray(s *Scan, f, p *frame) {
	if f.inherit == kind(Location) && !f.strange && (f.numbers == 2 || f.numbers == 3) {
		s.hit(Location, 1)
		p.person = p.person || false
	}
	if !f.list {
		return
	}
	n := f.objects
	if n == 0 && t.depth == 0 {
		n = f.items
	}
	switch {
	case t.depth == 0:
		t.records += n
	case f.explicit:
		p.records += n
	case n > 0:
		p.lists++
		p.unnamed += n
	}
}

// decideNames counts the members "name" of an object that has turned out to
// be a person's, or not.
func (t *tree) decideNames(s *Scan, f *frame) {
	c := None
	if f.person {
		c = Name
		s.hit(Name, f.names)
	}
	for _, slot := range f.nameSlots {
		if slot != nil {
			slot.observe(c, false)
		}
	}
}

// literal says that the value is true, false or null.
func (t *tree) literal() {
	if t.over > 0 {
		return
	}
	f := &t.frames[t.depth]
	f.items++
	if t.depth == 0 {
		t.tops++
	}
	f.strange = true
	if f.wrap && !f.info.paging {
		f.plain = true
	}
}

// value says what the value is: a number, or else a string. A nil v is a text
// that was read in pieces.
func (t *tree) value(s *Scan, v []byte, number bool) {
	if t.over > 0 {
		if v != nil {
			s.look(v, kindNone, number)
		}
		return
	}
	f := &t.frames[t.depth]
	f.items++
	if t.depth == 0 {
		t.tops++
	}
	if f.wrap && !f.info.paging {
		f.plain = true
	}
	if f.info.id && !f.info.paging && len(v) > 0 {
		f.hasID = f.hasID || f.wrap
		if f.item && !f.counted {
			f.counted = true
			t.ids.add(hashBytes(s.c.seed^hashM2, v))
		}
	}
	if f.array && f.inherit == kind(Location) {
		f.numbers++
		f.strange = f.strange || !number || !coordinate(v, 180)
		return
	}
	if len(v) == 0 {
		return
	}
	if f.info.pair && !number && len(v) <= maxKey && !f.array {
		if k := s.named(v, kindNone).kind; k != kindNeutral && k != kindPerson && k != kindAddress {
			f.pair = k
		}
	}
	if c := t.classify(s, f, v, number); tellsPerson(c) {
		f.person = true
	}
}

// tellsPerson reports whether an object with such a member is a person's.
func tellsPerson(c Class) bool {
	switch c {
	case Email, Phone, Birthdate, Name, Passport:
		return true
	}
	return c >= USSSN && c != BRCNPJ
}

// classify looks at a value, if what was learned does not say it already.
func (t *tree) classify(s *Scan, f *frame, v []byte, number bool) Class {
	if f.slot != nil {
		if known := f.slot.load(); known.learned() {
			switch c := known.class(); {
			case c == None:
				if (number || len(v) <= 24 || bytes.IndexByte(v, ' ') < 0) && !f.slot.due(sampleNothing) {
					if number || !hasAt(v) {
						return t.typed(f, v)
					}
				}
			case plausible(c, v) && !f.slot.due(sampleClass):
				s.hit(c, 1)
				return c
			}
		}
	}
	if f.info.kind == kindWeakName && !number {
		return t.weakName(s, f, v)
	}
	t.typed(f, v)
	c, mixed := s.look(v, f.info.kind, number)
	if f.slot != nil {
		f.slot.observe(c, mixed)
	}
	return c
}

// typed looks at members such as {"type": "customer"}.
func (t *tree) typed(f *frame, v []byte) Class {
	if f.info.kind == kindMoment && !f.person && len(v) <= 16 && !f.array {
		var buf [2 * maxKey]byte
		var ends [16]uint8
		text, _ := splitName(&buf, &ends, v)
		if personNames[string(text)] || names[string(text)] == kindPerson {
			f.person = true
		}
	}
	return None
}

// weakName looks at a member "name": that of a person counts at once if that
// is known, else when the object ends.
func (t *tree) weakName(s *Scan, f *frame, v []byte) Class {
	if !fullName(v) {
		c, mixed := s.look(v, kindNone, false)
		if f.slot != nil {
			f.slot.observe(c, mixed)
		}
		return c
	}
	if f.array || f.names >= 2 {
		if !f.person {
			return None
		}
		s.hit(Name, 1)
		return Name
	}
	f.nameSlots[f.names] = f.slot
	f.names++
	return None
}

// plausible reports whether a value can still be of the class that its field
// has had so far.
func plausible(c Class, v []byte) bool {
	switch c {
	case Email:
		return hasAt(v)
	case Phone, Card, IBAN, Birthdate, IP, Location, Passport:
		return hasDigit(v) || c == IP
	case Name, Address:
		return len(v) > 1
	}
	return c < USSSN || hasDigit(v)
}

// end closes what the body has left open.
func (t *tree) end(s *Scan) {
	t.over = 0
	for t.depth > 0 {
		t.close(s)
	}
}

// total returns how many records the answer had.
func (t *tree) total(s *Scan) uint64 {
	switch {
	case t.rows > 0:
		return t.rows
	case t.records == 0 && t.tops > 1 && s.format == formatJSON:
		return t.tops
	}
	return t.records
}
