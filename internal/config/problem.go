package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	File    string // where the value comes from: a file, "environment NAME" or "flag --name"; empty: a key is missing
	Line    int    // from 1; 0: File is not a file
	Column  int    // from 1, in characters; 0: File is not a file
	Key     string // path of the key, such as gateway.routes[0].upstream; empty: the file as a whole
	Message string // what is wrong, and what to do; never contains a secret
}

// String prints the problem as file:line:column: key: message.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return b.String() + p.Message
}

// Problems is everything that is wrong with a configuration, in the order of
// the file; it is the error of [Load] and never empty there.
type Problems []Problem

// Error prints one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sort puts the problems in the order of the file, those without a line last,
// and drops repetitions.
func (ps Problems) sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			-cmp.Compare(min(a.Line, 1), min(b.Line, 1)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Key, b.Key),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(ps)
}

// origin is where a value, a list or a section came from. Exactly one of file,
// env and flag is set.
type origin struct {
	file         string
	line, column int
	env          string // name of the variable
	flag         string // with its dashes
}

// String names the origin for people, as in the comments of
// [Config.Effective].
func (o origin) String() string {
	switch {
	case o.flag != "":
		return o.flag
	case o.env != "":
		return o.env
	case o.file != "":
		return fmt.Sprintf("line %d", o.line)
	}
	return "default"
}

// problem makes a problem at the origin.
func (o origin) problem(key, format string, args ...any) Problem {
	p := Problem{File: o.file, Line: o.line, Column: o.column, Key: key, Message: fmt.Sprintf(format, args...)}
	switch {
	case o.flag != "":
		p.File = "flag " + o.flag
	case o.env != "":
		p.File = "environment " + o.env
	}
	return p
}
