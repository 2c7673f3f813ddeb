package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"
)

// Measurement is what the file holds: the counts of all sizes, and where they were taken.
type Measurement struct {
	On         string     `json:"on"` // date
	Processors int        `json:"processors"`
	Machine    string     `json:"machine"`
	Go         string     `json:"go"`
	Sizes      []Measured `json:"sizes"`
}

func newMeasurement(at time.Time) Measurement {
	return Measurement{On: at.UTC().Format(time.DateOnly), Processors: runtime.NumCPU(), Machine: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
}

// readMeasured reads the counts.
func readMeasured(path string) (Measurement, error) {
	var m Measurement
	text, err := os.ReadFile(path) //nolint:gosec // a file that the operator names
	if err != nil {
		return m, fmt.Errorf("read the counts: %w (run this at the root of the repository, or measure with -measure)", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("read %s: %w (measure anew with -measure)", path, err)
	}
	if len(m.Sizes) == 0 {
		return m, fmt.Errorf("%s holds no size: measure with -measure", path)
	}
	return m, nil
}

// write keeps the counts.
func (m Measurement) write(path string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the counts: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { //nolint:gosec // counts are no secret
		return fmt.Errorf("keep the counts: %w", err)
	}
	return nil
}

// MarshalJSON writes the numbers with four digits: more are not repeatable, and hide what changed.
func (c Counts) MarshalJSON() ([]byte, error) {
	type plain Counts
	for _, f := range c.fields() {
		*f = significant(*f)
	}
	return json.Marshal(plain(c))
}

const digits = 4

func significant(f float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', digits, 64), 64)
	if err != nil || math.IsNaN(f) {
		return f
	}
	return rounded
}
