package answer

import (
	"bytes"
	"encoding/json"
	"time"
)

// Context is what EXCS heeds of the widgetContext that CloudWatch sends with every call from a dashboard
// (facts: section 8). The zero value is a light theme and UTC.
type Context struct {
	Dark bool
	Zone *time.Location
}

// wireContext is the part of CloudWatch's widgetContext that is read.
type wireContext struct {
	Theme    string `json:"theme"`
	Timezone struct {
		Label     string `json:"label"`
		OffsetISO string `json:"offsetISO"`
	} `json:"timezone"`
}

// ParseContext reads a widgetContext. It is only about looks, so what is missing or not understood is as if it were not
// there.
func ParseContext(body json.RawMessage) Context {
	var w wireContext
	if json.Unmarshal(body, &w) != nil {
		return Context{}
	}
	c := Context{Dark: w.Theme == "dark"}
	if at, err := time.Parse("-07:00", w.Timezone.OffsetISO); err == nil {
		_, seconds := at.Zone()
		c.Zone = time.FixedZone(zoneName(seconds, w.Timezone.OffsetISO), seconds)
	}
	return c
}

// zoneName is how a time is marked: UTC, or the offset. CloudWatch's label is a place ("Europe/Berlin"), too long for a
// table.
func zoneName(seconds int, offset string) string {
	if seconds == 0 {
		return "UTC"
	}
	return offset
}

// Location is the viewer's zone, UTC if CloudWatch named none.
func (c Context) Location() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// contextField is the member of a payload that CloudWatch adds.
const contextField = "widgetContext"

// split takes CloudWatch's member out of a payload; found is false for a payload that has none, or is no object.
func split(body json.RawMessage) (rest map[string]json.RawMessage, c Context, found bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	if d.Decode(&rest) != nil || d.More() {
		return nil, Context{}, false
	}
	raw, found := rest[contextField]
	delete(rest, contextField)
	return rest, ParseContext(raw), found
}
