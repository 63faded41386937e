package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// face is a font with the widths of its signs.
type face struct {
	family, style string
	font          *sfnt.Font
	buf           sfnt.Buffer
	widths        map[rune]float64 // at size 1; -1: there is no sign
}

func (p *writer) addFace(family, style string, ttf []byte) error {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return err
	}
	p.AddUTF8FontFromBytes(family, style, ttf)
	p.fonts[family+style] = &face{family: family, style: style, font: f, widths: map[rune]float64{}}
	return p.Error()
}

// use sets the font.
func (p *writer) use(family, style string, size float64) {
	p.face, p.size = p.fonts[family+style], size
	p.SetFont(family, style, size)
}

func (p *writer) restore(f *face, size float64) {
	if f != nil {
		p.use(f.family, f.style, size)
	}
}

// width returns the width of r at the size that is set, and whether the font
// can show it.
func (p *writer) width(r rune) (float64, bool) {
	w, ok := p.face.widths[r]
	if !ok {
		w = -1
		if p.showable(r) {
			w = p.GetStringWidth(string(r)) / p.size
		}
		p.face.widths[r] = w
	}
	return w * p.size, w >= 0
}

// rightToLeft are scripts whose order and joining are not done here.
var rightToLeft = []*unicode.RangeTable{unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko}

func (p *writer) showable(r rune) bool {
	if r > 0xFFFF || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || r == unicode.ReplacementChar || unicode.In(r, rightToLeft...) {
		return false
	}
	i, err := p.face.font.GlyphIndex(&p.face.buf, r)
	return err == nil && i != 0
}

// shown returns the text with codes in place of what cannot be shown.
func (p *writer) shown(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	open := false
	for _, r := range s {
		if r == '\n' || r == '\t' {
			r = ' '
		}
		if _, ok := p.width(r); ok {
			if open {
				b.WriteByte(']')
				open = false
			}
			b.WriteRune(r)
			continue
		}
		p.hidden++
		if open {
			b.WriteByte(' ')
		} else {
			b.WriteByte('[')
			open = true
		}
		fmt.Fprintf(&b, "U+%04X", r)
	}
	if open {
		b.WriteByte(']')
	}
	return b.String()
}

// breaks are the characters after which a long value may be broken.
const breaks = "/.,;:?&=@-_+|"

// wrap divides the text into lines that are at most width wide: at spaces if the
// line is half full by then, else after a sign of breaks, else anywhere.
func (p *writer) wrap(s string, width float64) []string {
	text := []rune(p.shown(s))
	var lines []string
	for start := 0; start < len(text); {
		for start < len(text) && text[start] == ' ' && start > 0 {
			start++
		}
		sum, end, space, soft := 0.0, start, -1, -1
		filled := 0.0 // width up to the space
		for end < len(text) {
			w, _ := p.width(text[end])
			if sum+w > width && end > start {
				break
			}
			sum += w
			switch {
			case text[end] == ' ':
				space, filled = end, sum
			case strings.ContainsRune(breaks, text[end]):
				soft = end + 1
			}
			end++
		}
		next := end
		if end < len(text) && text[end] != ' ' {
			switch {
			case space > start && (filled > width/2 || soft < space):
				end, next = space, space+1
			case soft > start && soft < end:
				end, next = soft, soft
			}
		}
		lines = append(lines, strings.TrimRight(string(text[start:end]), " "))
		start = next
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	return lines
}

// textWidthOf is the width of text that was not wrapped.
func (p *writer) textWidthOf(s string) float64 {
	sum := 0.0
	for _, r := range s {
		if w, ok := p.width(r); ok {
			sum += w
		} else {
			sum += 8 * p.size * 0.2
		}
	}
	return sum
}

// oneLine returns the first line of the text, with dots if there is more: for
// headers, which repeat what is written in full elsewhere.
func (p *writer) oneLine(s string, width float64) string {
	hidden := p.hidden
	defer func() { p.hidden = hidden }()
	lines := p.wrap(s, width-3)
	if len(lines) > 1 {
		return lines[0] + " …"
	}
	return lines[0]
}

// line writes text that was wrapped.
func (p *writer) line(x, y, width float64, text, align string) {
	p.SetXY(x, y)
	p.CellFormat(width, p.size*0.42, text, "", 0, align, false, 0, "")
	p.SetXY(x, y)
}

// lines writes wrapped lines below each other, over as many pages as it takes.
func (p *writer) lines(list []string, x, width, height float64) {
	for _, l := range list {
		if p.GetY()+height > pageHeight-bottom {
			p.AddPage()
			p.SetY(top)
		}
		y := p.GetY()
		p.line(x, y, width, l, "L")
		p.SetY(y + height)
	}
}

// room begins a new page unless there is so much room on this one.
func (p *writer) room(height float64) {
	if p.GetY()+height > pageHeight-bottom {
		p.AddPage()
		p.SetY(top)
	}
}

func rgb(c int) (r, g, b int) { return c >> 16 & 255, c >> 8 & 255, c & 255 }

func (p *writer) colour(c int) { p.SetTextColor(rgb(c)) }

func (p *writer) fill(c int) { p.SetFillColor(rgb(c)) }

func (p *writer) stroke(c int) {
	p.SetDrawColor(rgb(c))
	p.SetLineWidth(0.2)
}
