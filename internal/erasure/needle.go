package erasure

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// shortest is the least length of a text that is looked for inside of others:
// what is shorter is found everywhere.
const shortest = 3

// needles are texts that are looked for in envelopes, in the forms in which
// they may stand there, in lower case.
type needles [][]byte

// newNeedles returns the needles of the texts that are long enough, and the
// texts that are not.
func newNeedles(texts []string) (n needles, short []string) {
	seen := make(map[string]bool)
	for _, text := range texts {
		if len(text) < shortest {
			if text != "" {
				short = append(short, text)
			}
			continue
		}
		for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text), strings.Trim(strconv.QuoteToASCII(text), `"`), jsonString(text)} {
			form = strings.ToLower(form)
			if !seen[form] {
				seen[form] = true
				n = append(n, []byte(form))
			}
		}
	}
	return n, short
}

// jsonString returns text as it stands in a string of JSON.
func jsonString(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}

// in reports whether one of the needles is in the text, as words of their own.
func (n needles) in(text []byte) bool {
	if len(n) == 0 || len(text) == 0 {
		return false
	}
	text = bytes.ToLower(text)
	for _, needle := range n {
		for rest := text; ; {
			i := bytes.Index(rest, needle)
			if i < 0 {
				break
			}
			end := i + len(needle)
			if (i == 0 || !wordByte(rest[i-1]) || !wordByte(needle[0])) && (end == len(rest) || !wordByte(rest[end]) || !wordByte(needle[len(needle)-1])) {
				return true
			}
			rest = rest[i+1:]
		}
	}
	return false
}

func wordByte(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }

// inEnvelope reports whether one of the needles is in the envelope, also in a
// body that is kept in base64.
func (n needles) inEnvelope(c event.Class, env *event.Envelope) bool {
	if env == nil {
		return false
	}
	if n.in(env.Data) {
		return true
	}
	if c != event.ClassPayload || !bytes.Contains(env.Data, []byte(`"encoding":"base64"`)) {
		return false
	}
	p, err := event.DecodePayload(env.Data)
	if err != nil {
		return false
	}
	for _, m := range []event.Message{p.Request, p.Response} {
		if m.Encoding != "base64" {
			continue
		}
		if b, err := base64.StdEncoding.DecodeString(m.Body); err == nil && n.in(b) {
			return true
		}
	}
	return false
}
