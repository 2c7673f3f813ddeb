package mapping

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// expressions are an update in DynamoDB's language. Every attribute goes by a placeholder, because many plain words are
// reserved.
type expressions struct {
	update    string
	condition *string
	names     map[string]string
	values    map[string]types.AttributeValue
}

func (e *expressions) name(attr string) string {
	placeholder := "#" + attr
	e.names[placeholder] = attr
	return placeholder
}

func (e *expressions) value(n int64) string {
	placeholder := fmt.Sprintf(":v%d", len(e.values))
	e.values[placeholder] = numberValue(n)
	return placeholder
}

func (u update) expressions() expressions {
	e := expressions{names: map[string]string{}, values: map[string]types.AttributeValue{}}
	var sets, conditions []string
	for _, attr := range sortedKeys(u.set) {
		sets = append(sets, e.name(attr)+" = "+e.value(u.set[attr]))
	}
	for _, attr := range sortedKeys(u.add) {
		sets = append(sets, e.name(attr)+" = "+e.name(attr)+" + "+e.value(u.add[attr]))
	}
	for _, c := range u.when {
		conditions = append(conditions, c.expression(&e))
	}
	e.update = "SET " + strings.Join(sets, ", ")
	if len(conditions) > 0 {
		all := strings.Join(conditions, " AND ")
		e.condition = &all
	}
	return e
}

func (c condition) expression(e *expressions) string {
	name := e.name(c.attr)
	switch c.op {
	case equals:
		return name + " = " + e.value(c.n)
	case atLeast:
		return name + " >= " + e.value(c.n)
	case atMost:
		return name + " <= " + e.value(c.n)
	case absent:
		return "attribute_not_exists(" + name + ")"
	default:
		return "(attribute_not_exists(" + name + ") OR " + name + " < " + e.value(c.n) + ")"
	}
}
