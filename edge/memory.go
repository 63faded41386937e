package edge

import "sync"

// memory is a store in memory.
type memory struct {
	max int64 // bytes

	mu    sync.Mutex // guards what follows
	lines [][]byte
	bytes int64
}

func (m *memory) add(lines [][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var more int64
	for _, l := range lines {
		more += int64(len(l))
	}
	if m.bytes+more > m.max {
		return errFull
	}
	m.lines, m.bytes = append(m.lines, lines...), m.bytes+more
	return nil
}

func (m *memory) oldest(lines, bytes int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for n < min(lines, len(m.lines)) && (n == 0 || bytes >= len(m.lines[n])) {
		bytes -= len(m.lines[n])
		n++
	}
	return m.lines[:n:n], nil
}

func (m *memory) drop(n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range n {
		m.bytes -= int64(len(m.lines[i]))
		m.lines[i] = nil
	}
	if m.lines = m.lines[n:]; len(m.lines) == 0 {
		m.lines = nil
	}
	return nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.lines)
}

func (m *memory) close() error { return nil }
