// Package pdf lays a report out as PDF, with a font of its own, so that one
// binary does it.
//
// It promises that no character is lost in silence: what the font cannot show,
// scripts that need to be joined or run from right to left, and characters that
// cannot be seen are written as [U+4E2D], and the document says how many. Long
// values are wrapped and never cut.
//
// The font, DejaVu Sans Condensed, has Latin, Greek, Cyrillic, Armenian and
// Georgian. For other scripts take the report as HTML.
package pdf

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/go-fonts/dejavu/dejavusansmono"

	"github.com/gatebook/gatebook/internal/report"
)

// Lengths in millimetres, sizes of letters in points.
const (
	pageWidth, pageHeight  = 210.0, 297.0
	side, top, bottom      = 14.0, 18.0, 18.0
	textWidth              = pageWidth - 2*side
	bodySize, tableSize    = 9.5, 7.5
	bodyLine, tableLine    = 4.6, 3.4
	cellPad                = 1.3
	family, mono           = "text", "mono"
	dark, grey, pale, rule = 0x1f3a5f, 0x5a6472, 0xeef2f7, 0xc8d2de
)

// writer is one document on its way.
type writer struct {
	*fpdf.Fpdf
	doc    *report.Document
	fonts  map[string]*face
	face   *face // the one that is set
	size   float64
	hidden int // characters that are written as codes
}

// Write writes the document as PDF. The same document gives the same bytes.
func Write(w io.Writer, d *report.Document) error {
	p := &writer{Fpdf: fpdf.New("P", "mm", "A4", ""), doc: d, fonts: map[string]*face{}}
	for _, f := range []struct {
		family, style string
		ttf           []byte
	}{{family, "", dejavusanscondensed.TTF}, {family, "B", dejavusanscondensedbold.TTF}, {mono, "", dejavusansmono.TTF}} {
		if err := p.addFace(f.family, f.style, f.ttf); err != nil {
			return fmt.Errorf("the font of the report: %w", err)
		}
	}
	p.SetMargins(side, top, side)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(false, bottom)
	p.SetCatalogSort(true)
	p.SetCreationDate(d.Made)
	p.SetModificationDate(d.Made)
	p.SetTitle(d.Title, true)
	p.SetAuthor(d.By, true)
	p.SetCreator("Gatebook "+d.Version, true)
	p.SetLang("en")
	p.AliasNbPages("{pages}")
	p.SetHeaderFunc(p.header)
	p.SetFooterFunc(p.footer)
	p.AddPage()
	p.titleBlock()
	p.sentences("Summary", d.Summary)
	for i := range d.Tables {
		p.table(&d.Tables[i])
	}
	p.sentences("How this was computed", d.Method)
	p.sentences("What this cannot say", d.Limits)
	if len(d.Ledger.Problems) > 0 {
		p.sentences("Records that do not hold", d.Ledger.Problems)
	}
	p.heading("What the words mean", 3*bodyLine)
	p.pairs(d.Terms, bodySize-0.5)
	p.basis()
	if p.hidden > 0 {
		p.paragraph(fmt.Sprintf("%d characters have no sign in the font of this file, or cannot be seen, and are written as codes such as [U+4E2D]. The same report as HTML, CSV or JSON has the characters themselves.", p.hidden), bodySize)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return fmt.Errorf("laying out the report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// header is at the top of all pages but the first.
func (p *writer) header() {
	if p.PageNo() == 1 {
		return
	}
	face, size := p.face, p.size
	p.use(family, "", 8)
	p.colour(grey)
	p.line(side, 9, textWidth*0.72, p.oneLine(p.doc.Title, textWidth*0.72), "L")
	p.line(side+textWidth*0.72, 9, textWidth*0.28, "Gatebook report "+p.doc.Name, "R")
	p.stroke(rule)
	p.Line(side, 13.5, pageWidth-side, 13.5)
	p.restore(face, size)
	p.SetXY(side, top)
}

func (p *writer) footer() {
	face, size := p.face, p.size
	p.use(family, "", 7)
	p.colour(grey)
	p.stroke(rule)
	p.Line(side, pageHeight-13, pageWidth-side, pageHeight-13)
	l := &p.doc.Ledger
	p.line(side, pageHeight-12, textWidth-26, p.oneLine(fmt.Sprintf("%s · %s records", l.Origin, report.Number.Show(fmt.Sprint(l.Size))), textWidth-26), "L")
	p.line(side, pageHeight-8.8, textWidth-26, "root "+l.Root, "L")
	// The number of pages is put in later, so that its width is not known here.
	p.line(pageWidth-side-19, pageHeight-12, 19, fmt.Sprintf("page %d of {pages}", p.PageNo()), "L")
	p.restore(face, size)
}

// titleBlock says what the report is about, and what it rests on.
func (p *writer) titleBlock() {
	d := p.doc
	p.SetXY(side, 14)
	p.use(family, "", 9)
	p.colour(grey)
	p.paragraph("Gatebook report "+d.Name, 9)
	p.SetY(p.GetY() - 1)
	p.use(family, "B", 19)
	p.colour(dark)
	for _, l := range p.wrap(d.Title, textWidth) {
		p.line(side, p.GetY(), textWidth, l, "L")
		p.SetY(p.GetY() + 8.2)
	}
	p.SetY(p.GetY() + 2)
	reason := d.Reason
	if reason == "" {
		reason = "none was given"
	}
	scope := append(append([]report.Pair{}, d.Scope...),
		report.Pair{Name: "Made", Value: fmt.Sprintf("%s UTC by %s (%s), Gatebook %s", d.Made.UTC().Format("2006-01-02 15:04:05"), d.By, d.Role, d.Version)},
		report.Pair{Name: "Reason", Value: reason},
		report.Pair{Name: "Ledger", Value: fmt.Sprintf("%s, %s records under the checkpoint", d.Ledger.Origin, report.Number.Show(fmt.Sprint(d.Ledger.Size)))},
		report.Pair{Name: "Root", Value: d.Ledger.Root},
	)
	y := p.GetY()
	height := p.pairsHeight(scope, bodySize, textWidth-8) + 5
	if y+height < pageHeight-bottom {
		p.fill(pale)
		p.Rect(side, y, textWidth, height, "F")
		p.fill(dark)
		p.Rect(side, y, 1.2, height, "F")
	}
	p.SetXY(side, y+2.5)
	p.pairsIn(scope, bodySize, side+4, textWidth-8)
	p.SetY(max(p.GetY(), y+height) + 2)
}

// heading begins a section that has at least need millimetres on its page.
func (p *writer) heading(text string, need float64) {
	p.room(11 + need)
	p.SetY(p.GetY() + 4)
	p.use(family, "B", 12)
	p.colour(dark)
	p.line(side, p.GetY(), textWidth, p.oneLine(text, textWidth), "L")
	p.SetY(p.GetY() + 6)
	p.stroke(dark)
	p.Line(side, p.GetY(), pageWidth-side, p.GetY())
	p.SetY(p.GetY() + 1.8)
}

// sentences is a section with a point for each sentence.
func (p *writer) sentences(title string, list []string) {
	p.heading(title, 2*bodyLine)
	for _, s := range list {
		p.use(family, "", bodySize)
		lines := p.wrap(s, textWidth-5)
		p.room(float64(min(len(lines), 4)) * bodyLine)
		p.colour(dark)
		p.line(side+0.5, p.GetY(), 4, "•", "L")
		p.colour(0)
		p.lines(lines, side+5, textWidth-5, bodyLine)
		p.SetY(p.GetY() + 0.8)
	}
}

// paragraph writes text over the whole width.
func (p *writer) paragraph(text string, size float64) {
	p.use(family, "", size)
	p.lines(p.wrap(text, textWidth), side, textWidth, size*bodyLine/bodySize)
	p.SetY(p.GetY() + 1)
}

// nameWidth is the width of the names in a list of pairs.
const nameWidth = 34.0

func (p *writer) pairs(list []report.Pair, size float64) { p.pairsIn(list, size, side, textWidth) }

func (p *writer) pairsIn(list []report.Pair, size, x, width float64) {
	h := size * bodyLine / bodySize
	for _, pair := range list {
		p.use(family, "B", size)
		names := p.wrap(pair.Name, nameWidth-2)
		p.use(family, "", size)
		values := p.wrap(pair.Value, width-nameWidth)
		p.room(float64(min(max(len(names), len(values)), 6)) * h)
		y, page := p.GetY(), p.PageNo()
		p.use(family, "B", size)
		p.colour(dark)
		p.lines(names, x, nameWidth-2, h)
		after := p.GetY()
		if p.PageNo() == page {
			p.SetY(y)
		}
		p.use(family, "", size)
		p.colour(0)
		p.lines(values, x+nameWidth, width-nameWidth, h)
		if p.PageNo() == page {
			p.SetY(max(p.GetY(), after))
		}
		p.SetY(p.GetY() + 0.7)
	}
}

func (p *writer) pairsHeight(list []report.Pair, size, width float64) float64 {
	hidden, sum := p.hidden, 0.0
	for _, pair := range list {
		p.use(family, "B", size)
		names := len(p.wrap(pair.Name, nameWidth-2))
		p.use(family, "", size)
		sum += float64(max(names, len(p.wrap(pair.Value, width-nameWidth))))*size*bodyLine/bodySize + 0.7
	}
	p.hidden = hidden // it is written again
	return sum
}

// basis is the last section: the signed checkpoint.
func (p *writer) basis() {
	l := &p.doc.Ledger
	p.heading("What it rests on", 4*bodyLine)
	p.pairs([]report.Pair{
		{Name: "Ledger", Value: l.Origin},
		{Name: "Public key", Value: l.Key},
		{Name: "Records read", Value: fmt.Sprintf("%s, from number %s on", report.Number.Show(fmt.Sprint(l.Records)), report.Number.Show(fmt.Sprint(l.First)))},
		{Name: "Signed by", Value: strings.Join(l.Signatures, ", ")},
	}, bodySize)
	p.SetY(p.GetY() + 1)
	p.use(mono, "", 7)
	var lines []string
	for text := range strings.SplitSeq(strings.TrimRight(l.Checkpoint, "\n"), "\n") {
		lines = append(lines, p.wrap(text, textWidth-6)...)
	}
	height := float64(len(lines))*3.5 + 4
	p.room(min(height, 60))
	if p.GetY()+height < pageHeight-bottom {
		p.fill(pale)
		p.Rect(side, p.GetY(), textWidth, height, "F")
	}
	p.SetY(p.GetY() + 2)
	p.colour(0)
	p.lines(lines, side+3, textWidth-6, 3.5)
	p.SetY(p.GetY() + 4)
	p.paragraph("To check it: gatebook-verify --key KEY --since CHECKPOINT DIRECTORY, with the public key from another source than this report, and the checkpoint above as a file. That this file is the one that was handed out: its SHA-256 is sealed in the ledger with the look that made it (gatebook search 'kind:=look note.name:=report').", bodySize)
}
