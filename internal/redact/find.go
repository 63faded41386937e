package redact

import (
	"math/bits"
	"unsafe"
)

// SecretField reports whether the value of a field called name is taken out
// for its name.
func (r *Redactor) SecretField(name string) bool { return r.fields.has(name) }

// Shapes returns how many secrets text holds that can be told by their shape
// alone, and how many bytes they have together. It neither changes nor keeps
// text, and makes no fingerprint.
func Shapes(text []byte) (n, size int) {
	s := unsafe.String(unsafe.SliceData(text), len(text)) // read here only
	t0, t1, t2 := &candidates[0], &candidates[1], &candidates[2]
	for i := 0; i+2 < len(s); {
		m := t0[s[i]] & t1[s[i+1]] & t2[s[i+2]]
		next := i + 2
		for ; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros64(m)
			at := i - bit>>5
			if at < 0 {
				continue
			}
			if sp, ok := shapes[bit&31].spanAt(s, at); ok && !isFingerprint(sp.secret) {
				n++
				size += sp.end - sp.start
				next = max(next, sp.end)
				break
			}
		}
		i = next
	}
	return n, size
}

// spanAt returns the secret of this shape at s[at:].
func (sh *shape) spanAt(s string, at int) (sp span, ok bool) {
	if !hasPrefix(s[at:], sh.literal, sh.fold) || sh.word && at > 0 && alnum[s[at-1]] {
		return span{}, false
	}
	if sh.find != nil {
		return sh.find(s, at)
	}
	end := run(s, at+len(sh.literal), &sh.set)
	ok = end-at >= sh.min && (!sh.digit || hasDigit(s[at+len(sh.literal):end]))
	return span{start: at, end: end, secret: s[at:end]}, ok
}
