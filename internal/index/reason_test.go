package index

import "testing"

// TestReason: why the engine ended is its own sentence, in whichever order it
// is logged and written by the panic.
func TestReason(t *testing.T) {
	const (
		logged = "2026-11-27T03:14:55.105Z\tpanic\t/go/lib/logstorage/datadb.go:174\tFATAL: part \"x\" is missing on disk\n"
		thrown = "panic: FATAL: part \"x\" is missing on disk\n"
	)
	for _, text := range []string{logged, thrown, logged + thrown, thrown + logged, thrown + "goroutine 7 [running]:\n" + logged} {
		w := &lineWriter{line: func(string) {}}
		for i := 0; i < len(text); i += 5 {
			w.Write([]byte(text[i:min(i+5, len(text))]))
		}
		if got, want := marks.Replace(w.lastFatal()), `part "x" is missing on disk`; got != want {
			t.Errorf("of %q: got %q, want %q", text, got, want)
		}
	}
}
