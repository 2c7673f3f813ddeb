package runtime

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// resident is what a process has in memory now, in bytes; 0 when it is gone.
func resident(pid int) int64 { return status(pid, "VmRSS:") }

// peakResident is the most that a process has had in memory, in bytes; 0 when it is gone.
func peakResident(pid int) int64 { return status(pid, "VmHWM:") }

func status(pid int, field string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(field)); ok {
			kb, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
