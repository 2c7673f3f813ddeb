package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// pseudo begins the names of the parameters that CloudFormation gives by itself.
const pseudo = "AWS::"

// Values are what references stand for.
type Values struct {
	// Pseudo parameters: AWS::Region and so on.
	Pseudo map[string]string
	// Made are the resources that were made, by logical id.
	Made map[string]Made
	// Parameters of the template.
	Parameters map[string]string
}

// Made is what the rest of the template may know of a resource: what Ref gives, and its attributes for Fn::GetAtt.
type Made struct {
	Ref        string
	Attributes map[string]string
}

// Pseudo gives the pseudo parameters of a stack.
func Pseudo(stack, region, account string) map[string]string {
	return map[string]string{
		"AWS::StackName": stack, "AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackId": "arn:aws:cloudformation:" + region + ":" + account + ":stack/" + stack + "/local",
	}
}

// Resolve replaces every intrinsic function in v by what it stands for: Ref, Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select,
// Fn::Split. Another function, and a reference to what is not there, is an error that says where it stands.
func (v Values) Resolve(value any) (any, error) { return v.resolve("", value) }

func (v Values) resolve(at string, value any) (any, error) {
	switch x := value.(type) {
	case []any:
		list := make([]any, len(x))
		for i, item := range x {
			r, err := v.resolve(fmt.Sprintf("%s[%d]", at, i), item)
			if err != nil {
				return nil, err
			}
			list[i] = r
		}
		return list, nil
	case map[string]any:
		if name, argument, ok := function(x); ok {
			r, err := v.call(at, name, argument)
			if err != nil {
				return nil, err
			}
			return r, nil
		}
		return v.object(at, x)
	default:
		return value, nil
	}
}

func (v Values) object(at string, x map[string]any) (any, error) {
	object := make(map[string]any, len(x))
	for _, key := range slices.Sorted(maps.Keys(x)) {
		if strings.HasPrefix(key, "Fn::") {
			return nil, fmt.Errorf("%s: %s stands beside other keys", at, key)
		}
		r, err := v.resolve(strings.TrimPrefix(at+"."+key, "."), x[key])
		if err != nil {
			return nil, err
		}
		object[key] = r
	}
	return object, nil
}

// function tells an intrinsic function from an object: it is the only key.
func function(x map[string]any) (name string, argument any, ok bool) {
	if len(x) != 1 {
		return "", nil, false
	}
	for key, value := range x {
		if key == "Ref" || key == "Condition" && isText(value) || strings.HasPrefix(key, "Fn::") {
			return key, value, true
		}
	}
	return "", nil, false
}

func isText(v any) bool { _, ok := v.(string); return ok }

func (v Values) call(at, name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return v.ref(at, argument)
	case "Fn::GetAtt":
		return v.attribute(at, argument)
	case "Fn::Join":
		return v.join(at, argument)
	case "Fn::Sub":
		return v.sub(at, argument)
	case "Fn::Select":
		return v.pick(at, argument)
	case "Fn::Split":
		return v.split(at, argument)
	default:
		return nil, fmt.Errorf("%s: the function %s is not known here", at, name)
	}
}

func (v Values) ref(at string, argument any) (string, error) {
	name, ok := argument.(string)
	if !ok {
		return "", fmt.Errorf("%s: Ref of %v", at, argument)
	}
	if value, there := v.Pseudo[name]; there {
		return value, nil
	}
	if value, there := v.Parameters[name]; there {
		return value, nil
	}
	if made, there := v.Made[name]; there {
		return made.Ref, nil
	}
	return "", fmt.Errorf("%s: Ref of %s, which is not there", at, name)
}

// attribute takes ["Resource","Attribute"] and "Resource.Attribute".
func (v Values) attribute(at string, argument any) (string, error) {
	id, name := "", ""
	switch x := argument.(type) {
	case string:
		id, name, _ = strings.Cut(x, ".")
	case []any:
		if len(x) == 2 {
			id, _ = x[0].(string)
			name, _ = x[1].(string)
		}
	}
	made, there := v.Made[id]
	if !there {
		return "", fmt.Errorf("%s: Fn::GetAtt of %v: there is no such resource", at, argument)
	}
	value, there := made.Attributes[name]
	if !there {
		return "", fmt.Errorf("%s: Fn::GetAtt of %v: the attribute is not known here", at, argument)
	}
	return value, nil
}

func (v Values) join(at string, argument any) (string, error) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return "", fmt.Errorf("%s: Fn::Join takes a delimiter and a list", at)
	}
	delimiter, ok := pair[0].(string)
	if !ok {
		return "", fmt.Errorf("%s: the delimiter of Fn::Join is no text", at)
	}
	parts, err := v.list(at, "Fn::Join", pair[1])
	return strings.Join(parts, delimiter), err
}

func (v Values) list(at, name string, argument any) ([]string, error) {
	resolved, err := v.resolve(at, argument)
	if err != nil {
		return nil, err
	}
	items, ok := resolved.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: %s takes a list", at, name)
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if parts[i], ok = scalar(item); !ok {
			return nil, fmt.Errorf("%s: %s of something that is no text: %v", at, name, item)
		}
	}
	return parts, nil
}

var hole = regexp.MustCompile(`\$\{([^}]*)\}`)

func (v Values) sub(at string, argument any) (string, error) {
	text, own := "", map[string]any{}
	switch x := argument.(type) {
	case string:
		text = x
	case []any:
		if len(x) == 2 {
			text, _ = x[0].(string)
			own, _ = x[1].(map[string]any)
		}
	}
	if text == "" {
		return "", fmt.Errorf("%s: Fn::Sub takes a text, or a text and an object", at)
	}
	var failed error
	result := hole.ReplaceAllStringFunc(text, func(found string) string {
		value, err := v.fill(at, found[2:len(found)-1], own)
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return result, failed
}

// fill gives what stands for ${name} in a text.
func (v Values) fill(at, name string, own map[string]any) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if value, there := own[name]; there {
		resolved, err := v.resolve(at, value)
		if err != nil {
			return "", err
		}
		text, ok := scalar(resolved)
		if !ok {
			return "", fmt.Errorf("%s: ${%s} in Fn::Sub is no text", at, name)
		}
		return text, nil
	}
	if strings.Contains(name, ".") {
		return v.attribute(at, name)
	}
	return v.ref(at, name)
}

func (v Values) pick(at string, argument any) (string, error) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return "", fmt.Errorf("%s: Fn::Select takes an index and a list", at)
	}
	text, ok := scalar(pair[0])
	if !ok {
		return "", fmt.Errorf("%s: the index of Fn::Select is no number", at)
	}
	items, err := v.list(at, "Fn::Select", pair[1])
	if err != nil {
		return "", err
	}
	for i := range items {
		if fmt.Sprint(i) == text {
			return items[i], nil
		}
	}
	return "", fmt.Errorf("%s: Fn::Select has no item %s of %d", at, text, len(items))
}

func (v Values) split(at string, argument any) (any, error) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return nil, fmt.Errorf("%s: Fn::Split takes a delimiter and a text", at)
	}
	resolved, err := v.resolve(at, pair[1])
	if err != nil {
		return nil, err
	}
	delimiter, ok := pair[0].(string)
	text, isText := resolved.(string)
	if !ok || !isText || delimiter == "" {
		return nil, fmt.Errorf("%s: Fn::Split takes a delimiter and a text", at)
	}
	var items []any
	for _, part := range strings.Split(text, delimiter) {
		items = append(items, part)
	}
	return items, nil
}

// scalar gives a text, a number or a truth value as CloudFormation would write it.
func scalar(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case nil, map[string]any, []any:
		return "", false
	default:
		return fmt.Sprint(x), true
	}
}

// references lists the logical ids that a value refers to.
func references(value any) []string {
	switch x := value.(type) {
	case []any:
		var all []string
		for _, item := range x {
			all = append(all, references(item)...)
		}
		return all
	case map[string]any:
		if name, argument, ok := function(x); ok {
			return referred(name, argument)
		}
		var all []string
		for _, item := range x {
			all = append(all, references(item)...)
		}
		return all
	default:
		return nil
	}
}

func referred(name string, argument any) []string {
	switch name {
	case "Ref":
		if id, ok := argument.(string); ok {
			return []string{id}
		}
	case "Fn::GetAtt":
		switch x := argument.(type) {
		case string:
			id, _, _ := strings.Cut(x, ".")
			return []string{id}
		case []any:
			if len(x) > 0 && isText(x[0]) {
				return []string{x[0].(string)}
			}
		}
	case "Fn::Sub":
		return substituted(argument)
	}
	return references(argument)
}

// substituted lists what the holes of a text refer to.
func substituted(argument any) []string {
	text, own := argument, map[string]any{}
	if pair, ok := argument.([]any); ok && len(pair) == 2 {
		text = pair[0]
		own, _ = pair[1].(map[string]any)
	}
	all := references(own)
	s, _ := text.(string)
	for _, found := range hole.FindAllStringSubmatch(s, -1) {
		id, _, _ := strings.Cut(found[1], ".")
		if _, given := own[found[1]]; !given && !strings.HasPrefix(id, "!") {
			all = append(all, id)
		}
	}
	return all
}
