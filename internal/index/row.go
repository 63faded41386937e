package index

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Field is one name and value of a row. Values are text; the engine recognises
// numbers, times and addresses by their form.
type Field struct {
	Name  string // up to 128 bytes are kept
	Value string // empty means absent
}

// Row is one event as the index sees it.
type Row struct {
	// Number is the event's number in the ledger, its identity in the index.
	Number uint64
	// Time is what the event is sorted and selected by. It is kept between 1970
	// and 2120; what lies outside is moved to the nearer end.
	Time time.Time
	// Fields in any order, names not repeated. `_msg` is the text that a bare word
	// searches; `tenant` overrides the client's. The names n, _time, _stream and
	// _stream_id are the index's own and are left out.
	Fields []Field
}

const (
	numberField = "n"
	tenantField = "tenant"
	textField   = "_msg"
	timeField   = "_time"

	maxName   = 128       // the engine drops rows with longer names
	maxFields = 1000 - 4  // and rows with more fields
	maxRow    = 240 << 10 // and, remotely, lines over 256 KiB
)

var (
	earliest = time.Unix(0, 1) // zero means "now" to the engine
	latest   = time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
)

// timeFormat has all nine digits: with fewer, newer engines take the end of a
// range to mean the end of that second.
const timeFormat = "2006-01-02T15:04:05.000000000Z"

func formatTime(t time.Time) string {
	if t.Before(earliest) {
		t = earliest
	}
	if t.After(latest) {
		t = latest
	}
	return t.UTC().Format(timeFormat)
}

// batch is rows encoded as JSON lines.
type batch struct {
	lines []byte
	rows  int
}

func (b *batch) reset() { b.lines, b.rows = b.lines[:0], 0 }

// add encodes r. A row that would be too long is encoded again with ever shorter
// values until it fits, and if none are short enough, without its fields.
func (b *batch) add(r Row, tenant string) {
	start := len(b.lines)
	b.rows++
	for longest := maxRow; longest >= 32; longest /= 2 {
		b.lines = appendRow(b.lines[:start], r, tenant, longest)
		if len(b.lines)-start <= maxRow {
			return
		}
	}
	b.lines = appendRow(b.lines[:start], Row{Number: r.Number, Time: r.Time}, tenant, 32)
}

func appendRow(dst []byte, r Row, tenant string, longest int) []byte {
	dst = append(dst, `{"_time":"`...)
	dst = append(dst, formatTime(r.Time)...)
	dst = append(dst, `","n":"`...)
	dst = strconv.AppendUint(dst, r.Number, 10)
	dst = append(dst, '"')
	text, fields := "-", 0 // the engine would make up a sentence for an empty text
	for _, f := range r.Fields {
		switch f.Name {
		case numberField, timeField, "_stream", "_stream_id", "":
			continue
		}
		if f.Value == "" {
			continue
		}
		switch f.Name {
		case textField:
			text = f.Value
			continue
		case tenantField:
			tenant = f.Value
			continue
		}
		if fields++; fields > maxFields {
			continue
		}
		dst = appendField(dst, cut(f.Name, maxName), cut(f.Value, longest))
	}
	dst = appendField(dst, textField, cut(text, longest))
	dst = appendField(dst, tenantField, cut(tenant, longest))
	return append(dst, '}', '\n')
}

// cut returns at most n bytes of s, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, ',')
	dst = appendString(dst, name)
	dst = append(dst, ':')
	return appendString(dst, value)
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, "\uFFFD"...)
		}
		i += size
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
