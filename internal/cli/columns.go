package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// defaultColumns of events in tables.
var defaultColumns = []string{"number", "time", "who", "method", "what", "status", "duration"}

// look says how values are shown.
type look struct {
	screen
	zone *time.Location
}

// column is one column of a table of events.
type column struct {
	name string
	show func(l look, n uint64, e *event.Event) cell
}

// short are columns made for people, beside the fields of the registry.
var short = map[string]func(l look, n uint64, e *event.Event) cell{
	"number": func(_ look, n uint64, _ *event.Event) cell { return cell{strconv.FormatUint(n, 10), plain} },
	"time":   func(l look, _ uint64, e *event.Event) cell { return cell{l.time(e.Arrived), dim} },
	"who":    whoCell,
	"method": func(_ look, _ uint64, e *event.Event) cell { return cell{e.Operation.Method, bold} },
	"what":   whatCell,
	"status": statusCell,
	"duration": func(_ look, _ uint64, e *event.Event) cell {
		if e.End().IsZero() || e.Kind != event.Access {
			return cell{}
		}
		return cell{e.Duration().Round(10 * time.Microsecond).String(), dim}
	},
}

// time shows a time in the zone of the reader.
func (l look) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(l.zone).Format("2006-01-02 15:04:05.000")
}

// whoCell names who made the call. What is below level 2 is a claim, and is
// shown as one.
func whoCell(_ look, _ uint64, e *event.Event) cell {
	name := ""
	if e.Who != nil {
		name = e.Who.Subject
		if e.Who.Email != "" {
			name = e.Who.Email
		}
	}
	switch {
	case e.Principal.Level >= event.LevelAsserted && name != "":
		return cell{name, plain}
	case e.Principal.ID != "":
		return cell{e.Principal.ID, plain}
	case e.Who != nil && e.Who.Claimed != "":
		return cell{"claims " + e.Who.Claimed, yellow}
	}
	return cell{string(e.Principal.Kind), dim}
}

func whatCell(_ look, _ uint64, e *event.Event) cell {
	switch {
	case e.Note != nil:
		text := string(e.Kind) + " " + e.Note.Name
		if e.What != nil && e.What.Query != "" {
			text += " " + e.What.Query
		}
		return cell{text, dim}
	case e.Lost != nil:
		return cell{fmt.Sprintf("%d calls not recorded: %s", e.Lost.Count, e.Lost.Reason), red}
	case e.What != nil && e.What.Path != "":
		return cell{e.Operation.Host + e.What.Path, plain}
	}
	return cell{e.Operation.Host + e.Operation.Route, plain}
}

func statusCell(_ look, _ uint64, e *event.Event) cell {
	switch s := e.Outcome.Status; {
	case e.Outcome.Error != "" && s == 0:
		return cell{e.Outcome.Error, red}
	case s == 0:
		return cell{}
	case s >= 500:
		return cell{strconv.Itoa(s), red}
	case s >= 400:
		return cell{strconv.Itoa(s), yellow}
	default:
		return cell{strconv.Itoa(s), green}
	}
}

// columns finds the columns with the given names.
func columns(names []string) ([]column, error) {
	if len(names) == 0 {
		names = defaultColumns
	}
	list := make([]column, 0, len(names))
	for _, name := range names {
		if show, ok := short[name]; ok {
			list = append(list, column{name, show})
			continue
		}
		f := event.Lookup(name)
		if f == nil {
			return nil, fmt.Errorf("there is no column %q: use number, time, who, method, what, status, duration, or the name of a field as in docs/fields.md", name)
		}
		list = append(list, column{name, func(l look, _ uint64, e *event.Event) cell { return cell{l.field(f, e), plain} }})
	}
	return list, nil
}

// field shows the value of a field as people read it.
func (l look) field(f *event.Field, e *event.Event) string {
	text := f.Text(e)
	switch f.Type {
	case event.TypeTime:
		if t, err := time.Parse(event.TimeLayout, text); err == nil {
			return l.time(t)
		}
	case event.TypeDuration:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return time.Duration(n).String()
		}
	}
	return text
}

// row is the line of a record.
func (l look) row(cols []column, r *reading.Record) ([]cell, error) {
	e, err := r.Event()
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", r.Number, err)
	}
	row := make([]cell, len(cols))
	for i, c := range cols {
		row[i] = c.show(l, r.Number, e)
	}
	return row, nil
}

func names(cols []column) []string {
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = c.name
	}
	return list
}

// tidy splits a list with commas.
func tidy(list string) []string {
	var out []string
	for _, s := range strings.Split(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
