package runtime

import (
	"bytes"
	"sync"
)

// lineBytes is the longest line that is kept in one piece: CloudWatch's limit of an event.
const lineBytes = 1 << 20

// splitter cuts what a process writes into lines.
type splitter struct {
	line func([]byte)

	mu   sync.Mutex
	rest []byte
}

// Write cuts p into lines. It never fails.
func (s *splitter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte("\n"))
		if !ok && len(s.rest) < lineBytes {
			return len(p), nil
		}
		if !ok {
			line, rest = s.rest, nil
		}
		s.line(bytes.Clone(line))
		s.rest = append([]byte(nil), rest...)
	}
}

// flush passes on what was written last without an end of line.
func (s *splitter) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		s.line(s.rest)
		s.rest = nil
	}
}
