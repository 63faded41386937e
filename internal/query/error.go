package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says where a query cannot be read, and what was expected there.
type Error struct {
	Query string // as given
	Pos   int    // offset in bytes
	Got   string // what is there, for people
	Want  string // what was expected, or what to do
}

// Error returns one line, with the place as a column counted in characters
// from 1.
func (e *Error) Error() string {
	return fmt.Sprintf("query, column %d: %s: %s", e.column(), e.Got, e.Want)
}

func (e *Error) column() int { return utf8.RuneCountInString(e.Query[:e.Pos]) + 1 }

// Caret returns the query with a caret below the place, and the message below
// that, for terminals.
func (e *Error) Caret() string {
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, e.Query)
	return line + "\n" + strings.Repeat(" ", e.column()-1) + "^ " + e.Got + ": " + e.Want
}
