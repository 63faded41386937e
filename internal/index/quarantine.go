package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// quarantineDir holds the days that were put aside, for whoever wants to look.
const quarantineDir = "quarantine"

// partitionPath is the directory of one day in a message of the engine.
var partitionPath = regexp.MustCompile(`/partitions/(\d{8})(/|\b)`)

// notDamage are the reasons of the system for which the engine gives up on files
// that are whole: putting them aside would not help.
var notDamage = []string{
	"no space left", "disk quota", "too many open files", "permission denied",
	"input/output error", "cannot allocate memory", "read-only file system",
}

// damagedDay returns the day whose files made the engine end, if that is why.
func damagedDay(err error) (day string, ok bool) {
	if err == nil || !strings.Contains(err.Error(), "FATAL") {
		return "", false
	}
	text := err.Error()
	for _, reason := range notDamage {
		if strings.Contains(text, reason) {
			return "", false
		}
	}
	m := partitionPath.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// quarantine puts a day's files aside. The day is first written down as damaged,
// so that it is filled again even if we are killed in between.
func (s *Supervisor) quarantine(day string) error {
	s.mu.Lock()
	err := s.damaged.add(day)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	to := filepath.Join(s.cfg.Dir, quarantineDir, day+"-"+time.Now().UTC().Format("20060102T150405.000000000"))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("putting the damaged day %s of the index aside: %w", day, err)
	}
	if err := os.Rename(filepath.Join(s.storage(), "partitions", day), to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("putting the damaged day %s of the index aside: %w", day, err)
	}
	s.log.Warn("a day of the index is damaged and was put aside; it is filled again from the ledger", "day", day)
	return nil
}

// damage is the durable list of days to fill again. The supervisor guards it.
type damage struct {
	path string
	list []string // sorted
}

func openDamage(dir string) (damage, error) {
	d := damage{path: filepath.Join(dir, "damaged.json")}
	b, err := os.ReadFile(d.path)
	if errors.Is(err, os.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("index: %w", err)
	}
	if err := json.Unmarshal(b, &d.list); err != nil {
		return d, fmt.Errorf("index: %s: %w: delete the file and rebuild the index", d.path, err)
	}
	return d, nil
}

func (d *damage) days() []string { return slices.Clone(d.list) }

func (d *damage) add(day string) error {
	i, found := slices.BinarySearch(d.list, day)
	if found {
		return nil
	}
	return d.save(slices.Insert(slices.Clone(d.list), i, day))
}

func (d *damage) remove(days []string) error {
	left := slices.DeleteFunc(slices.Clone(d.list), func(day string) bool { return slices.Contains(days, day) })
	if len(left) == len(d.list) {
		return nil
	}
	return d.save(left)
}

func (d *damage) save(list []string) error {
	b, err := json.Marshal(list)
	if err == nil {
		err = writeFile(d.path, b)
	}
	if err != nil {
		return fmt.Errorf("index: writing down the damaged days: %w", err)
	}
	d.list = list
	return nil
}
