package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// cursor is the durable mark of the follower: every event below it is in the
// index and on its disk. It stays behind what was added by margin, because the
// engine may lose its last rows, with holes, until then.
type cursor struct {
	path   string
	margin time.Duration

	at     uint64 // as saved
	passed []mark // what was added since, oldest first
}

// mark says that everything below number was added by the time when.
type mark struct {
	number uint64
	when   time.Time
}

// cursorFile is the form of the file, version 1.
type cursorFile struct {
	Version int    `json:"version"` // 1
	Cursor  uint64 `json:"cursor"`  // first event that may be missing
}

func openCursor(path string, margin time.Duration) (cursor, error) {
	c := cursor{path: path, margin: margin}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("reading the cursor of the index: %w", err)
	}
	var f cursorFile
	if err := json.Unmarshal(b, &f); err != nil || f.Version != 1 {
		return c, fmt.Errorf("the cursor of the index, %s, is not of version 1: delete it and rebuild the index", path)
	}
	c.at = f.Cursor
	return c, nil
}

// add notes that everything below number was added now, and saves what is old
// enough. It keeps a mark for each second at most.
func (c *cursor) add(number uint64, now time.Time) error {
	if n := len(c.passed); n == 0 || now.Sub(c.passed[n-1].when) >= time.Second {
		c.passed = append(c.passed, mark{number, now})
	}
	old := 0
	for old < len(c.passed) && now.Sub(c.passed[old].when) >= c.margin {
		old++
	}
	if old == 0 {
		return nil
	}
	at := c.passed[old-1].number
	c.passed = c.passed[old:]
	if at <= c.at {
		return nil
	}
	return c.save(at)
}

// forget drops the marks: what was added since the cursor is not certain.
func (c *cursor) forget() { c.passed = nil }

func (c *cursor) save(at uint64) error {
	b, err := json.Marshal(cursorFile{Version: 1, Cursor: at})
	if err == nil {
		err = writeFile(c.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("saving the cursor of the index: %w", err)
	}
	c.at = at
	return nil
}

// writeFile replaces a file so that it holds either the old or the new bytes.
func writeFile(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
