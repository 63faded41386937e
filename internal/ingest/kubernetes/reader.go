package kubernetes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/redact"
)

// MaxRecord bounds a record in bytes. An object in etcd has 1.5 MB at most, and a
// record up to two of them.
const MaxRecord = 8 << 20

// maxLine bounds a line, which can be a list of records.
const maxLine = 256 << 20

// Config is what a [Parser] needs to know. All but Source are required.
type Config struct {
	Source    string // the cluster, in people's words; empty: nobody says
	Redactor  *redact.Redactor
	Describer *capture.Describer
	Pseudonym func(issuer, subject string) string // names a principal in headers of events
}

// Label returns what stands in an event's capture.source for a source.
func Label(source string) string {
	if source == "" {
		return "kubernetes"
	}
	return "kubernetes:" + source
}

// Parser makes events of records. Make one with [NewParser].
type Parser struct {
	cfg   Config
	label string
}

// NewParser returns a parser.
func NewParser(cfg Config) (*Parser, error) {
	if err := ingest.CheckSource(cfg.Source); err != nil {
		return nil, err
	}
	return &Parser{cfg, Label(cfg.Source)}, nil
}

// Detect, Known, Form, Memory and Restore are for a log that is followed: its
// form is known, and each record has an id of its own.
func (p *Parser) Detect([]string) error { return nil }

// Known reports that the form is known.
func (p *Parser) Known() bool { return true }

// Form says in words which form the records have.
func (p *Parser) Form() string { return "audit log of Kubernetes" }

// Memory returns nothing that another parser needs.
func (p *Parser) Memory() []byte { return []byte("null") }

// Restore takes nothing.
func (p *Parser) Restore([]byte) error { return nil }

// Reader reads a file, or what a webhook was sent. Make one with [NewReader].
type Reader struct {
	p       *Parser
	in      *bufio.Reader
	line    uint64
	list    []json.RawMessage // of the line, as far as it was not read
	skipped ingest.Skipped
}

var _ ingest.Skipper = (*Reader)(nil)

// NewReader returns a reader of one file, which may be compressed with gzip.
func NewReader(in io.Reader, cfg Config) (*Reader, error) {
	p, err := NewParser(cfg)
	if err != nil {
		return nil, err
	}
	b, err := ingest.Unpack(in, 64<<10)
	if err != nil {
		return nil, err
	}
	return &Reader{p: p, in: b}, nil
}

// Form implements [ingest.Skipper].
func (r *Reader) Form() string { return r.p.Form() }

// Skipped implements [ingest.Skipper].
func (r *Reader) Skipped() ingest.Skipped { return r.skipped }

// Next returns the next call as an event, and [io.EOF] after the last. Records
// that cannot be read are skipped, and counted.
func (r *Reader) Next() (*event.Event, error) {
	for {
		var raw []byte
		if len(r.list) > 0 {
			raw, r.list = r.list[0], r.list[1:]
		} else {
			line, err := r.read()
			if err != nil {
				return nil, err
			}
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			if r.list = items(line); r.list != nil {
				continue
			}
			raw = line
		}
		e, err := r.p.event(raw)
		if err == nil && len(raw) > MaxRecord {
			err = fmt.Errorf("it is longer than %d bytes", MaxRecord)
		}
		if err != nil {
			r.skipped.Add(r.line, err)
			continue
		}
		if e != nil {
			return e, nil
		}
	}
}

// read reads a line.
func (r *Reader) read() ([]byte, error) {
	r.line++
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxLine {
			return nil, fmt.Errorf("line %d is longer than %d bytes", r.line, maxLine)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// items returns the records of an EventList; nil if it is none.
func items(line []byte) []json.RawMessage {
	if !bytes.Contains(line, []byte("EventList")) {
		return nil
	}
	var list struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}
	if json.Unmarshal(line, &list) != nil || list.Kind != "EventList" {
		return nil
	}
	return list.Items
}

// inner returns the record inside of what Azure puts around it.
func inner(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`"kube-audit`)) {
		return raw
	}
	var around struct {
		Properties struct {
			Log string `json:"log"`
		} `json:"properties"`
	}
	if json.Unmarshal(raw, &around) != nil || around.Properties.Log == "" {
		return raw
	}
	return []byte(around.Properties.Log)
}
