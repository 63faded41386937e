package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// source is where all choices come from.
type source struct{ *rand.Rand }

func newSource(seed uint64) source { return source{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

func (r source) chance(percent int) bool   { return r.IntN(100) < percent }
func (r source) pick(list []string) string { return list[r.IntN(len(list))] }
func (r source) words(list string) string  { return r.pick(strings.Split(list, "|")) }
func (r source) between(a, b int) int      { return a + r.IntN(b-a+1) }

// fill replaces each # by a digit, @ by a capital letter, ~ by a small one,
// and ! by a digit that is no zero.
func (r source) fill(layout string) string {
	var b strings.Builder
	for _, c := range layout {
		switch c {
		case '#':
			b.WriteByte(byte('0' + r.IntN(10)))
		case '!':
			b.WriteByte(byte('1' + r.IntN(9)))
		case '@':
			b.WriteByte(byte('A' + r.IntN(26)))
		case '~':
			b.WriteByte(byte('a' + r.IntN(26)))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (r source) from(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func (r source) hex(n int) string { return r.from("0123456789abcdef", n) }

func (r source) uuid() string {
	return r.hex(8) + "-" + r.hex(4) + "-4" + r.hex(3) + "-a" + r.hex(3) + "-" + r.hex(12)
}

// day returns a date of birth of somebody who lives.
func (r source) day() (y, m, d int) { return r.between(1938, 2006), r.between(1, 12), r.between(1, 28) }

func (r source) yymmdd() string {
	y, m, d := r.day()
	return fmt.Sprintf("%02d%02d%02d", y%100, m, d)
}

func (r source) ddmmyy() string {
	y, m, d := r.day()
	return fmt.Sprintf("%02d%02d%02d", d, m, y%100)
}
