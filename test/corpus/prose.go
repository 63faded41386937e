package corpus

import (
	"fmt"
	"strings"
)

// prose makes some sentences, with personal data in them and without.
func (d *maker) prose(n int) string {
	var out []string
	l := d.lang
	for range n {
		if d.chance(45) {
			out = append(out, d.innocent(d.words(l.negatives)))
			continue
		}
		s := d.words(l.sentences)
		id := d.national(l)
		for _, part := range []struct {
			mark, class, text string
			shown             Shown
		}{
			{"{name}", "name", d.fullName(l), Prose},
			{"{email}", "email", d.email(l), Untold},
			{"{phone}", "phone", d.phone(l, d.chance(50)), Told},
			{"{birth}", "birthdate", d.birth(), Told},
			{"{card}", "card", groupCard(d.card(), d.words(" |-|")), Told},
			{"{iban}", "iban", d.iban(l.code), Untold},
			{"{id}", id.class, id.text, Told},
			{"{address}", "address", d.address(l), Untold},
			{"{ip}", "ip", d.ip(), Untold},
			{"{mac}", "device", d.mac(false), Untold},
			{"{passport}", "passport", d.passport(), Told},
		} {
			if strings.Contains(s, part.mark) {
				s = strings.ReplaceAll(s, part.mark, part.text)
				d.doc.Labels[Label{part.class, part.shown}]++
			}
		}
		out = append(out, strings.ReplaceAll(s, "{idword}", idWord(id.class)))
	}
	return strings.Join(out, " ")
}

// birth is a date in digits.
func (d *maker) birth() string {
	y, m, day := d.day()
	if d.lang.code == "en" || d.lang.code == "sv" {
		return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
	}
	return fmt.Sprintf("%02d.%02d.%04d", day, m, y)
}

func idWord(class string) string {
	for _, id := range nationalIDs {
		if id.class == class {
			return id.word
		}
	}
	return ""
}

func (d *maker) innocent(s string) string {
	order := "4" + d.fill("##############")
	order += luhnDigit(order)
	return strings.NewReplacer(
		"{order}", d.pick([]string{order, groupCard(order, "-"), d.fill("!#########")}),
		"{tracking}", d.pick([]string{d.fill("!###########"), d.fill("00##################"), d.fill("1Z##########")}),
		"{version}", fmt.Sprintf("%d.%d.%d.%d", d.between(1, 30), d.between(0, 30), d.between(0, 20), d.between(0, 9)),
		"{n}", fmt.Sprint(d.between(2, 90)),
		"{npm}", d.words("@scope/tool@2.4.1|left-pad@1.3.0|@org/kit"),
		"{date}", fmt.Sprintf("%04d-%02d-%02d", d.between(2023, 2026), d.between(1, 12), d.between(1, 28)),
		"{time}", fmt.Sprint(d.between(1600000000, 1790000000)),
		"{sku}", d.fill("DE##-####-####"),
		"{hash}", d.hex(40),
	).Replace(s)
}

// message is text within JSON.
func (d *maker) message() {
	rec := node{members: []node{
		{name: "id", text: d.uuid()},
		{name: d.words("message|body|text|comment|note|description"), text: d.prose(d.between(1, 6))},
		{name: "created_at", text: "2026-11-02T10:11:12Z"},
	}}
	d.json(rec)
}

// letter is plain text.
func (d *maker) letter() {
	var lines []string
	for range d.between(2, 6) {
		lines = append(lines, d.prose(d.between(1, 3)))
	}
	d.doc.Media, d.doc.Body = "text/plain; charset=utf-8", strings.Join(lines, "\n")
}

// stream is server-sent events.
func (d *maker) stream() {
	var b strings.Builder
	fields := d.fields(d.between(2, 4), 1)
	for i := range d.between(2, 6) {
		rec := d.record(fields, i)
		b.WriteString("event: message\ndata: ")
		rec.write(&b)
		b.WriteString("\n\n")
	}
	b.WriteString("data: [DONE]\n\n")
	d.doc.Media, d.doc.Body = "text/event-stream", b.String()
}
