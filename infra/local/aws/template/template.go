package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Template is a parsed template.
type Template struct {
	Description string
	Resources   map[string]Resource
	Outputs     map[string]Output
	// Parameters have their defaults.
	Parameters map[string]string
}

// Resource is one resource as the template has it.
type Resource struct {
	ID             string // logical
	Type           string
	Properties     map[string]any
	DependsOn      []string
	DeletionPolicy string
}

// Output is one output of the stack.
type Output struct {
	Description string
	Value       any
}

// raw is a template as it is written. Rules only ask a parameter for a value that a deployment checks.
type raw struct {
	AWSTemplateFormatVersion string
	Description              string
	Metadata                 any
	Rules                    any
	Parameters               map[string]struct {
		Type, Description string
		Default           *string
		AllowedPattern    string
		NoEcho            bool
	}
	Resources map[string]struct {
		Type           string
		Properties     map[string]any
		DependsOn      texts
		Metadata       any
		DeletionPolicy string
		// UpdateReplacePolicy matters when a stack is changed, which happens nowhere here.
		UpdateReplacePolicy string
	}
	Outputs map[string]struct {
		Description string
		Value       any
		Export      any
	}
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	var all []string
	err := json.Unmarshal(b, &all)
	*t = all
	return err
}

// Parse reads a template. What it does not know in it is an error: a section, an attribute of a resource (such as a
// condition), a parameter without a default.
func Parse(text []byte) (*Template, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	var r raw
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("read the template: %s: it is no CloudFormation template of the sort that is known here", strings.TrimPrefix(err.Error(), "json: "))
	}
	t := &Template{Description: r.Description, Resources: map[string]Resource{}, Outputs: map[string]Output{}, Parameters: map[string]string{}}
	for name, p := range r.Parameters {
		if p.Default == nil {
			return nil, fmt.Errorf("read the template: the parameter %s has no default", name)
		}
		t.Parameters[name] = *p.Default
	}
	for id, res := range r.Resources {
		if res.Type == "" {
			return nil, fmt.Errorf("read the template: the resource %s has no type", id)
		}
		t.Resources[id] = Resource{ID: id, Type: res.Type, Properties: res.Properties, DependsOn: res.DependsOn, DeletionPolicy: res.DeletionPolicy}
	}
	for name, o := range r.Outputs {
		t.Outputs[name] = Output{Description: o.Description, Value: o.Value}
	}
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("read the template: it has no resources")
	}
	return t, nil
}

// Of lists the resources of a type by their logical ids.
func (t *Template) Of(kind string) []Resource {
	var all []Resource
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if r := t.Resources[id]; r.Type == kind {
			all = append(all, r)
		}
	}
	return all
}

// Ordered lists the resources so that each comes after what it refers to or depends on; of those that could be next, the
// one with the first logical id. A circle and a reference to nothing are errors.
func (t *Template) Ordered() ([]Resource, error) {
	w := walk{template: t, needs: map[string][]string{}, state: map[string]progress{}}
	for id, r := range t.Resources {
		for _, other := range append(references(r.Properties), r.DependsOn...) {
			if _, there := t.Resources[other]; there {
				w.needs[id] = append(w.needs[id], other)
			} else if _, parameter := t.Parameters[other]; !parameter && !strings.HasPrefix(other, pseudo) {
				return nil, fmt.Errorf("%s refers to %s, which is not in the template", id, other)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if err := w.visit(id); err != nil {
			return nil, err
		}
	}
	return w.ordered, nil
}

// walk orders resources.
type walk struct {
	template *Template
	needs    map[string][]string
	state    map[string]progress
	ordered  []Resource
}

// progress is how far a resource is: not looked at, under way, done.
type progress int

const (
	under progress = 1 + iota
	done
)

func (w *walk) visit(id string) error {
	switch w.state[id] {
	case done:
		return nil
	case under:
		return fmt.Errorf("%s refers to itself, through others", id)
	}
	w.state[id] = under
	slices.Sort(w.needs[id])
	for _, other := range w.needs[id] {
		if err := w.visit(other); err != nil {
			return err
		}
	}
	w.state[id] = done
	w.ordered = append(w.ordered, w.template.Resources[id])
	return nil
}
