package index

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestHung stops the engine without ending it. Rows that it was sent and has not
// confirmed must not come to light beside those that are added in their place.
func TestHung(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	s.client.cfg.Timeout = 2 * time.Second
	j := newJournal(1000)
	f, _ := follow(t, j, s)
	eventually(t, "first events are indexed", indexed(f, 1000))
	pid := s.Status().PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	// The signal is sent, and the process may go on for a moment.
	eventually(t, "it is stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && bytes.Contains(stat, []byte(") T "))
	})
	j.grow(100)
	eventually(t, "another engine runs", func() bool {
		st := s.Status()
		return st.State == Ready && st.PID != pid
	})
	eventually(t, "all is indexed", indexed(f, 1100))
	mustHaveOnce(t, s.Client(), 1100)
}
