package classify

import (
	"bytes"
	"unicode/utf8"
)

// Words by which a street is told in a text, with its number before or after.
var (
	// after the number and a name: 12 Elm Street
	streetAfter = wordSet("street st road rd avenue ave lane ln drive dr way court close square boulevard blvd terrace place crescent highway parkway")
	// at once after the number: 12 rue de la Paix
	streetNext = wordSet("rue avenue av boulevard bd place chemin allee impasse quai cours route passage square")
	// some words before the number: Calle de Alcala, 12
	streetHead = wordSet("calle avenida avda plaza paseo camino carrera via viale corso piazza piazzale largo strada rua travessa praca estrada alameda ul ulica al aleja aleje pl plac os osiedle")
	// at the end of the word before the number: Hauptstrasse 12
	streetEnds = [][]byte{
		[]byte("strasse"), []byte("str"), []byte("weg"), []byte("gasse"), []byte("allee"), []byte("platz"), []byte("damm"), []byte("ufer"), []byte("ring"),
		[]byte("straat"), []byte("laan"), []byte("gracht"), []byte("plein"), []byte("kade"), []byte("singel"), []byte("dijk"),
		[]byte("gatan"), []byte("vagen"), []byte("grand"), []byte("backen"), []byte("torget"), []byte("gata"),
		[]byte("bahnhof"),
	}
)

// street takes the street whose number is t.b[start:end].
func (t *textScan) street(start, end int) bool {
	if t.kind != kindNone && t.kind != kindMoment && t.kind != kindNeutral || t.s.c.out[Address] || t.busy() {
		return false
	}
	if t.streetBefore(start) || t.streetFollows(end) || t.streetJapanese(start) {
		t.take(Address, start, end)
		return true
	}
	return false
}

// streetBefore looks for a street that ends at the number.
func (t *textScan) streetBefore(start int) bool {
	from := max(t.last, start-64)
	b := t.b[from:start]
	i := len(b)
	for i > 0 && (b[i-1] == ' ' || b[i-1] == ',' || b[i-1] == '.') && len(b)-i < 3 {
		i--
	}
	if i == len(b) || i == 0 {
		return false
	}
	for word := 0; word < 7 && i > 0; word++ {
		end := i
		for i > 0 && wordByte(b[i-1]) {
			i--
		}
		if i == end || end-i > 32 {
			return false
		}
		w := b[i:end]
		var buf [2 * maxKey]byte
		var ends [16]uint8
		text, _ := splitName(&buf, &ends, w)
		if word == 0 && len(text) > 5 && !lowerWord(w) {
			for _, suffix := range streetEnds {
				if bytes.HasSuffix(text, suffix) {
					return true
				}
			}
		}
		if word > 0 && streetHead[string(text)] {
			dotted := end < len(b) && b[end] == '.'
			return dotted || !lowerWord(w) && !upperWord(w) // "Calle", "ul.", and not "OS"
		}
		if lowerWord(w) && !particles[string(text)] && !joins[string(text)] {
			return false
		}
		for n := 0; i > 0 && (b[i-1] == ' ' || b[i-1] == '.' || b[i-1] == '\''); n++ {
			if n == 2 {
				return false
			}
			i--
		}
	}
	return false
}

var joins = wordSet("la las los el le les des du dei degli delle do da dos das e y i am an auf unter den der im sur")

// streetFollows looks for a street that begins at the number.
func (t *textScan) streetFollows(end int) bool {
	b := t.b[end:min(len(t.b), end+48)]
	i, comma := 0, false
	for i < len(b) && (b[i] == ' ' || b[i] == ',') && i < 2 {
		comma = comma || b[i] == ','
		i++
	}
	if i == 0 {
		return false
	}
	for word := 0; word < 5; word++ {
		from := i
		for i < len(b) && (wordByte(b[i]) || b[i] == '\'') {
			i++
		}
		if i == from {
			return false
		}
		w := b[from:i]
		var buf [2 * maxKey]byte
		var ends [16]uint8
		text, _ := splitName(&buf, &ends, w)
		switch {
		case word == 0 && streetNext[string(text)]:
			return i < len(b) && b[i] == ' '
		case word > 0 && !comma && streetAfter[string(text)]:
			return isUpper(w[0])
		case !isUpper(w[0]) && w[0] < utf8.RuneSelf:
			return false
		}
		if i >= len(b) || b[i] != ' ' {
			return false
		}
		i++
	}
	return false
}

// streetJapanese looks for a number in blocks after a town: 梅田2丁目, 丸の内1-3.
func (t *textScan) streetJapanese(start int) bool {
	b := t.b[max(t.last, start-72):start]
	if len(b) < 9 || b[len(b)-1] < utf8.RuneSelf {
		return false
	}
	for _, mark := range []string{"市", "区", "郡", "町", "村"} {
		if bytes.Contains(b, []byte(mark)) && (bytes.Contains(b, []byte("都")) || bytes.Contains(b, []byte("県")) || bytes.Contains(b, []byte("府")) || bytes.Contains(b, []byte("道"))) {
			return true
		}
	}
	return false
}

func lowerWord(w []byte) bool {
	r, _ := utf8.DecodeRune(w)
	return 'a' <= r && r <= 'z' || r >= 'ß' && r <= 'ÿ'
}
