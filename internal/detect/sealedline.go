package detect

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
)

// parseSealed reads a record that an export wrote, with the bytes that were
// sealed as they are. Those are decoded by the strict way in which the ledger
// is read, which takes a twentieth of the time that encoding/json does; it
// refuses whatever is not spelt so, and then ok is false and the line is read
// the long way, which also says what is wrong.
func parseSealed(line []byte) (e *event.Event, number int64, ok bool) {
	rest, found := bytes.CutPrefix(line, []byte(`{"number":`))
	if !found {
		return nil, 0, false
	}
	digits, rest, found := bytes.Cut(rest, []byte(`,"header":`))
	number, err := strconv.ParseInt(string(digits), 10, 64)
	if !found || err != nil || number < 0 || strconv.FormatInt(number, 10) != string(digits) {
		return nil, 0, false
	}
	body, rest, ok := cutObject(rest)
	if !ok {
		return nil, 0, false
	}
	h, err := event.DecodeHeader(body)
	if err != nil {
		return nil, 0, false
	}
	e = &event.Event{Header: *h}
	for _, x := range []struct {
		name   string
		decode func([]byte) error
	}{
		{`,"who":`, func(b []byte) (err error) { e.Who, err = event.DecodeWho(b); return err }},
		{`,"what":`, func(b []byte) (err error) { e.What, err = event.DecodeWhat(b); return err }},
		{`,"payload":`, func(b []byte) (err error) { e.Payload, err = event.DecodePayload(b); return err }},
	} {
		if !bytes.HasPrefix(rest, []byte(x.name)) {
			continue
		}
		if body, rest, ok = cutObject(rest[len(x.name):]); !ok || x.decode(body) != nil {
			return nil, 0, false
		}
	}
	// What was left out is not for rules, but it must be what an export writes.
	for _, name := range []string{`,"erased":[`, `,"removals":[`, `,"withheld":[`, `,"left_out":[`} {
		if !bytes.HasPrefix(rest, []byte(name)) {
			continue
		}
		if _, rest, ok = cutObject(rest[len(name)-1:]); !ok {
			return nil, 0, false
		}
	}
	if string(rest) != "}" || e.ID.IsZero() || e.Kind == "" || !slices.IsSorted(e.Credential.Scopes) || !slices.IsSorted(e.Operation.Scopes) {
		return nil, 0, false
	}
	if e, number, err = complete(e, number, line); err != nil {
		return nil, 0, false
	}
	return e, number, true
}

// cutObject cuts an object or a list of JSON from what follows it. It looks at
// brackets and quotes only.
func cutObject(b []byte) (object, rest []byte, ok bool) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return b[:min(i+1, len(b))], b[min(i+1, len(b)):], i > 0 && i < len(b)
		}
	}
	return nil, nil, false
}
