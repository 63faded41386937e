package cloudtrail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
)

// maxRecord bounds one record. CloudTrail's own limit is 1 MB, with 256 KB by
// default.
const maxRecord = 4 << 20

// maxUnpacked bounds what a compressed file may hold: log files of CloudTrail
// are some MB.
const maxUnpacked = 4 << 30

// Config is what a [Reader] needs to know. All are required.
type Config struct {
	// Pseudonym names a principal in headers of events.
	Pseudonym func(issuer, subject string) string
	// Redact takes the secrets out of a JSON text.
	Redact func(text []byte) []byte
}

// Reader reads records. Make one with [NewReader].
type Reader struct {
	cfg   Config
	dec   *json.Decoder
	limit *limited
	depth int // of the list that the decoder is in; 0: it is before a value
	list  string
	n     int
}

// NewReader returns a reader of one file.
func NewReader(in io.Reader, cfg Config) (*Reader, error) {
	from, err := ingest.Unpack(in, 64<<10)
	if err != nil {
		return nil, err
	}
	limit := &limited{r: from, left: maxUnpacked}
	return &Reader{cfg: cfg, dec: json.NewDecoder(limit), limit: limit}, nil
}

// limited fails when more was read than a file may hold, in all or between two
// records.
type limited struct {
	r      io.Reader
	left   int64
	record int64 // since the last record began
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("it holds more than %d bytes", int64(maxUnpacked))
	}
	if l.record > maxRecord+1<<20 {
		return 0, fmt.Errorf("a record is longer than %d bytes", maxRecord)
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	l.record += int64(n)
	return n, err
}

// Next returns the next record as an event, and [io.EOF] after the last. Any
// other error names the record by its number, from 1; nothing can be read after
// it.
func (r *Reader) Next() (*event.Event, error) {
	for {
		r.limit.record = 0
		raw, err := r.raw()
		if err == io.EOF {
			return nil, io.EOF
		}
		r.n++
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", r.n, plain(err))
		}
		if raw == nil {
			r.n--
			continue
		}
		e, err := r.convert(raw)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", r.n, err)
		}
		return e, nil
	}
}

// plain says in plain words what the decoder found.
func plain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON: %v, at byte %d", err, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ends in the middle of it")
	}
	return err
}

// raw returns the bytes of the next record; nil without an error if there was
// something else.
func (r *Reader) raw() ([]byte, error) {
	if r.depth > 0 {
		if r.dec.More() {
			return r.element()
		}
		if _, err := r.dec.Token(); err != nil { // the end of the list
			return nil, unexpected(err)
		}
		r.depth = 0
		return nil, r.rest()
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, err // io.EOF: between two values
	}
	if t == json.Delim('[') { // a list of records
		r.depth, r.list = 1, ""
		return nil, nil
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("want an object, and there is %v", clip(fmt.Sprint(t)))
	}
	return r.object()
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// object reads the members of an object of which the brace was read: of a file
// with a list, of which it stops in the list, or of one record.
func (r *Reader) object() ([]byte, error) {
	members := []byte{'{'}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		name, _ := key.(string)
		if (name == "Records" || name == "Events") && len(members) == 1 {
			t, err := r.dec.Token()
			if err != nil {
				return nil, unexpected(err)
			}
			if t != json.Delim('[') {
				return nil, fmt.Errorf("%s is no list", name)
			}
			r.depth, r.list = 2, name
			return nil, nil
		}
		var v json.RawMessage
		if err := r.dec.Decode(&v); err != nil {
			return nil, unexpected(err)
		}
		if name == "Records" || name == "Events" { // after other members
			return nil, fmt.Errorf("%s must be the first member of the file", name)
		}
		if len(members) > 1 {
			members = append(members, ',')
		}
		quoted, _ := json.Marshal(name)
		members = append(append(append(members, quoted...), ':'), v...)
		if len(members) > maxRecord {
			return nil, fmt.Errorf("it is longer than %d bytes", maxRecord)
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, unexpected(err)
	}
	return inner(append(members, '}'))
}

// rest reads what follows the list in its object.
func (r *Reader) rest() error {
	if r.list == "" {
		return nil
	}
	for r.dec.More() {
		var v json.RawMessage
		if _, err := r.dec.Token(); err != nil {
			return unexpected(err)
		}
		if err := r.dec.Decode(&v); err != nil {
			return unexpected(err)
		}
	}
	_, err := r.dec.Token()
	return unexpected(err)
}

// element reads an element of the list.
func (r *Reader) element() ([]byte, error) {
	var v json.RawMessage
	if err := r.dec.Decode(&v); err != nil {
		return nil, unexpected(err)
	}
	if len(v) > maxRecord {
		return nil, fmt.Errorf("it is longer than %d bytes", maxRecord)
	}
	return inner(v)
}

// inner returns the record inside of what other services put around it.
func inner(b []byte) ([]byte, error) {
	var around struct {
		CloudTrailEvent *string         `json:"CloudTrailEvent"`
		Detail          json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(b, &around); err != nil {
		return nil, fmt.Errorf("want an object: %w", err)
	}
	switch {
	case around.CloudTrailEvent != nil:
		return []byte(*around.CloudTrailEvent), nil
	case around.Detail != nil:
		return around.Detail, nil
	}
	return b, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
