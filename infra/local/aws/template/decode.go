package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Properties resolves a resource's properties and reads them into the struct that into points to. A property that the struct
// does not know is an error: a setting that is passed over here would look as if it worked.
func (v Values) Properties(r Resource, into any) error {
	resolved, err := v.Resolve(r.Properties)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Type, r.ID, err)
	}
	if r.Properties == nil {
		resolved = map[string]any{}
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Type, r.ID, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s %s: %s: the property is not known here", r.Type, r.ID, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
