package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// screen says what the standard output can show.
type screen struct {
	colour bool
	width  int // columns; 0: without limit
}

// screen looks at the standard output. Colours are for terminals, unless
// NO_COLOR is set.
func (p *Program) screen() screen {
	f, ok := p.Stdout.(*os.File)
	if !ok {
		return screen{}
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return screen{}
	}
	return screen{p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb", int(size.Col)}
}

// style is an ANSI attribute.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func (s screen) paint(st style, text string) string {
	if !s.colour || st == plain || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// clean makes text of the record harmless for a terminal: what is not printable,
// or turns the direction of writing, is shown by its number.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if harmless(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

func isClean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !harmless(r) }) < 0
}

func harmless(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }

// width is how many columns a clean text takes.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff):
			n += 2
		default:
			n++
		}
	}
	return n
}

// cut shortens a clean text to the given columns.
func cut(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	n := 0
	for i, r := range s {
		if n += width(string(r)); n >= columns {
			return s[:i] + "…"
		}
	}
	return s
}

// cell is one cell of a table.
type cell struct {
	text  string
	style style
}

// table prints rows in columns that are aligned. What does not fit into the
// width of the screen is cut in the widest columns.
func (s screen) table(w io.Writer, head []string, rows [][]cell) error {
	widths := make([]int, len(head))
	for i, h := range head {
		widths[i] = width(h)
	}
	for _, row := range rows {
		for i := range row {
			row[i].text = clean(row[i].text)
			widths[i] = max(widths[i], width(row[i].text))
		}
	}
	s.fit(widths)
	line := make([]cell, len(head))
	for i, h := range head {
		line[i] = cell{strings.ToUpper(h), bold}
	}
	var b strings.Builder
	for _, row := range append([][]cell{line}, rows...) {
		s.line(&b, widths, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s screen) line(b *strings.Builder, widths []int, row []cell) {
	last := len(row) - 1
	for last > 0 && row[last].text == "" {
		last--
	}
	for i, c := range row[:last+1] {
		text := cut(c.text, widths[i])
		b.WriteString(s.paint(c.style, text))
		if i < last {
			b.WriteString(strings.Repeat(" ", widths[i]-width(text)+2))
		}
	}
	b.WriteByte('\n')
}

// fit makes the widest columns narrower until the line fits.
func (s screen) fit(widths []int) {
	if s.width == 0 {
		return
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > s.width; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= 8 {
			return
		}
		widths[widest]--
	}
}
