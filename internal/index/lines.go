package index

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readError says that the answer broke off.
type readError struct{ err error }

func (e *readError) Error() string { return "reading the answer: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// eachLine calls f for each line of r that is not empty, without its end.
func eachLine(r io.Reader, f func([]byte) error) error {
	br := bufio.NewReaderSize(r, 64<<10)
	var long []byte
	for {
		l, err := br.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, l...)
			continue
		}
		if len(long) > 0 {
			long = append(long, l...)
			l = long
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return &readError{err}
		}
		if t := bytes.TrimSpace(l); len(t) > 0 {
			if err := f(t); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		long = long[:0]
	}
}

// parseFields reads a flat JSON object of strings and keeps the order of its keys.
func parseFields(line []byte) ([]Field, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("row of the index: %w", err)
	}
	var fields []Field
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("row of the index: %w", err)
		}
		value, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("row of the index: %w", err)
		}
		n, okName := name.(string)
		v, okValue := value.(string)
		if !okName || !okValue {
			return nil, fmt.Errorf("row of the index: field %v is not text", name)
		}
		fields = append(fields, Field{n, v})
	}
	return fields, nil
}

// get returns the value of the field name, or "".
func get(fields []Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}
