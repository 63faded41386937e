package pdf

import (
	"fmt"
	"strings"

	"github.com/gatebook/gatebook/internal/report"
)

// table writes a table, with its head on each page.
func (p *writer) table(t *report.Table) {
	p.heading(t.Title, 16)
	if t.Note != "" {
		p.colour(grey)
		p.paragraph(t.Note, 8)
	}
	if len(t.Rows) == 0 {
		p.colour(grey)
		p.paragraph("None.", bodySize)
		return
	}
	widths := p.columns(t)
	p.head(t, widths)
	for i, row := range t.Rows {
		p.row(t, widths, row, i%2 == 1)
	}
	if t.Left > 0 {
		p.SetY(p.GetY() + 1)
		p.colour(grey)
		p.paragraph(report.Number.Show(fmt.Sprint(t.Left))+" more rows are not listed.", 8)
	}
}

// columns divides the width: numbers and times get what they need, texts what
// they need at most, and else their share of the rest.
func (p *writer) columns(t *report.Table) []float64 {
	const sample = 300
	need := make([]float64, len(t.Columns))
	least := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		p.use(family, "B", tableSize)
		least[i] = p.longestWord(c.Name)
		need[i] = min(p.textWidthOf(c.Name), 26)
		p.use(family, "", tableSize)
		for _, row := range t.Rows[:min(len(t.Rows), sample)] {
			v := c.Kind.Show(row[i])
			need[i] = max(need[i], p.textWidthOf(v))
			switch c.Kind {
			case report.Number:
				least[i] = max(least[i], p.textWidthOf(v))
			case report.Time:
				least[i] = max(least[i], p.longestWord(v))
			default:
				least[i] = max(least[i], min(p.longestWord(v), 16))
			}
		}
		need[i] = max(need[i], least[i]) + 2*cellPad + 0.4
		least[i] += 2*cellPad + 0.4
	}
	return divide(need, least, t.Columns)
}

// divide returns widths that add up to the text's.
func divide(need, least []float64, columns []report.Column) []float64 {
	sum, base, weights := 0.0, 0.0, 0.0
	for i, c := range columns {
		sum += need[i]
		base += least[i]
		weights += float64(c.Weight)
	}
	out := make([]float64, len(need))
	switch {
	case sum <= textWidth:
		for i, c := range columns {
			out[i] = need[i] + (textWidth-sum)*float64(c.Weight)/weights
		}
	case base >= textWidth:
		for i := range out {
			out[i] = least[i] * textWidth / base
		}
	default:
		// What lies between least and need is divided by weight, and what one does
		// not take the others get.
		copy(out, least)
		for left := textWidth - base; left > 0.01; {
			weights := 0.0
			for i, c := range columns {
				if out[i] < need[i] {
					weights += float64(c.Weight)
				}
			}
			if weights == 0 {
				break
			}
			given := 0.0
			for i, c := range columns {
				if out[i] < need[i] {
					part := min(left*float64(c.Weight)/weights, need[i]-out[i])
					out[i] += part
					given += part
				}
			}
			left -= given
		}
	}
	return out
}

func (p *writer) longestWord(s string) float64 {
	longest := 0.0
	for w := range strings.FieldsSeq(s) {
		longest = max(longest, p.textWidthOf(w))
	}
	return longest
}

func align(k report.Kind) string {
	if k == report.Number {
		return "R"
	}
	return "L"
}

// head writes the names of the columns.
func (p *writer) head(t *report.Table, widths []float64) {
	p.use(family, "B", tableSize)
	cells := make([][]string, len(t.Columns))
	most := 1
	for i, c := range t.Columns {
		cells[i] = p.wrap(c.Name, widths[i]-2*cellPad)
		most = max(most, len(cells[i]))
	}
	height := float64(most)*tableLine + 2*cellPad
	p.room(height + 2*tableLine)
	y := p.GetY()
	p.fill(0xdfe7f0)
	p.Rect(side, y, textWidth, height, "F")
	p.colour(dark)
	x := side
	for i, c := range t.Columns {
		// Names of one line stand at the bottom.
		down := float64(most-len(cells[i])) * tableLine
		for j, l := range cells[i] {
			p.line(x+cellPad, y+cellPad+down+float64(j)*tableLine, widths[i]-2*cellPad, l, align(c.Kind))
		}
		x += widths[i]
	}
	p.SetY(y + height)
}

// row writes a row; one that is longer than a page goes on on the next.
func (p *writer) row(t *report.Table, widths []float64, row []string, odd bool) {
	p.use(family, "", tableSize)
	cells := make([][]string, len(row))
	most := 1
	for i, v := range row {
		cells[i] = p.wrap(t.Columns[i].Kind.Show(v), widths[i]-2*cellPad)
		most = max(most, len(cells[i]))
	}
	const full = 65 // lines; they fit on a page with the head
	for from := 0; from < most; from += full {
		to := min(from+full, most)
		height := float64(to-from)*tableLine + 2*cellPad
		if p.GetY()+height > pageHeight-bottom {
			p.AddPage()
			p.SetY(top)
			p.head(t, widths)
			p.use(family, "", tableSize)
		}
		y := p.GetY()
		if odd {
			p.fill(0xf6f8fb)
			p.Rect(side, y, textWidth, height, "F")
		}
		p.colour(0)
		x := side
		for i, c := range t.Columns {
			for j := from; j < min(to, len(cells[i])); j++ {
				p.line(x+cellPad, y+cellPad+float64(j-from)*tableLine, widths[i]-2*cellPad, cells[i][j], align(c.Kind))
			}
			x += widths[i]
		}
		p.stroke(rule)
		p.Line(side, y+height, pageWidth-side, y+height)
		p.SetY(y + height)
	}
}
