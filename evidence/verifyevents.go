package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// events checks each event by itself, and all of them against the look.
func (v *verifier) events() error {
	st := v.st
	list, sum := NewList(), sha256.New()
	out := bufio.NewWriter(sum)
	csv := newTable(out)
	judged := st.asksOnly(st.Disclosed)
	var broken, unasked uint64
	var first string // what is wrong with the first that is broken
	err := v.eachLine(EventsFile, maxLine, func(i int, line []byte) error {
		if i == MaxEvents {
			return faultf("%s has more than %s", EventsFile, count(MaxEvents, "event"))
		}
		r, err := parseLine(line)
		if err != nil {
			return faultf("%s: line %d: %v", EventsFile, i+1, err)
		}
		if n := len(v.numbers); n > 0 && v.numbers[n-1] >= r.Number {
			return faultf("%s: record %s is there twice, or out of order", EventsFile, commas(r.Number))
		}
		e, wrong := open(r)
		if wrong == "" {
			wrong = v.disclosed(r, e)
		}
		if wrong != "" {
			if broken++; broken == 1 {
				first = "Record " + commas(r.Number) + ": " + wrong
			}
		} else {
			csv.add(r.Number, e)
			if judged && len(r.Erased) == 0 && !st.wants(e) {
				unasked++
			}
		}
		v.numbers, v.leaves = append(v.numbers, r.Number), append(v.leaves, ledger.RecordHash(r.Header))
		list.Add(r.Number)
		v.rep.Events++
		if v.o.Event != nil {
			v.o.Event(r, e, wrong)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if broken > 0 {
		v.rep.fails("Broken in itself: %s of %s. %s.", count(broken, "event"), commas(v.rep.Events), first)
	} else {
		v.envelopes()
	}
	if unasked > 0 {
		v.rep.fails("The query does not ask for %s of the pack.", count(unasked, "event"))
	}
	if err := v.sameList(list); err != nil {
		return err
	}
	if csv.finish() != nil || out.Flush() != nil {
		return faultf("%s cannot be made again", TableFile) // writing to a hash does not fail
	}
	return v.sameTable(sum.Sum(nil), broken > 0)
}

// disclosed counts the envelopes of an event, and says what is wrong with their
// choice.
func (v *verifier) disclosed(r *Record, e *event.Event) (wrong string) {
	erased := make(map[event.Class]bool)
	for _, c := range r.Erased {
		erased[c] = true
		v.erased++
	}
	for c := range event.Class(event.Classes) {
		has := r.Envelopes[c] != nil
		switch {
		case has:
			v.rep.Envelopes++
		case v.st.discloses(c) && !e.Commit.Of(c).IsZero() && !erased[c]:
			return "its " + c.String() + " envelope was to be disclosed, and is missing"
		}
		if (has || erased[c]) && !v.st.discloses(c) {
			return "the pack says something of its " + c.String() + " envelope, which was not to be disclosed"
		}
	}
	return ""
}

// envelopes says how the envelopes stand.
func (v *verifier) envelopes() {
	st := v.st
	if v.rep.Envelopes != st.Envelopes {
		v.rep.fails("The look says that the pack discloses %s, and it holds %s.", count(st.Envelopes, "envelope"), commas(v.rep.Envelopes))
		return
	}
	var hidden []event.Class
	for c := range event.Class(event.Classes) {
		if !st.discloses(c) {
			hidden = append(hidden, c)
		}
	}
	if v.rep.Envelopes > 0 {
		v.rep.holds("The %s envelopes of the events are the ones that were sealed: all %s match the commitments in the sealed headers.", listed(classNames(st.Disclosed)), commas(v.rep.Envelopes))
	}
	if v.erased > 0 {
		v.rep.limit("%s asked for are not in the pack: it says that they were erased before. What was in them can be proven no more; that they were there is shown by their commitments.", count(v.erased, "envelope"))
	}
	if len(hidden) > 0 {
		v.rep.limit("The %s envelopes are not disclosed: the headers hold commitments to them, and whoever keeps the ledger can disclose them later.", listed(classNames(hidden)))
	}
}

// sameList compares the events with the look's list.
func (v *verifier) sameList(list *List) error {
	st := v.st
	if v.rep.Events != st.Results || list.Sum() != st.List {
		v.rep.fails("The list of events is not the one that was sealed: the look, record %s, says that the search found %s, and the pack holds %s, or others. Events were removed or added.",
			commas(st.record.Number), count(st.Results, "event"), commas(v.rep.Events))
	}
	for _, n := range v.numbers {
		if n < st.From || n >= st.To {
			return faultf("record %s is not among %s, which were searched", commas(n), span(st.From, st.To))
		}
	}
	return nil
}

// sameTable compares events.csv with the one that the events give.
func (v *verifier) sameTable(want []byte, broken bool) error {
	got := sha256.New()
	if _, err := io.Copy(got, v.a.open(v.a.part(TableFile))); err != nil {
		return err
	}
	if !broken && !bytes.Equal(got.Sum(nil), want) {
		v.rep.fails("%s does not say what the events say.", TableFile)
	}
	return nil
}

// headers judges the query again, on the headers of all that was searched.
func (v *verifier) headers() error {
	st := v.st
	has := v.a.part(HeadersFile) != nil
	switch {
	case !st.Complete && !has:
		return nil
	case !has && st.From < st.To:
		return faultf("the look says that all headers are enclosed, and %s is not there", HeadersFile)
	case !st.Complete:
		return faultf("%s is there, and the look does not say so", HeadersFile)
	case !st.asksOnly(nil):
		return faultf("the look says that the query can be judged from headers, and it cannot")
	case st.To-st.From > MaxHeaders:
		return faultf("the look says that the headers of %s are enclosed, the limit is %s", count(st.To-st.From, "record"), commas(MaxHeaders))
	}
	matched := NewList()
	events := v.numbers
	differ := -1
	err := v.eachLine(HeadersFile, event.MaxHeader+1, func(i int, line []byte) error {
		n := st.From + uint64(i)
		if n >= st.To {
			return faultf("%s has more lines than records were searched", HeadersFile)
		}
		header := line[:len(line)-1]
		h, err := event.DecodeHeader(header)
		if err != nil {
			return faultf("%s: the header of record %s: %v", HeadersFile, commas(n), err)
		}
		leaf := ledger.RecordHash(header)
		v.ranged = append(v.ranged, leaf)
		if st.wants(&event.Event{Header: *h}) {
			matched.Add(n)
		}
		if k := len(v.numbers) - len(events); len(events) > 0 && events[0] == n {
			if v.leaves[k] != leaf && differ < 0 {
				differ = k
			}
			events = events[1:]
		}
		v.rep.Headers++
		return nil
	})
	if err != nil {
		return err
	}
	if v.rep.Headers != st.To-st.From {
		return faultf("%s has the headers of %s, and %s were searched", HeadersFile, count(v.rep.Headers, "record"), commas(st.To-st.From))
	}
	if differ >= 0 {
		return faultf("record %s is not the same in %s and in %s", commas(v.numbers[differ]), EventsFile, HeadersFile)
	}
	v.matched = matched
	return nil
}

// proof checks that all of it is in the ledger.
func (v *verifier) proof() error {
	bounds, proof, err := readProof(v.a.open(v.a.part(ProofFile)))
	if err != nil {
		return err
	}
	st := v.st
	records, leaves := v.numbers, v.leaves
	if v.matched != nil && st.To > st.From {
		records, leaves = make([]uint64, 0, st.To-st.From+1), v.ranged
		for n := st.From; n < st.To; n++ {
			records = append(records, n)
		}
	}
	if n := len(records); n > 0 && records[n-1] >= st.record.Number {
		return faultf("the look, record %s, is not after the events that it found", commas(st.record.Number))
	}
	records, leaves = append(records, st.record.Number), append(leaves, ledger.RecordHash(st.record.Header))
	root, older, err := ledger.CheckRecords(v.tree.Size, records, leaves, bounds, proof)
	if err != nil || root != v.tree.Root {
		return faultf("the events and the look do not lead to the checkpoint: at least one of them was changed, or is of another ledger, or the proof is not theirs")
	}
	v.proven()
	return v.since(bounds, older)
}

// proven says what the proof shows.
func (v *verifier) proven() {
	st := v.st
	if n := v.rep.Events; n > 0 {
		v.rep.holds("%s of %s are in the ledger %s at %s: their sealed headers lead to the root of its checkpoint.", commas(n), count(n, "event"), v.tree.Origin, count(v.tree.Size, "record"))
	}
	looks := ""
	if st.HideLooks {
		looks = " Events of looks at the record are left out."
	}
	v.rep.holds("The question was sealed before the pack was written, in record %s of the same ledger, at %s by the clock of whoever runs it: %s asked for: %s%s",
		commas(st.record.Number), moment(st.event.Arrived), v.rep.Statement.By, v.rep.Statement.Words, looks)
	if v.listOK() {
		found := "the search found these events there and no others"
		if st.Results == 0 {
			found = "the search found no event there"
		}
		v.rep.holds("The list is complete for %s, as sealed at the time in record %s: %s.", span(st.From, st.To), commas(st.record.Number), found)
	}
	if v.matched == nil {
		return
	}
	if v.matched.Sum() != st.List {
		v.rep.fails("Evaluated again here, the query finds other events among the enclosed headers of %s than the pack holds.", span(st.From, st.To))
		return
	}
	v.rep.holds("The list is complete for %s, as evaluated again here from every header: all %s are enclosed and in the ledger, and no other event matches.", span(st.From, st.To), count(v.rep.Headers, "header"))
}

func (v *verifier) listOK() bool {
	list := NewList()
	for _, n := range v.numbers {
		list.Add(n)
	}
	return v.rep.Events == v.st.Results && list.Sum() == v.st.List
}

// since compares the ledger with older checkpoints.
func (v *verifier) since(bounds []uint64, older []ledger.Hash) error {
	roots := map[uint64]ledger.Hash{v.tree.Size: v.tree.Root}
	for i, n := range bounds {
		roots[n] = older[i]
		v.rep.Statement.Continues = append(v.rep.Statement.Continues, n)
	}
	for _, b := range v.o.Since {
		c, err := ledger.ParseCheckpoint(b, v.key)
		if err != nil {
			v.rep.fails("An older checkpoint that you gave does not hold: %v.", err)
			continue
		}
		root, known := roots[c.Size]
		switch {
		case known && root == c.Root:
			v.rep.holds("The ledger of the pack continues the checkpoint of %s that you gave.", count(c.Size, "record"))
		case known:
			v.rep.fails("The ledger of the pack does not continue the checkpoint of %s that you gave: its first records were changed.", count(c.Size, "record"))
		case c.Size > v.tree.Size:
			v.unchecked("The checkpoint of %s that you gave is newer than that of the pack: ask for a pack made after it to compare them.", count(c.Size, "record"))
		default:
			v.unchecked("The pack cannot be compared with the checkpoint of %s that you gave: ask for one made with --continues %d.", count(c.Size, "record"), c.Size)
		}
	}
	return nil
}

func (v *verifier) unchecked(format string, args ...any) {
	v.rep.Unchecked = append(v.rep.Unchecked, fmt.Sprintf(format, args...))
}

// limits says what the pack does not prove.
func (v *verifier) limits() {
	st := v.st
	if v.matched == nil {
		by := map[string]string{"index": "its search index", "ledger": "a scan of the ledger", "index and ledger": "its search index, and a scan of the newest records"}[st.EvaluatedBy]
		if by == "" {
			by = "means that the look does not name"
		}
		v.rep.limit("That the search was made well rests on the Gatebook that made it, with %s: the pack proves what was sealed then, and that nothing was left out or added since. A pack made with --complete can be evaluated again without that trust.", by)
	} else {
		v.rep.limit("The list is complete for %s. An event that arrived in the period asked for and was sealed outside of this range, because its call took long, is not covered.", span(st.From, st.To))
	}
	v.rep.limit("Times are those of the clock of whoever runs the ledger.")
	v.rep.limit("A pack shows what is in the ledger. Calls that did not pass Gatebook are not, and calls that it served and could not record are gap events in it.")
	if len(v.o.Since) == 0 && len(v.o.Witnesses) == 0 {
		v.rep.limit("Whoever has the signing key could have made another ledger before this checkpoint was handed over: a checkpoint from before, or a witness, would show it.")
	}
	v.rep.limit("%s and %s are for people and are no evidence.", PageFile, ReadmeFile)
}
