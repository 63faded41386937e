package classify

import (
	"bytes"
	"unicode/utf8"
)

// context returns what the words before t.b[start:] say of what is there: the
// nearest word that says anything.
func (t *textScan) context(start int) kind {
	const reach = 56
	from := max(0, start-reach)
	b := t.b[from:start]
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		b = b[i+1:]
	}
	if i := bytes.LastIndex(b, []byte("。")); i >= 0 {
		b = b[i+len("。"):]
	}
	var ends [6][2]int // words, the nearest first
	n := 0
	for i := len(b); i > 0 && n < len(ends); {
		for i > 0 && !wordByte(b[i-1]) {
			i--
			if sentenceEnds(b, i) || b[i] == ';' || b[i] == '!' || b[i] == '?' || b[i] == ',' && n > 0 {
				i = 0
			}
		}
		end := i
		for i > 0 && wordByte(b[i-1]) {
			i--
		}
		if i < end {
			ends[n] = [2]int{i, end}
			n++
		}
	}
	for near := 0; near < n; near++ {
		end := ends[near][1]
		for words := min(3, n-near); words >= 1; words-- {
			w := b[ends[near+words-1][0]:end]
			if k := t.contextWord(w, words); k != kindNone {
				return k
			}
		}
		if last := b[ends[near][0]:end]; last[0] >= utf8.RuneSelf {
			if k := cjkWord(last); k != kindNone {
				return k
			}
		}
	}
	return kindNone
}

// sentenceEnds reports whether b[i] ends a sentence, and not an abbreviation.
func sentenceEnds(b []byte, i int) bool {
	if b[i] != '.' || i+1 >= len(b) || b[i+1] != ' ' || i == 0 {
		return false
	}
	word := i
	for word > 0 && isAlnum(b[word-1]) {
		word--
	}
	return isDigit(b[i-1]) || i-word > 4 || b[i-1] == ')'
}

func wordByte(c byte) bool { return isLetter(c) || c >= utf8.RuneSelf }

// shouted are words that are names in capitals only.
var shouted = wordSet("sin nas said pass rc cf pan fin mac nrn nie said tin ral cap via nss cpr")

// prose are words that name a field, and mean nothing of the kind in a text.
var prose = wordSet("id key time on at date item total count size number position long via article release value color offset seconds to de said code name")

// callWords come before a telephone number in a text.
var callWords = wordSet("call dial ring phoned calling anrufen ruckruf erreichbar appelez appeler rappelez llame llamar llameme chiamare chiami chiamate ligue ligar telefonar bel bellen zadzwon dzwonic ringa")

func (t *textScan) contextWord(w []byte, words int) kind {
	var buf [2 * maxKey]byte
	var ends [16]uint8
	text, _ := splitName(&buf, &ends, w)
	if len(text) < 2 || words == 1 && (prose[string(text)] || shouted[string(text)] && !upperWord(w)) {
		return kindNone
	}
	if words == 1 && callWords[string(text)] {
		return kind(Phone)
	}
	k, ok := names[string(text)]
	if !ok {
		return kindNone
	}
	switch k {
	case kind(Email), kind(Phone), kind(Card), kind(Birthdate), kind(Passport), kind(IP), kind(IBAN), kindNumber, kindHash, kindNID, kindICD, kind(Health):
		return k
	}
	if Class(k) >= USSSN && k < kind(classCount) {
		return k
	}
	return kindNone
}

// cjkTerms are words that texts without spaces have somewhere before a value.
var cjkTerms = []struct {
	text []byte
	kind kind
}{
	{[]byte("注文"), kindNumber}, {[]byte("追跡"), kindNumber}, {[]byte("伝票"), kindNumber}, {[]byte("請求書"), kindNumber}, {[]byte("商品"), kindNumber}, {[]byte("バージョン"), kindNumber}, {[]byte("型番"), kindNumber},
	{[]byte("電話"), kind(Phone)}, {[]byte("携帯"), kind(Phone)}, {[]byte("生年月日"), kind(Birthdate)}, {[]byte("誕生日"), kind(Birthdate)},
	{[]byte("カード"), kind(Card)}, {[]byte("マイナンバー"), kind(JPMyNumber)}, {[]byte("個人番号"), kind(JPMyNumber)}, {[]byte("パスポート"), kind(Passport)}, {[]byte("旅券"), kind(Passport)},
	{[]byte("身份证"), kind(CNRIC)}, {[]byte("주민등록번호"), kind(KRRRN)}, {[]byte("診断"), kindICD}, {[]byte("病名"), kindICD},
}

// cjkWord returns the kind of the term that is last in w.
func cjkWord(w []byte) kind {
	best, at := kindNone, -1
	for i := range cjkTerms {
		if j := bytes.LastIndex(w, cjkTerms[i].text); j > at {
			best, at = cjkTerms[i].kind, j
		}
	}
	return best
}
